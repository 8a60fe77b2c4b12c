"""What `health.database` sees. Field names are the column names of the queries."""

from datetime import datetime
from typing import ClassVar

from schoolkeeper.kernel.facts import Facts

# PostgreSQL keeps transaction numbers in 32 bits and compares them in a circle: half of them lie ahead.
NUMBERS_UNTIL_WRAPAROUND = 2**31


class Server(Facts):
    """`sees_all`: this role may see what others' sessions do (pg_monitor or pg_read_all_stats)."""

    volatile: ClassVar[frozenset[str]] = frozenset({"size_bytes", "connections_used"})
    version: str
    is_standby: bool
    sees_all: bool
    size_bytes: int
    connections_limit: int
    connections_reserved: int
    connections_used: int

    @property
    def connections_usable(self) -> int:
        return max(self.connections_limit - self.connections_reserved, 1)

    @property
    def connections_percent(self) -> float:
        return 100 * self.connections_used / self.connections_usable


class Counters(Facts):
    """Totals of the database since `since`; None: since it was made or its server last crashed."""

    blocks_from_cache: int
    blocks_from_disk: int
    commits: int
    rollbacks: int
    deadlocks: int
    temporary_files: int
    temporary_bytes: int
    checksum_failures: int | None
    since: datetime | None

    @property
    def blocks(self) -> int:
        return self.blocks_from_cache + self.blocks_from_disk

    @property
    def transactions(self) -> int:
        return self.commits + self.rollbacks

    @property
    def cache_hit_percent(self) -> float:
        return 100 * self.blocks_from_cache / max(self.blocks, 1)

    @property
    def rollback_percent(self) -> float:
        return 100 * self.rollbacks / max(self.transactions, 1)


class Session(Facts):
    """Another session with an open transaction. `state` is None where we may not see into it.

    `statement` is the current or last one, without its values.
    """

    pid: int
    role: str
    application: str
    state: str | None
    transaction_seconds: float
    statement_seconds: float
    state_seconds: float
    statement_started_at: datetime | None
    statement: str

    @property
    def is_idle(self) -> bool:
        return (self.state or "").startswith("idle in transaction")

    @property
    def who(self) -> str:
        return self.application or self.role


class Blocked(Facts):
    """A session that waits for a lock, and one of those that it waits for (pid 0: a prepared transaction)."""

    waiting_pid: int
    waiting_role: str
    waiting_application: str
    waiting_seconds: float
    waiting_statement_started_at: datetime | None
    waiting_statement: str
    lock_mode: str
    lock_target: str
    blocking_pid: int
    blocking_role: str
    blocking_application: str
    blocking_state: str
    blocking_transaction_seconds: float
    blocking_statement_started_at: datetime | None
    blocking_statement: str

    @property
    def blocker(self) -> str:
        return self.blocking_application or self.blocking_role or "a prepared transaction"

    @property
    def waiter(self) -> str:
        return self.waiting_application or self.waiting_role


class Prepared(Facts):
    name: str
    role: str
    age_seconds: float


class Age(Facts):
    """How many transaction and multixact numbers ago a database was last frozen as a whole."""

    name: str
    transaction_age: int
    multixact_age: int

    @property
    def transaction_percent(self) -> float:
        return 100 * self.transaction_age / NUMBERS_UNTIL_WRAPAROUND

    @property
    def multixact_percent(self) -> float:
        return 100 * self.multixact_age / NUMBERS_UNTIL_WRAPAROUND


class Standby(Facts):
    """How this server follows its primary, where it is a standby."""

    is_standby: bool
    is_receiving: bool
    is_paused: bool
    lag_seconds: float | None


class Replica(Facts):
    """A standby that follows this server. None: not known yet, or not for us to see."""

    name: str
    state: str
    lag_seconds: float | None
    lag_bytes: int | None


class Slot(Facts):
    name: str
    is_active: bool
    is_lost: bool
    retained_bytes: int


class Sequence(Facts):
    """`feeds` names a column that takes its numbers; `numbers_left` is None before the first was taken."""

    name: str
    feeds: str
    is_readable: bool
    numbers_left: float | None
    used_percent: float


class InvalidIndex(Facts):
    volatile: ClassVar[frozenset[str]] = frozenset({"size_bytes"})
    name: str
    table_name: str
    is_unique: bool
    size_bytes: int


class TableRows(Facts):
    name: str
    live_rows: int
    dead_rows: int
    last_autovacuum: datetime | None

    @property
    def dead_percent(self) -> float:
        return 100 * self.dead_rows / max(self.live_rows + self.dead_rows, 1)


class DatabaseFacts(Facts):
    """Nearly everything moves while one looks; what stays is the server and its broken indexes."""

    volatile: ClassVar[frozenset[str]] = frozenset(
        {
            "counters",
            "sessions",
            "blocked",
            "prepared",
            "ages",
            "standby",
            "replicas",
            "slots",
            "sequences",
            "tables",
        }
    )
    server: Server
    counters: Counters
    sessions: list[Session]
    blocked: list[Blocked]
    prepared: list[Prepared]
    ages: list[Age]
    standby: Standby
    replicas: list[Replica]
    slots: list[Slot]
    sequences: list[Sequence]
    indexes: list[InvalidIndex]
    tables: list[TableRows]

    @property
    def hidden_sessions(self) -> int:
        return 0 if self.server.sees_all else sum(session.state is None for session in self.sessions)
