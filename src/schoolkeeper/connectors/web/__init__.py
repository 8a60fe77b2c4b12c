"""Reaching a web application."""
