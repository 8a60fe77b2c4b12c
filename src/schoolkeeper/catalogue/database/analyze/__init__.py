"""Statistics update where they are stale."""
