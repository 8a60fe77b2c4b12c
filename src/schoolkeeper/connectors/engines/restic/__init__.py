"""restic: deduplicating, encrypted snapshots of dumps and folders."""
