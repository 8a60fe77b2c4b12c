"""Reaching a PostgreSQL database."""
