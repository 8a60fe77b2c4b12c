"""pgBackRest: physical backups of a PostgreSQL server with its write-ahead log."""
