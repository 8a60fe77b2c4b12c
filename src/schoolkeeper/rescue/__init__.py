"""Carrying out a task while Schoolkeeper's own database is down: a definition file, a store and a terminal."""
