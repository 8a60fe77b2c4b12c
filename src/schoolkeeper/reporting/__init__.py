"""Reports, derived from the records; nothing is typed twice."""
