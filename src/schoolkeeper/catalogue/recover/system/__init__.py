"""Recovery of a whole ERP from a set."""
