"""What saving, restoring and comparing a database looks like, whichever product it is."""
