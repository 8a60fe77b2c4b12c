"""When? The tasks of a cadence in their order, asked for together and followed to their outcomes."""
