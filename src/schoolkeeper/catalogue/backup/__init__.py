"""Taking backup sets, and proving that they restore."""
