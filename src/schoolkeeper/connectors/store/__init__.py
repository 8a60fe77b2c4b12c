"""Reaching a store of backup sets."""
