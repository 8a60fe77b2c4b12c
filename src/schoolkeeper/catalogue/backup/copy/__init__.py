"""The sets of one store, copied to the others."""
