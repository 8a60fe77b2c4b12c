"""Recovering: single rows, files, or all of it, from a backup set."""
