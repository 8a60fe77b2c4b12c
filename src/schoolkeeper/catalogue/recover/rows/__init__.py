"""Bringing deleted or wrongly changed rows back from a backup set, as a plan that a person approves."""
