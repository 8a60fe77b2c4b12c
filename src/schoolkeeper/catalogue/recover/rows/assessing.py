"""Restoring the set into a scratch server and comparing the chosen rows with the running database."""

from pathlib import Path

from schoolkeeper.catalogue.backup.drill.comparing import comparable
from schoolkeeper.catalogue.recover.rows import origins
from schoolkeeper.catalogue.recover.rows.choosing import choose
from schoolkeeper.catalogue.recover.rows.comparing import Found, Pair, TooMany, compare, pair_of
from schoolkeeper.catalogue.recover.rows.facts import RowsFacts, TableFacts
from schoolkeeper.catalogue.recover.rows.following import add_dependents, set_order
from schoolkeeper.catalogue.recover.rows.journal import Journal
from schoolkeeper.catalogue.recover.rows.options import RowsOptions
from schoolkeeper.catalogue.recover.rows.postgres_reading import restored_copy, running
from schoolkeeper.catalogue.recover.rows.sides import ConditionFailed, SavedSide, Side
from schoolkeeper.connectors.databases.protocol import ScratchServer
from schoolkeeper.connectors.look import Look
from schoolkeeper.connectors.restored import Unusable, contents_of, restored, seal
from schoolkeeper.connectors.scratch_servers import obstacle
from schoolkeeper.connectors.store.manifest import Manifest
from schoolkeeper.kernel.errors import ReadOnlyViolation, Unreachable

FOLDER = "rows"


def assess(look: Look, options: RowsOptions) -> RowsFacts:
    """What is missing or changed. Raises Unreachable when the set, the key or the database is out of reach."""
    store, folder = look.store(), look.workspace / FOLDER
    folder.mkdir(exist_ok=True)
    chosen = choose(store, options.set, folder / "set")
    if chosen is None:
        return RowsFacts()
    if chosen.manifest is None:
        return RowsFacts(set=chosen.id, unusable=chosen.fault)
    manifest = chosen.manifest
    common = RowsFacts(set=chosen.id, taken_at=manifest.taken_at)
    if (product := manifest.database.source.product) != "postgres":
        return common.model_copy(update={"unusable": f"rows cannot be brought back one by one from {product} yet"})
    store.identity()
    if reason := obstacle(manifest.database.source):
        raise Unreachable("scratch", reason)
    try:
        common = common.model_copy(update={"seal": seal(store, manifest)})
        return _compared(look, options, manifest, common)
    except Unusable as error:
        says = f"{error.fault.subject}: {error.fault.found or error.fault.code.replace('_', ' ')}"
        return common.model_copy(update={"unusable": says})


def _compared(look: Look, options: RowsOptions, manifest: Manifest, common: RowsFacts) -> RowsFacts:
    """The server is stopped afterwards, because the engine removes the workspace without asking; its data stays
    for the later stages of the run."""
    folder = look.workspace / FOLDER
    server = restored(look.store(), manifest, folder / "copy", look.engine)
    try:
        _demand_as_listed(look, server, manifest, folder / "as-listed")
        with restored_copy(server) as saved:
            broken = _broken(look)
            seen = _Comparison(running(look.postgres()), saved, options, common.seal, folder)
            return common.model_copy(
                update={"broken": broken, "beside": Journal(folder).beside(), **seen.carry_out()}
            )
    finally:
        server.stop()


def _demand_as_listed(look: Look, server: ScratchServer, manifest: Manifest, known: Path) -> None:
    """What another tool brought back is held against our own list, once: it could be anything. Raises Unusable.

    Without a restore point the list is of a later moment than the copy, and says nothing about rows.
    """
    held = manifest.database.held
    if held is None or known.exists() or held.lacks_its_moment:
        return
    for fault in comparable(held, contents_of(look.store(), manifest), server.observe()):
        if fault.code in ("rows_differ", "content_differs"):
            raise Unusable(fault.model_copy(update={"found": "what came back is not what the set's list says"}))
    known.touch()


def _broken(look: Look) -> dict[str, int]:
    """The profile's assertions that do not hold, with the number of rows; asked before any setting is changed."""
    found: dict[str, int] = {}
    for assertion in look.profile.integrity:
        try:
            if rows := len(look.postgres().rows(assertion.query.replace("%", "%%"))):
                found[assertion.code] = rows
        except (Unreachable, ReadOnlyViolation):
            found[assertion.code] = -1
    return found


class _Comparison:
    """One comparison of both sides, as the options ask for it."""

    def __init__(self, now: Side, saved: SavedSide, options: RowsOptions, seal: str, folder: Path) -> None:
        self._now, self._saved, self._options, self._folder = now, saved, options, folder
        self._pairs: dict[str, Pair | TableFacts] = {}
        self._found = Found(options.row_limit, seal)

    def carry_out(self) -> dict[str, object]:
        """The fields of the facts."""
        chosen = [self._pair(name, chosen=True) for name in dict.fromkeys(self._options.tables)]
        pairs = [pair for pair in chosen if isinstance(pair, Pair)]
        if len(pairs) < len(chosen):
            return {"tables": self._tables()}
        counts: dict[str, int] = {}
        try:
            for pair in pairs:
                counts[pair.facts.name] = compare(
                    self._found, pair, self._now, self._saved, self._options.where, self._options.what
                )
            if self._options.include_dependents:
                self._add_dependents()
            self._found.sort([pair.facts.name for pair in pairs])
            set_order(self._found, self._usable, self._now)
        except TooMany as error:
            return {"tables": self._tables(), "over": error.of}
        except ConditionFailed as error:
            return {"tables": self._tables(), "condition_fault": str(error)}
        tables = [
            table.model_copy(update={"saved_rows": counts.get(table.name, 0)})
            for table in self._tables()
            if table.chosen or table.refused or any(one.table == table.name for one in self._found.differences)
        ]
        return {"tables": tables, "differences": self._found.differences}

    def _add_dependents(self) -> None:
        add_dependents(self._found, self._usable, self._now, self._saved, origins.noted(self._folder))
        missing = [one for one in self._found.differences if one.before is None]
        origins.note(self._folder, ((one.table, tuple(one.key.values())) for one in missing))

    def _tables(self) -> list[TableFacts]:
        """Each once, although it may have been named in two ways; the chosen ones first, as they were named."""
        facts = [one.facts if isinstance(one, Pair) else one for one in self._pairs.values()]
        unique = {table.name: table for table in facts}.values()
        others = sorted((table for table in unique if not table.chosen), key=lambda table: table.name)
        return [*(table for table in unique if table.chosen), *others]

    def _pair(self, name: str, *, chosen: bool) -> Pair | TableFacts:
        if name not in self._pairs:
            pair = pair_of(self._now, self._saved, name, self._options.leave, chosen=chosen)
            full_name = pair.facts.name if isinstance(pair, Pair) else pair.name
            self._pairs[name] = self._pairs.setdefault(full_name, pair)
        return self._pairs[name]

    def _usable(self, name: str) -> Pair | None:
        pair = self._pair(name, chosen=False)
        return pair if isinstance(pair, Pair) else None
