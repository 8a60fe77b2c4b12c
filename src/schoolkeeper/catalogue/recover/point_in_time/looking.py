"""Seeing what is there, what was asked for and what this run has done so far."""

from collections.abc import Iterator
from pathlib import Path

from schoolkeeper.catalogue.recover.point_in_time.facts import (
    Asked,
    ChosenCopy,
    Left,
    Live,
    PointFacts,
    PointOptions,
    Record,
)
from schoolkeeper.catalogue.recover.point_in_time.guarding import objections
from schoolkeeper.catalogue.recover.point_in_time.moments import asked_for, choose, moment_of, usable
from schoolkeeper.catalogue.recover.point_in_time.recording import FOLDER, read, read_record, swap_of, write
from schoolkeeper.catalogue.recover.point_in_time.recovering import differing, later_work, recover
from schoolkeeper.catalogue.recover.point_in_time.surrounding import NOTHING_NEEDED, surroundings
from schoolkeeper.catalogue.recover.system.looking import administration_of, folder_path
from schoolkeeper.catalogue.recover.system.maintaining import CODE, can_close
from schoolkeeper.catalogue.recover.system.recording import tag_of
from schoolkeeper.connectors.engines.archived_log import ArchivedLog
from schoolkeeper.connectors.engines.choosing import physical_engine
from schoolkeeper.connectors.engines.log_search import reaches
from schoolkeeper.connectors.engines.protocol import Copy, PhysicalLook
from schoolkeeper.connectors.files.swapping import look_at_folder
from schoolkeeper.connectors.look import Look
from schoolkeeper.connectors.postgres.administration import Administration
from schoolkeeper.connectors.postgres.target import DatabaseTarget, look_at_target
from schoolkeeper.connectors.postgres.tools import for_dump
from schoolkeeper.connectors.space import space_at
from schoolkeeper.kernel.errors import Permanent
from schoolkeeper.kernel.facts import Facts

DATABASE = "database"
CHOICE = "choice.json"


class Choice(Facts):
    """Kept for the run, because a new copy may be taken while it waits for approval."""

    asked: Asked
    chosen: ChosenCopy | None


def look_around(look: Look, options: PointOptions) -> PointFacts:
    """All facts. Raises Unreachable when the database server or the engine does not answer."""
    administration = administration_of(look.system, DATABASE)
    record = read_record(look.run)
    target = record.database if record else look_at_target(administration, NOTHING_NEEDED)
    facts = _common(look, options, administration, target, record)
    if record is not None:
        known = {"asked": record.asked, "chosen": record.chosen, "recovered": record.recovered}
        return facts.model_copy(update={**known, "live": _live(administration, record)})
    if not facts.engine:
        return facts
    return _Recovery(look, options, administration, facts).carry_out()


class _Recovery:
    """Chooses the copy and recovers it, unless something speaks against it."""

    def __init__(
        self, look: Look, options: PointOptions, administration: Administration, facts: PointFacts
    ) -> None:
        self._look, self._options, self._administration, self._facts = look, options, administration, facts
        engine = look.engine(facts.engine)
        assert isinstance(engine, PhysicalLook)
        self._engine = engine
        self._folder = look.workspace / FOLDER
        self._folder.mkdir(mode=0o711, exist_ok=True)
        self._log = ArchivedLog(engine, for_dump(facts.database.server_major), self._folder)

    def carry_out(self) -> PointFacts:
        copies = usable(self._engine.copies())
        archive_of = self._engine.system_identifier(copies[-1].id) if copies else ""
        common = {"copies": [copy.completed_at for copy in copies], "archive_of": archive_of}
        if archive_of not in ("", self._facts.database.system_identifier):
            return self._facts.model_copy(update=common)
        choice = self._choice(copies)
        found = {"asked": choice.asked, "chosen": choice.chosen, "archived_until": reaches(self._log.segments)}
        facts = self._facts.model_copy(update={**common, **found})
        if facts.chosen is None or objections(facts, self._options):
            return facts
        return self._recovered(facts, facts.chosen)

    def _choice(self, copies: list[Copy]) -> Choice:
        path = self._folder / CHOICE
        if (kept := read(path, Choice)) is not None:
            return kept
        asked = asked_for(self._options, self._look.system.timezone, lambda: self._log)
        copy = None if asked.fault else choose(copies, asked, self._options.copy_id)
        if copy is None or copy.completed_at is None:
            return Choice(asked=asked, chosen=None)
        identifier = self._engine.system_identifier(copy.id)
        chosen = ChosenCopy(id=copy.id, completed_at=copy.completed_at, system_identifier=identifier)
        choice = Choice(asked=asked, chosen=chosen)
        write(path, choice)
        return choice

    def _recovered(self, facts: PointFacts, chosen: ChosenCopy) -> PointFacts:
        target = facts.database
        try:
            seen, contents = recover(self._look, self._engine, chosen.id, moment_of(facts.asked), target)
        except Permanent as error:
            return facts.model_copy(update={"unreached": str(error)})
        update: dict[str, object] = {"database": look_at_target(self._administration, contents)}
        if target.oid is not None and target.allows_connections:
            differs = differing(self._administration, contents)
            try:
                later = later_work(self._look, self._log, seen)
            except Permanent:
                later = None  # the log after the moment is damaged: the tables still tell
            seen = seen.model_copy(update={"differs": differs, "later": later})
        return facts.model_copy(update={**update, "recovered": seen})


def _common(
    look: Look,
    options: PointOptions,
    administration: Administration,
    target: DatabaseTarget,
    record: Record | None,
) -> PointFacts:
    engine, engine_fault = physical_engine(look.system, options.engine, options.store)
    around = surroundings(administration)
    swap = swap_of(administration, tag_of(look.run), options.into)
    code = folder_path(look.system, CODE)
    folders = [look_at_folder(CODE, code)] if code else []
    return PointFacts(
        tag=tag_of(look.run),
        now=look.run.now,
        system=look.system.slug,
        timezone=look.system.timezone,
        engine=engine,
        engine_fault=engine_fault,
        asked=Asked(),
        archived_until=None,
        copies=[],
        archive_of="",
        chosen=None,
        database=target,
        tablespaces=around.tablespaces,
        server_bytes=around.server_bytes,
        database_bytes=swap.size_bytes(administration.database),
        workspace=space_at(_existing(look.run.home)),
        maintenance=options.into == "swap" and can_close(look.system, look.profile, folders),
        left=list(_left(administration, look, record)),
        record=record,
    )


def _existing(folder: Path) -> Path:
    return next((one for one in (folder, *folder.parents) if one.exists()), folder)


def _live(administration: Administration, record: Record) -> Live | None:
    """Asked of the server once the run says that it is done."""
    if record.concluded_at is None:
        return None
    swap = swap_of(administration, record.tag, record.into)
    name = swap.restored if record.into == "beside" else swap.database
    in_place = record.restored_oid is not None and swap.oid(name) == record.restored_oid
    return Live(in_place=in_place, is_open=record.into == "beside" or swap.is_open())


def _left(administration: Administration, look: Look, record: Record | None) -> Iterator[Left]:
    """What this and earlier runs put aside or beside; not what this run has put beside and tells of elsewhere."""
    both = [swap_of(administration, tag_of(look.run), into) for into in ("beside", "swap")]
    own = record.name if record else ""
    for name in sorted({name for swap in both for name in swap.aside()} - {own}):
        yield Left(name=name, size_bytes=both[0].size_bytes(name))
