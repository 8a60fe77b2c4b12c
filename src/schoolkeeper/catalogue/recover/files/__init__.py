"""Recovery of single files and folders from a set."""
