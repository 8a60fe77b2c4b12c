"""Replacing a PostgreSQL database: restored beside the old one, then both change names."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import psycopg

from schoolkeeper.connectors.databases.contents import DatabaseContents
from schoolkeeper.connectors.databases.fault import Fault
from schoolkeeper.connectors.databases.protocol import QueryFailed
from schoolkeeper.connectors.databases.replacement import Aside, Pair, Restored, Target, Why
from schoolkeeper.connectors.postgres import tools
from schoolkeeper.connectors.postgres.administration import Administration
from schoolkeeper.connectors.postgres.scratch import observe
from schoolkeeper.connectors.postgres.settling import settle
from schoolkeeper.connectors.postgres.snapshot import snapshot
from schoolkeeper.connectors.postgres.swapping import TAG_LENGTH, DatabaseSwap, quoted
from schoolkeeper.connectors.postgres.target import DatabaseTarget, look_at_target
from schoolkeeper.kernel.errors import Permanent
from schoolkeeper.kernel.failpoints import failpoint

JOBS = 2
RESTORE = ("--exit-on-error", f"--jobs={JOBS}", "--no-tablespaces", "--no-subscriptions")


class PostgresReplacement:
    """See `databases.replacement.Replacement`. A database is told from every other one by its object id."""

    complete_beside = True

    def __init__(self, administration: Administration, tag: str) -> None:
        self._administration = administration
        self._swap = DatabaseSwap(administration, tag)
        self.database = self._swap.database
        self.before = self._swap.before

    def look(self, contents: DatabaseContents) -> Target:
        return look_at_target(self._administration, contents)

    def restore(
        self, dump: AbstractContextManager[Path], contents: DatabaseContents, dumped_by: str, target: Target
    ) -> Restored:
        assert isinstance(target, DatabaseTarget)
        swap, administration = self._swap, self._administration
        made = swap.create_roles(contents.roles)
        faults = swap.create(contents.source)
        failpoint("recover.system.database_made")
        major = max(contents.source.server_major, int(dumped_by.removeprefix("pg_dump ").partition(".")[0]))
        with dump as path:
            failpoint("recover.system.dump_fetched")
            _load(administration.address(swap.restored), major, path)
        with administration.working(swap.restored) as connection:
            connection.execute("ANALYZE")
        swap.dress(target.owner or target.login)
        with administration.working() as connection:
            by_hand = settle(connection, swap.restored, contents.settings)
        roles = sorted({*made, *(name for name in target.absent_roles if name in contents.roles)})
        oid = swap.oid(swap.restored)
        if oid is None:
            raise Permanent(f"somebody has removed {swap.restored}")
        return Restored(str(oid), roles, [*faults, *map(_by_hand, by_hand), *_in_no_set(target)])

    def observe(self, contents: DatabaseContents) -> Pair:
        return contents, observe(self._administration.address(self._swap.restored))

    def rows(self, query: str) -> list[dict[str, Any]]:
        options = {"default_transaction_read_only": "on"}
        try:
            with self._administration.into(self._swap.restored, **options) as connection:
                return connection.execute(query.encode()).fetchall()
        except psycopg.Error as error:
            raise QueryFailed(type(error).__name__) from error

    def neutralise(self, statements: Sequence[str]) -> None:
        """All of the statements, or none."""
        with self._administration.working(self._swap.restored) as connection, connection.transaction():
            connection.execute("SET LOCAL default_transaction_read_only = off")
            for statement in statements:
                connection.execute(statement.encode())

    def swap(self, restored_id: str, target: Target) -> None:
        assert isinstance(target, DatabaseTarget)
        if self._swap.oid(self.database) not in (int(restored_id), target.oid):
            raise Permanent(f"{self.database} is another database than when this began: somebody else is at it")
        self._swap.swap(int(restored_id))

    def observe_in_place(self, contents: DatabaseContents) -> Pair:
        return contents, observe(self._administration.address(self.database))

    def settle(self) -> list[Fault]:
        return []

    def open(self, target: Target) -> list[Fault]:
        self._swap.open()
        return []

    def swap_back(self, restored_id: str | None, target: Target) -> None:
        assert isinstance(target, DatabaseTarget)
        oid = int(restored_id) if restored_id is not None else None
        self._swap.swap_back(oid, target.oid, target.allows_connections)

    def discard(self, absent_roles: Sequence[str], *, keeps: bool) -> None:
        if keeps:
            self._swap.keep()
        else:
            self._swap.drop()
        self._swap.drop_roles(list(absent_roles))

    def is_in_place(self, restored_id: str) -> bool:
        return self._swap.oid(self.database) == int(restored_id)

    def is_open(self) -> bool:
        return self._swap.is_open()

    def schema(self, contents: DatabaseContents) -> Pair:
        administration = self._administration
        with snapshot(administration.name, administration.address(self.database)) as view:
            return contents, contents.model_copy(update={"objects": view.objects(), "settings": view.settings()})

    def aside(self) -> list[Aside]:
        swap = self._swap
        return [
            Aside(
                name=name,
                why=_why(swap, name),
                size_bytes=swap.size_bytes(name),
                removing=f"DROP DATABASE {quoted(name)}",
            )
            for name in swap.aside()
        ]


def _why(swap: DatabaseSwap, name: str) -> Why:
    start = name[:-TAG_LENGTH]
    if start == swap.before[:-TAG_LENGTH]:
        return "replaced"
    return "abandoned" if start == swap.restored[:-TAG_LENGTH] else "undone"


def _load(address: str, major: int, dump: Path) -> None:
    if said := tools.run(address, tools.for_dump(major), "pg_restore", [*RESTORE, str(dump)]):
        lines = [line for line in said.splitlines() if "error:" in line and "COPY" not in line]
        raise Permanent(f"pg_restore gave up: {' '.join(lines) or 'it ended with an error'}")


def _by_hand(fault: Fault) -> Fault:
    found = "not set by itself: it changes who sessions are, or loads a library, or was refused"
    return fault.model_copy(update={"code": "by_hand", "found": found, "level": "warning"})


def _in_no_set(target: DatabaseTarget) -> Iterator[Fault]:
    """What belongs to a database and is in no dump of it, and could not be taken over from the old one either."""
    if target.oid is None:
        subject, found = (
            f"privileges on the database {target.database}",
            "lost with the old one; everybody may connect",
        )
        yield Fault(code="by_hand", subject=subject, found=found, level="warning")
    if target.subscriptions:
        subject, found = f"subscriptions of {target.database}", "not made anew: they stay with the old database"
        yield Fault(code="by_hand", subject=subject, found=found, level="warning")
