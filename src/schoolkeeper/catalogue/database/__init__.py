"""Care of databases."""
