"""Holding a MariaDB database still while it is dumped, counted and digested."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import Any

from schoolkeeper.connectors.databases.contents import DatabaseContents, DatabaseSource, Objects, TableContent
from schoolkeeper.connectors.mariadb import accounts, binaries, rights, settling
from schoolkeeper.connectors.mariadb.address import parsed
from schoolkeeper.connectors.mariadb.errors import MariadbNotFound
from schoolkeeper.connectors.mariadb.moment import Moment, Tables, begin
from schoolkeeper.connectors.mariadb.notes import not_transactional, notes
from schoolkeeper.connectors.mariadb.snapshot import HISTORY_SINCE, View, positions, survey
from schoolkeeper.connectors.mariadb.tools import Dump
from schoolkeeper.kernel.errors import Permanent, Unreachable

NO_LARGE_OBJECTS = TableContent(rows=0, digest="0")


@dataclass(frozen=True, slots=True)
class Before:
    """What no snapshot holds, as it was before the dump began: `loose` are tables that are not transactional."""

    source: DatabaseSource
    history: bool
    objects: Objects
    sequences: dict[str, int | None]
    loose: Tables


class MariadbSaving:
    """One moment of all transactional tables; everything else is looked at before and after the dump.

    Counting goes on in the background from the beginning, so that it is done with the dump. Whoever reads the
    dump must not pause for longer than the server's `net_write_timeout` (a minute, unless set).
    """

    def __init__(
        self, present: View, before: Before, moment: Moment, tool: str, counting: Future[tuple[Tables, set[str]]]
    ) -> None:
        self.taken_at = moment.taken_at
        self.source = before.source
        self.tool = tool
        self._present = present
        self._before = before
        self._moment = moment
        self._counting = counting

    def rows(self, query: str) -> list[dict[str, Any]]:
        """The rows of one query, as of the moment; asked once the counting no longer needs the session."""
        self._counting.exception()
        return self._moment.view.rows(query)

    def dump(self) -> AbstractContextManager[Dump]:
        """The dump as SQL text; there is one, which can be read once."""
        return self._moment.dump.whole()

    def contents(self) -> DatabaseContents:
        """What changed meanwhile, where it could not be held still, is noted (`notes.moved`)."""
        present, before = self._present, self._before
        tables, moved = self._counting.result()
        objects, sequences = present.objects(), present.sequences()
        loose = [table for table in present.tables(history=before.history) if not table.is_transactional]
        after = survey([present], loose)
        moved |= {name for name in before.loose.keys() | after.keys() if before.loose.get(name) != after.get(name)}
        moved |= _differing(before.objects, objects)
        names, grants = accounts.read(present)
        found = DatabaseContents(
            source=self.source,
            snapshot=self._moment.way,
            taken_at=self.taken_at,
            tables=dict(sorted({**tables, **after}.items())),
            large_objects=NO_LARGE_OBJECTS,
            objects=before.objects,
            sequences=positions(before.sequences, sequences),
            roles=names,
            settings=[*settling.read(present), *grants, *notes(self._moment.way, moved)],
        )
        return found.model_copy(update={"not_transactional": not_transactional(found)})


@contextmanager
def saving(component: str, dsn: str) -> Iterator[MariadbSaving]:
    """Hold the database still and begin to dump and to count.

    Raises Permanent when the account may not see everything, when the server is MySQL, and when there is no
    mariadb-dump here.
    """
    try:
        address = parsed(dsn)
        program = binaries.client("mariadb-dump", "mysqldump")
        version = binaries.client_version(program)
    except ValueError as error:
        raise Unreachable(component, str(error)) from None
    except MariadbNotFound as error:
        raise Permanent(str(error)) from error
    with ExitStack() as stack:
        present = stack.enter_context(closing(View(component, address)))
        _require_mariadb(component, present)
        rights.require(present, address.database)
        source = present.source()
        history = min(map(binaries.release_of, (source.server_version, version))) >= HISTORY_SINCE
        tables = present.tables(history=history)
        loose = survey([present], [table for table in tables if not table.is_transactional])
        before = Before(source, history, present.objects(), present.sequences(), loose)
        moment = begin(
            stack, component, address, tables, lambda: Dump(component, address, program, history=history)
        )
        pool = stack.enter_context(ThreadPoolExecutor(max_workers=1))
        counting = pool.submit(moment.count, [table for table in tables if table.is_transactional])
        yield MariadbSaving(present, before, moment, f"mariadb-dump {version}", counting)


def _require_mariadb(component: str, view: View) -> None:
    version = str(view.rows("SELECT VERSION() AS version")[0]["version"])
    if "mariadb" not in version.lower():
        raise Permanent(f"{component}: the server is MySQL {version}, which can be looked at but not yet saved.")


def _differing(before: Objects, after: Objects) -> set[str]:
    """Definitions that were changed, as "kind name"."""
    return {
        f"{kind} {name}"
        for kind in before.keys() | after.keys()
        for name in before.get(kind, {}).keys() | after.get(kind, {}).keys()
        if before.get(kind, {}).get(name) != after.get(kind, {}).get(name)
    }
