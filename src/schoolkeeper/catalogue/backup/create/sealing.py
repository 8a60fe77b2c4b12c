"""Which set belongs to a run, and making what was taken a set of the store."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version

import zstandard

from schoolkeeper.catalogue.backup.create import taking
from schoolkeeper.connectors.act import Act
from schoolkeeper.connectors.look import Look
from schoolkeeper.connectors.run_context import RunContext
from schoolkeeper.connectors.store.manifest import DatabasePart, FilesPart, Manifest
from schoolkeeper.kernel.errors import Permanent
from schoolkeeper.kernel.failpoints import failpoint


def set_id_of(run: RunContext) -> str:
    """The id of a run's set: the start of the run and a hash of its key, so that a resumed run finds its own."""
    started_at = run.started_at.astimezone(UTC)
    return f"{started_at:%Y%m%dT%H%M%SZ}-{hashlib.sha256(run.key.encode()).hexdigest()[:8]}"


def components_of(look: Look) -> list[str]:
    """The folders that belong to a set of this system."""
    return [name for name in look.profile.backup.files if look.has(name)]


def seal(act: Act, set_id: str) -> Mapping[str, object]:
    """Write the manifest from the notes of the parts, and make the set count."""
    store = act.store()
    if not store.has(set_id):
        manifest = _manifest(act, set_id)
        sizes = store.sizes()
        if fault := next(filter(None, (store.unlike(part, sizes) for part in manifest.parts)), ""):
            raise Permanent(f"The set {set_id} cannot be completed: {fault} (any more).")
        store.seal(manifest, lambda: failpoint("backup.create.seal.before_manifest"))
    store.remove_notes(set_id)
    return {"set": set_id}


def _manifest(act: Act, set_id: str) -> Manifest:
    store = act.store()
    notes = {
        part: store.recorded(set_id, part)
        for part in (taking.DATABASE, *(taking.files_part(name) for name in components_of(act.look)))
    }
    if absent := [part for part, note in notes.items() if note is None]:
        raise Permanent(f"The set {set_id} cannot be completed: {', '.join(absent)} was not taken.")
    database, *files = (str(note) for note in notes.values())
    part = DatabasePart.model_validate_json(database)
    return Manifest(
        set=set_id,
        system=act.system.slug,
        profile=act.look.profile.slug,
        environment=act.system.environment,
        taken_at=part.taken_at,
        completed_at=datetime.now(UTC),
        tools={
            "schoolkeeper": version("schoolkeeper"),
            "dump": part.dumped_by,
            "zstd": ".".join(map(str, zstandard.ZSTD_VERSION)),
            "pyrage": version("pyrage"),
        },
        recipients=store.recipients,
        database=part,
        files=[FilesPart.model_validate_json(note) for note in files],
    )
