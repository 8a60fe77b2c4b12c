"""New and rising errors in the logs."""
