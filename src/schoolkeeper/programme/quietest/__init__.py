"""When changes disturb least: from counted activity to a proposal, and from a proposal to windows."""
