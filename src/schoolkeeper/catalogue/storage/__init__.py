"""Care of storage."""
