"""Reaching log files."""
