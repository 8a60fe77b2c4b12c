"""What each command found or did: a frozen dataclass, how it is computed, and how people see it."""
