"""Expired rows and stale files."""
