"""Seeing the set, the targets and what this run has done so far."""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from schoolkeeper.catalogue.backup.drill.comparing import differences
from schoolkeeper.catalogue.backup.drill.proofs import read_proofs
from schoolkeeper.catalogue.recover.system.facts import (
    ChosenSet,
    FolderPart,
    HeldPart,
    Left,
    Live,
    Record,
    RecoverFacts,
    SystemOptions,
)
from schoolkeeper.catalogue.recover.system.maintaining import can_close
from schoolkeeper.catalogue.recover.system.recording import keep_of, read_record, store_of, tag_of
from schoolkeeper.catalogue.recover.system.sharing import shared_with
from schoolkeeper.connectors.databases.contents import DatabaseContents
from schoolkeeper.connectors.databases.replacement import Replacement, Why
from schoolkeeper.connectors.files.component import FilesComponent
from schoolkeeper.connectors.files.swapping import FolderSwap, look_at_folder, size_of
from schoolkeeper.connectors.look import Look
from schoolkeeper.connectors.postgres.administration import Administration
from schoolkeeper.connectors.postgres.component import PostgresComponent
from schoolkeeper.connectors.replacements import replacement
from schoolkeeper.connectors.restored import Unusable, contents_of
from schoolkeeper.connectors.space import space_at
from schoolkeeper.connectors.store.look import StoredSet, StoreLook
from schoolkeeper.connectors.store.manifest import Manifest
from schoolkeeper.connectors.system import System
from schoolkeeper.kernel.errors import Unreachable

DATABASE = "database"


def look_around(look: Look, options: SystemOptions) -> RecoverFacts:
    """All facts. Raises Unreachable when the store or the database server does not answer."""
    record = read_record(look.run)
    with store_of(look.system, options.store, options.source, look.run.signer) as store:
        stored = _choose(store, options.set or (record.set if record else ""))
        manifest = stored.manifest if stored else None
        contents, obstacle = _contents(store, manifest) if manifest else (None, "")
        held = list(_held(look, manifest, begun=record is not None)) if manifest else []
        chosen = _chosen(store, stored, held) if stored and manifest else None
    facts = RecoverFacts(
        tag=tag_of(look.run),
        system=look.system.slug,
        profile=look.system.profile,
        environment=look.system.environment,
        uploads=[one.component for one in look.profile.uploads],
        can_neutralise=look.profile.rehearsal is not None,
        asked_for=stored.id if stored else options.set,
        chosen=chosen,
        unsound=stored.fault if stored else "",
        obstacle=obstacle,
        database_kind=_kind(look.system, chosen.component if chosen else DATABASE),
        database=record.database if record else None,
        folders=record.folders if record else [],
        absent=[],
        shared_with=[],
        maintenance=False,
        workspace=space_at(look.run.home),
        left=[],
        record=record,
        live=None,
    )
    if chosen is None or contents is None:
        return facts
    return _targets(look, options, facts, contents)


def administration_of(system: System, component: str) -> Administration:
    """The way to the database of a system. Raises Unreachable when it is of another product."""
    found = system.components.get(component)
    if not isinstance(found, PostgresComponent):
        raise Unreachable(component, f"the definition of {system.slug} has no PostgreSQL database of this name")
    return Administration(component, found)


def folder_path(system: System, component: str) -> Path | None:
    """Where a folder of a system is; None when the definition has none of this name."""
    found = system.components.get(component)
    return found.path if isinstance(found, FilesComponent) else None


def _targets(look: Look, options: SystemOptions, facts: RecoverFacts, contents: DatabaseContents) -> RecoverFacts:
    assert facts.chosen is not None
    paths = {one.component: folder_path(look.system, one.component) for one in facts.wanted_folders}
    update: dict[str, object] = {"absent": [name for name, path in paths.items() if path is None]}
    swap = None
    if facts.database_kind == facts.chosen.source.product:
        swap = replacement(look.system, facts.chosen.component, tag_of(look.run), keep_of(look.run))
        target = facts.database or swap.look(contents)
        update |= {"database": target, "live": _live(swap, facts.record, contents)}
        if options.new_server or facts.is_clone:
            here = (target.system_identifier, target.database)
            update["shared_with"] = shared_with(look.system, options.store, here, facts.chosen.system)
    there = {name: path for name, path in paths.items() if path is not None}
    folders = facts.folders or [look_at_folder(name, path) for name, path in there.items()]
    update |= {"folders": folders, "left": list(_left(look, swap, there))}
    update["maintenance"] = can_close(look.system, look.profile, folders)
    return facts.model_copy(update=update)


