"""What `recover.point_in_time` sees, and what it writes down about itself between its steps."""

from datetime import datetime
from typing import ClassVar, Literal

from pydantic import Field

from schoolkeeper.connectors.databases.fault import Fault
from schoolkeeper.connectors.postgres.target import DatabaseTarget
from schoolkeeper.connectors.space import Space
from schoolkeeper.kernel.facts import Facts, Options

Into = Literal["beside", "swap"]


class PointOptions(Options):
    confirm: str = Field("", description="The slug of the system, typed by hand")
    before_time: str = Field(
        "", description="To just before this time; ISO 8601, without a zone a clock at the system's"
    )
    before_transaction: str = Field("", description="To just before the commit of the transaction of this number")
    restore_point: str = Field("", description="To the restore point of this name")
    latest: bool = Field(False, description="To the end of all that was archived")
    into: Into = Field(
        "beside",
        description="beside: under another name, to look into and take rows from; swap: in the live one's place",
    )
    engine: str = Field(
        "", description="The component of pgBackRest or Barman; empty: the one that the store names"
    )
    copy_id: str = Field("", description="The copy to begin with; empty: the newest one from before the moment")
    store: str = Field("backups", description="The store whose definition names the engine")


class Asked(Facts):
    """The moment that was asked for, in one of four ways. `time` is the time itself, or when the transaction was
    committed, or what a restore point came after; None for all there is. `zone_assumed` is the zone that a time
    without one was taken in. `fault` says what is wrong with it."""

    what: Literal["", "time", "transaction", "restore point", "latest"] = ""
    name: str = ""
    time: datetime | None = None
    zone_assumed: str = ""
    fault: str = ""
    hint: str = ""


class ChosenCopy(Facts):
    """The copy that the recovery begins with, and of which server it is."""

    id: str
    completed_at: datetime
    system_identifier: str


class TableDifference(Facts):
    """A table that is not now what it was then; None where there is no such table. The same number of rows means
    that their content differs."""

    table: str
    rows: int | None
    rows_now: int | None


class LaterWork(Facts):
    """What was committed after the moment, in rows; of the archived log, and all of that if `complete`."""

    transactions: int
    inserted: int
    updated: int
    deleted: int
    complete: bool


class Recovered(Facts):
    """The copy as it was recovered on a scratch server: so what a person approves is what was seen.

    `contents_sha256` is of all tables, objects, sequences, roles and settings. `ended_at` is the commit of the
    last transaction in it, None when nothing was replayed; from the place `lsn` of the log on nothing was.
    `broken` are assertions of the profile, with the rows that break them (-1: the query failed). `differs` and
    `later` change while people work on; they are None when nobody could tell.
    """

    volatile: ClassVar[frozenset[str]] = frozenset({"differs", "later"})

    contents_sha256: str
    system_identifier: str | None
    ended_at: datetime | None
    lsn: int
    tables: int
    rows: int
    broken: dict[str, int]
    differs: list[TableDifference] | None = None
    later: LaterWork | None = None


class Live(Facts):
    """What the server says after the recovery, whatever its steps said."""

    in_place: bool
    is_open: bool


class Left(Facts):
    """A database that a recovery put aside or beside."""

    volatile: ClassVar[frozenset[str]] = frozenset({"size_bytes"})

    name: str
    size_bytes: int | None


class Record(Facts):
    """What a run wrote down: how things were at first, then how far it came."""

    tag: str
    started_at: datetime
    into: Into
    name: str
    engine: str
    chosen: ChosenCopy
    asked: Asked
    database: DatabaseTarget
    recovered: Recovered
    maintenance_was_on: bool
    restored_oid: int | None = None
    is_compared: bool = False
    faults: list[Fault] = Field(default_factory=list)
    roles_made: list[str] = Field(default_factory=list)
    concluded_at: datetime | None = None


class PointFacts(Facts):
    """`engine_fault` says why there is no engine. `copies` are the completion times of all usable copies, oldest
    first, and `archive_of` is the server that the newest is of. `unreached` is why the recovery on the scratch
    server failed. `server_bytes` is the size of all databases of the live server, `database_bytes` that of the
    one; None where nobody could see it.
    """

    volatile: ClassVar[frozenset[str]] = frozenset(
        {"tag", "now", "workspace", "server_bytes", "database_bytes", "copies", "archived_until"}
    )

    tag: str
    now: datetime
    system: str
    timezone: str
    engine: str
    engine_fault: str
    asked: Asked
    archived_until: datetime | None
    copies: list[datetime]
    archive_of: str
    chosen: ChosenCopy | None
    database: DatabaseTarget
    tablespaces: list[str]
    server_bytes: int | None
    database_bytes: int | None
    workspace: Space | None
    maintenance: bool
    unreached: str = ""
    recovered: Recovered | None = None
    left: list[Left] = Field(default_factory=list)
    record: Record | None = None
    live: Live | None = None

    @property
    def is_concluded(self) -> bool:
        return self.record is not None and self.record.concluded_at is not None
