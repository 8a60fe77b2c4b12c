"""A backup set: database, files and the versions they belong to, as of one moment."""
