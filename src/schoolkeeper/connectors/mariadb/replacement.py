"""Replacing a MariaDB database; how, and why so: docs/decisions/0014-a-database-without-a-new-name.md."""

import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pymysql

from schoolkeeper.connectors.databases.contents import DatabaseContents, Setting
from schoolkeeper.connectors.databases.fault import Fault
from schoolkeeper.connectors.databases.protocol import QueryFailed
from schoolkeeper.connectors.databases.replacement import Aside, Pair, Restored, Target, Why
from schoolkeeper.connectors.files.swapping import TAG
from schoolkeeper.connectors.mariadb import accounts, doors, inspecting, loading, moving, privileges
from schoolkeeper.connectors.mariadb.address import Address
from schoolkeeper.connectors.mariadb.administration import Administration
from schoolkeeper.connectors.mariadb.exchange import Exchange, id_of, ids_in
from schoolkeeper.connectors.mariadb.memory import Memory, Notebook
from schoolkeeper.connectors.mariadb.session import MariadbConnection, number_of, query, quoted
from schoolkeeper.connectors.mariadb.target import MariadbTarget, look_at_target, table_ids, tables_of
from schoolkeeper.kernel.errors import Permanent
from schoolkeeper.kernel.failpoints import failpoint

# A run that was taken back after it had been opened may be repeated, and taken back again.
UNDONE = ("undone", *(f"undone{number}" for number in range(2, 10)))
SIZES = """
SELECT s.schema_name AS name, CAST(COALESCE(SUM(t.data_length + t.index_length), 0) AS UNSIGNED) AS size_bytes
  FROM information_schema.schemata AS s LEFT JOIN information_schema.tables AS t ON t.table_schema = s.schema_name
 GROUP BY 1 ORDER BY 1
"""


