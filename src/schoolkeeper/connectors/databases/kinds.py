"""Which component kinds are databases."""

DATABASE_KINDS = frozenset({"postgres", "mariadb", "sqlite"})
# What a Spec declares that is content with a database of any product.
ANY_DATABASE = "|".join(sorted(DATABASE_KINDS))
