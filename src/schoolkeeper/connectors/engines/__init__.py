"""Backup tools of others that take or keep copies for us. One folder per tool."""