class MariadbReplacement:
    """See `databases.replacement.Replacement`. A database is told from every other one by the server's numbers of
    its InnoDB tables, which a renaming does not change."""

    complete_beside = False

    def __init__(self, administration: Administration, tag: str, keep: Path) -> None:
        self._administration = administration
        self._notebook = Notebook(keep)
        self._tag = tag
        self.database = administration.database
        self.restored = moving.beside(self.database, "restored", tag)
        self.before = moving.beside(self.database, "before", tag)
        self._exchange = Exchange(administration, self._notebook, self.restored, self.before)

    def look(self, contents: DatabaseContents) -> Target:
        return look_at_target(self._administration, contents)

    # The restored one

    def restore(
        self, dump: AbstractContextManager[Path], contents: DatabaseContents, dumped_by: str, target: Target
    ) -> Restored:
        assert isinstance(target, MariadbTarget)
        source = contents.source
        with self._administration.working() as connection:
            query(connection, f"DROP DATABASE IF EXISTS {quoted(self.restored)}")
            moving.create_database(connection, self.restored, source.encoding, source.collate)
            accounts.create_locked(connection, target.absent_roles)
        failpoint("recover.system.database_made")
        address = self._administration.address(self.restored)
        live = self._live if target.exists else self._administration.address("")
        memory = self._remember(contents, target, inspecting.grants(live))
        with dump as path:
            failpoint("recover.system.dump_fetched")
            with self._administration.working() as connection:
                self._place_sequences(connection, memory)
            loading.load_tables(address, path, contents, dumped_by, self._notebook.folder)
            failpoint("recover.system.tables_loaded")
        with self._administration.working() as connection:
            self._remove_sequences(connection, memory)
            faults = [*inspecting.by_hand(live, contents, target.absent_roles), *self._not_kept_out(connection)]
            if not target.exists and contents.objects.get("routine"):
                found = "lost with the old database; no set knows them"
                faults.append(
                    Fault(code="by_hand", subject="privileges on routines", found=found, level="warning")
                )
            return Restored(id_of(connection, self.restored), target.absent_roles, faults)

    def _remember(self, contents: DatabaseContents, target: MariadbTarget, now: list[Setting]) -> Memory:
        source = contents.source
        return self._notebook.write(
            Memory(
                encoding=source.encoding,
                collate=source.collate,
                taken_at_seconds=contents.taken_at.timestamp(),
                events=contents.objects.get("event", {}),
                missing_grants=privileges.missing(contents.settings, now, source.database, self.database),
                placeholders=target.absent_sequences,
                made_accounts=target.absent_roles,
                made_database=not target.exists and bool(target.absent_sequences),
            )
        )

    def _place_sequences(self, connection: MariadbConnection, memory: Memory) -> None:
        if memory.made_database:
            moving.create_database(connection, self.database, memory.encoding, memory.collate)
        for name in memory.placeholders:
            query(connection, f"CREATE SEQUENCE IF NOT EXISTS {quoted(self.database)}.{quoted(name)}")

    def _remove_sequences(self, connection: MariadbConnection, memory: Memory) -> None:
        for name in memory.placeholders:
            query(connection, f"DROP SEQUENCE IF EXISTS {quoted(self.database)}.{quoted(name)}")
        if memory.made_database:
            query(connection, f"DROP DATABASE IF EXISTS {quoted(self.database)}")
        self._notebook.write(memory.model_copy(update={"placeholders": [], "made_database": False}))

    @property
    def _live(self) -> Address:
        return self._administration.address(self.database)

    def _not_kept_out(self, connection: MariadbConnection) -> list[Fault]:
        users = doors.users_of(connection, self.database)
        names = list(users.elsewhere)
        if self._administration.login not in {accounts.Account.of(one).user for one in [*users.lockable, *names]}:
            names.append(self._administration.login)
        found = "it could not be locked, because more than this database depends on it"
        return [Fault(code="let_in", subject=name, found=found, level="warning") for name in names]

    def observe(self, contents: DatabaseContents) -> Pair:
        found = inspecting.observe(self._administration.address(self.restored), contents)
        return inspecting.tables_only(contents), inspecting.tables_only(found)

    def rows(self, query: str) -> list[dict[str, Any]]:
        """Asked in its place, where the views and functions are that a query may need."""
        try:
            with self._administration.working(self.database) as connection, connection.cursor() as cursor:
                cursor.execute("START TRANSACTION READ ONLY")
                cursor.execute(query)
                return list(cursor.fetchall())
        except Permanent as error:
            number = number_of(error.__cause__) if isinstance(error.__cause__, pymysql.Error) else 0
            raise QueryFailed(f"error {number}") from error

    def neutralise(self, statements: Sequence[str]) -> None:
        """All of the statements, or none, as far as the tables are transactional."""
        with self._administration.working(self.restored) as connection:
            connection.begin()
            for statement in statements:
                query(connection, statement)
            connection.commit()
        self._notebook.write(self._notebook.remembered().model_copy(update={"is_neutralised": True}))

    def discard(self, absent_roles: Sequence[str], *, keeps: bool) -> None:
        memory = self._notebook.read()
        with self._administration.working() as connection:
            there = set(moving.tables(connection, self.restored))
            # Accounts that cannot be locked get in before the opening too, and what they made went along.
            made_by_others = memory is not None and memory.new_tables is not None and there - {*memory.new_tables}
            if there and (keeps or made_by_others):
                self._put_aside(connection)
            query(connection, f"DROP DATABASE IF EXISTS {quoted(self.restored)}")
            if memory is not None:
                self._remove_sequences(connection, memory)
            for one in absent_roles:
                accounts.drop(connection, one)
        self._notebook.forget()
        for name in loading.KEPT.values():
            (self._notebook.folder / name).unlink(missing_ok=True)

    def _put_aside(self, connection: MariadbConnection) -> None:
        """A database keeps its name, so its tables go into another one."""
        names = (moving.beside(self.database, word, self._tag) for word in UNDONE)
        aside = next((one for one in names if not moving.exists(connection, one)), None)
        if aside is None:
            raise Permanent(
                f"too many databases like {moving.beside(self.database, UNDONE[-1], self._tag)} lie aside"
            )
        memory = self._notebook.remembered()
        moving.create_database(connection, aside, memory.encoding, memory.collate)
        everything = tables_of(connection, self.restored)
        moving.move(connection, [(name, self.restored, aside) for name in everything])

    # Changing places

    def swap(self, restored_id: str, target: Target) -> None:
        assert isinstance(target, MariadbTarget)
        self._exchange.swap(restored_id, target)

    def observe_in_place(self, contents: DatabaseContents) -> Pair:
        found = inspecting.observe(self._live, contents)
        return inspecting.without_events(contents), inspecting.without_events(found)

    def settle(self) -> list[Fault]:
        return self._exchange.settle()

    def open(self, target: Target) -> list[Fault]:
        self._exchange.open()
        return []

    def swap_back(self, restored_id: str | None, target: Target) -> None:
        assert isinstance(target, MariadbTarget)
        self._exchange.swap_back(restored_id, target)

    def is_in_place(self, restored_id: str) -> bool:
        with self._administration.working() as connection:
            wanted = ids_in(restored_id)
            if wanted:
                return bool(wanted & set(table_ids(connection, self.database)))
            return not moving.tables(connection, self.restored)

    def is_open(self) -> bool:
        return self._exchange.is_open()

    def schema(self, contents: DatabaseContents) -> Pair:
        memory = self._notebook.read()
        found = inspecting.objects(self._live, contents)
        if memory is not None and memory.is_neutralised:
            return inspecting.without_events(contents), inspecting.without_events(found)
        return contents, found

    def aside(self) -> list[Aside]:
        """The whole name counts: somebody else's may be called `erp_before_something`."""
        words: dict[str, Why] = {"before": "replaced", "restored": "abandoned", **dict.fromkeys(UNDONE, "undone")}
        starts = {moving.beside(self.database, word, self._tag)[: -len(self._tag)]: words[word] for word in words}
        with self._administration.working() as connection:
            rows = query(connection, SIZES)
        return [
            Aside(name, starts[start], int(row["size_bytes"]), f"DROP DATABASE {quoted(name)}")
            for row in rows
            if (name := str(row["name"])) != self.restored
            and (start := name[: -len(self._tag)]) in starts
            and re.fullmatch(TAG, name[-len(self._tag) :])
        ]
