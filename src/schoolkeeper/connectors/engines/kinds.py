"""Which component kinds are backup tools of others."""

ENGINE_KINDS = frozenset({"restic", "pgbackrest", "barman"})
