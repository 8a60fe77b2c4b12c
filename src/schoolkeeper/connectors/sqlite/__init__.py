"""Reaching an SQLite database."""
