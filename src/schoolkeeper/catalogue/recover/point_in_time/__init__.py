"""Recovery of a database to just before a moment."""
