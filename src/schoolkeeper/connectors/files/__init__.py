"""Reaching a folder of files."""