def _choose(store: StoreLook, wanted: str) -> StoredSet | None:
    """The wanted set, else the newest, whatever is wrong with it: to take an older one is for a person to say."""
    sets = store.sets()
    if wanted:
        return next((one for one in sets if one.id == wanted), None)
    return max(sets, key=lambda one: one.id, default=None)


def _contents(store: StoreLook, manifest: Manifest) -> tuple[DatabaseContents | None, str]:
    try:
        return contents_of(store, manifest), ""
    except Unreachable as error:
        return None, error.reason
    except Unusable as error:
        return None, f"{error.fault.subject}: {error.fault.found}"


def _held(look: Look, manifest: Manifest, *, begun: bool) -> Iterator[HeldPart]:
    """What other tools keep. They are asked before the first step, which closes the ERP; whatever a recovery has
    replaced already is there without them. Raises Unreachable when one does not answer."""
    have = dict[str, set[str]]()
    for part in manifest.stored:
        if part.held is None:
            continue
        by, tool = part.held.component, look.system.components.get(part.held.component)
        is_known = tool is not None and tool.kind == part.held.engine
        if is_known and by not in have and not begun and manifest.system == look.system.slug:
            have[by] = {copy.id for copy in look.engine(by).copies()}
        is_there = by not in have or part.held.copy_id in have[by]
        yield HeldPart(component=part.component, by=by, is_known=is_known, is_there=is_there)


def _chosen(store: StoreLook, stored: StoredSet, held: list[HeldPart]) -> ChosenSet:
    manifest = stored.manifest
    assert manifest is not None
    return ChosenSet(
        id=stored.id,
        manifest_sha256=store.manifest_sha256(stored.id),
        system=manifest.system,
        profile=manifest.profile,
        environment=manifest.environment,
        taken_at=manifest.taken_at,
        component=manifest.database.component,
        source=manifest.database.source,
        dump_bytes=manifest.database.dump_bytes,
        rows=manifest.database.rows,
        folders=[
            FolderPart(component=one.component, files=one.files, size_bytes=one.bytes) for one in manifest.files
        ],
        held=held,
        proof=_proof(store, stored),
    )


def _proof(store: StoreLook, stored: StoredSet) -> Literal["holds", "fails", "none", "suspect"]:
    if store.is_suspect(stored):
        return "suspect"
    proofs = read_proofs(store, [stored]).counting.get(stored.id, {}).values()
    newest = max(proofs, key=lambda one: one.concluded_at, default=None)
    return "none" if newest is None else "holds" if newest.holds else "fails"


def _kind(system: System, component: str) -> str:
    found = system.components.get(component)
    return found.kind if found is not None else "missing"


def _live(swap: Replacement, record: Record | None, contents: DatabaseContents) -> Live | None:
    """Asked of the server and the file system once the run says that it is done."""
    if record is None or record.concluded_at is None:
        return None
    in_place = record.restored_id is not None and swap.is_in_place(record.restored_id)
    is_open = swap.is_open()
    return Live(
        database_in_place=in_place,
        database_open=is_open,
        folders_not_in_place=[
            one.component
            for one in record.folders
            if not FolderSwap(Path(one.path), record.tag).is_in_place(record.inodes.get(one.component, -1))
        ],
        faults=list(differences(*swap.schema(contents))) if in_place and is_open else [],
    )


def _why(folder: str) -> Why:
    word = folder.rpartition("-")[0].rpartition(".")[2]
    return "replaced" if word == "before" else "abandoned" if word == "restored" else "undone"


def _left(look: Look, swap: Replacement | None, folders: dict[str, Path]) -> Iterator[Left]:
    """Databases and folders that this or an earlier recovery put aside."""
    for one in swap.aside() if swap is not None else []:
        yield Left(what="database", why=one.why, name=one.name, size_bytes=one.size_bytes, removing=one.removing)
    for path in folders.values():
        for aside in FolderSwap(path, tag_of(look.run)).aside():
            yield Left(
                what="folder",
                why=_why(aside.name),
                name=str(aside),
                size_bytes=size_of(aside),
                removing=f"rm -r {shlex.quote(str(aside))}",
            )
