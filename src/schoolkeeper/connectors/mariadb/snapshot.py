"""What is to be known of a database, read over one session."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain

import pymysql

from schoolkeeper.connectors.databases.contents import DatabaseSource, Objects, SequencePosition, TableContent
from schoolkeeper.connectors.mariadb import digest, inventory
from schoolkeeper.connectors.mariadb.address import Address
from schoolkeeper.connectors.mariadb.session import MariadbConnection, Row, connect, failure, query, quoted
from schoolkeeper.kernel.errors import Permanent

# Their rows stand elsewhere, so a dump leaves them there (mariadb-dump, `--no-data-med`).
ELSEWHERE = frozenset({"MRG_MYISAM", "MRG_ISAM", "CONNECT", "OQGRAPH", "SPIDER", "VP", "FEDERATED"})
TRANSACTIONAL = frozenset({"INNODB", "ROCKSDB", "TOKUDB", "NDBCLUSTER"})

# A dump carries the history of system-versioned tables from this release on.
HISTORY_SINCE = (10, 11)
IMPLICIT_PERIOD = (digest.Column("row_start", "timestamp", 0), digest.Column("row_end", "timestamp", 0))

SOURCE = """
SELECT DATABASE() AS `database`, VERSION() AS version, default_character_set_name AS encoding,
       default_collation_name AS `collate`
  FROM information_schema.schemata WHERE schema_name = DATABASE()
"""
TABLES = """
SELECT table_name AS name, engine, auto_increment, table_type FROM information_schema.tables
 WHERE table_schema = DATABASE() AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')
 ORDER BY data_length DESC, table_name
"""
COLUMNS = """
SELECT table_name AS `table`, column_name AS name, LOWER(data_type) AS type,
       COALESCE(character_maximum_length, 0) AS characters
  FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position
"""
PERIODS = """
SELECT table_name AS `table`, column_name AS name FROM information_schema.columns
 WHERE table_schema = DATABASE() AND generation_expression IN ('ROW START', 'ROW END')
"""
NOW = "SELECT UTC_TIMESTAMP(6) AS now"


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose rows a dump carries, or the `history` of one that is system-versioned."""

    name: str
    engine: str
    columns: tuple[digest.Column, ...]
    history: bool = False

    @property
    def key(self) -> str:
        """How the contents call it."""
        return f"{self.name} history" if self.history else self.name

    @property
    def is_transactional(self) -> bool:
        """Whether it can be read as of one moment while others write."""
        return self.engine.upper() in TRANSACTIONAL


class View:
    """A session that reads a database. With `hold`, all that its transactional tables say is as of that moment.

    Every method raises Unreachable (or Temporary, after a lock time-out) when the database does not answer.
    """

    def __init__(self, component: str, address: Address) -> None:
        self.component = component
        self._connection: MariadbConnection = connect(component, address, digest.SESSION, patient=True)

    def close(self) -> None:
        self._connection.close()

    def rows(self, statement: str) -> list[Row]:
        try:
            return query(self._connection, statement)
        except pymysql.Error as error:
            raise failure(self.component, error) from error

    def hold(self) -> None:
        """Begin a read-only transaction whose snapshot is taken now."""
        self.rows("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        self.rows("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")

    def now(self) -> datetime:
        """The server's clock."""
        moment: datetime = self.rows(NOW)[0]["now"]
        return moment.replace(tzinfo=UTC)

    def source(self) -> DatabaseSource:
        row = self.rows(SOURCE)[0]
        identity = self.rows("SHOW GLOBAL VARIABLES WHERE Variable_name IN ('server_uid', 'server_uuid')")
        version = str(row["version"]).partition("-")[0]
        return DatabaseSource(
            product="mariadb",
            system_identifier=str(identity[0]["value"]) if identity else None,
            database=row["database"],
            server_version=version,
            server_major=int(version.partition(".")[0]),
            encoding=row["encoding"],
            collate=row["collate"],
            ctype="",
        )

    def tables(self, *, history: bool) -> list[Table]:
        """The largest first, so that they can be shared out evenly; with `history`, that is one of its own."""
        columns: dict[str, list[digest.Column]] = {}
        for row in self.rows(COLUMNS):
            column = digest.Column(row["name"], row["type"], row["characters"])
            columns.setdefault(row["table"], []).append(column)
        periods = {(row["table"], row["name"]) for row in self.rows(PERIODS)}
        found: list[Table] = []
        for row in self.rows(TABLES):
            name, engine, mine = row["name"], row["engine"] or "", columns[row["name"]]
            now = tuple(column for column in mine if (name, column.name) not in periods)
            found.append(Table(name, engine, now))
            if history and row["table_type"] == "SYSTEM VERSIONED":
                hidden = IMPLICIT_PERIOD if len(now) == len(mine) else ()
                found.append(Table(name, engine, (*mine, *hidden), history=True))
        return [table for table in found if table.engine.upper() not in ELSEWHERE]

    def content(self, table: Table) -> TableContent:
        """Row count and digest of one table; raises Permanent when a row is too long for the server to digest."""
        row = self.rows(digest.content_query(table.name, table.columns, history=table.history))[0]
        if row["unread"]:
            raise Permanent(
                f"{self.component}: {row['unread']:,} rows of {table.name} are longer than the server's "
                "max_allowed_packet; raise that setting."
            )
        return TableContent(rows=row["rows"], digest=row["digest"])

    def objects(self) -> Objects:
        """Every object's definition by kind and name: as they are now, because no transaction holds them."""
        try:
            return inventory.objects(self._connection)
        except pymysql.Error as error:
            raise failure(self.component, error) from error

    def sequences(self) -> dict[str, int | None]:
        """The next AUTO_INCREMENT number of each table and the next value of each sequence, as of now."""
        counters = {row["name"]: row["auto_increment"] for row in self.rows(TABLES)}
        found = {name: int(counter) for name, counter in counters.items() if counter is not None}
        for name in (str(row["name"]) for row in self.rows(inventory.SEQUENCES)):
            row = self.rows(f"SELECT next_not_cached_value AS next FROM {quoted(name)}")[0]  # noqa: S608 - quoted
            found[name] = int(row["next"])
        return dict(sorted(found.items()))


def survey(views: Sequence[View], tables: Sequence[Table]) -> dict[str, TableContent]:
    """Row count and digest of every table, over several sessions at once."""

    def work(share: tuple[View, Sequence[Table]]) -> list[tuple[str, TableContent]]:
        view, mine = share
        return [(table.key, view.content(table)) for table in mine]

    # Dealt out in turn from the largest down, each session gets about the same amount.
    shares = [(view, tables[start :: len(views)]) for start, view in enumerate(views)]
    with ThreadPoolExecutor(max_workers=len(views)) as pool:
        return dict(sorted(chain.from_iterable(pool.map(work, shares))))


def positions(earliest: dict[str, int | None], latest: dict[str, int | None]) -> dict[str, SequencePosition]:
    """Where each sequence stood at the beginning and at the end."""
    return {
        name: SequencePosition(earliest=earliest[name], latest=latest[name]) for name in earliest if name in latest
    }
