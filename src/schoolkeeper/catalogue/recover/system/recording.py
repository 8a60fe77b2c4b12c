"""What a run writes down about itself, so that it can be killed anywhere and go on."""

import hashlib
import os
from datetime import UTC
from pathlib import Path

from schoolkeeper.catalogue.recover.system.facts import Record
from schoolkeeper.connectors.run_context import RunContext
from schoolkeeper.connectors.store.component import StoreComponent
from schoolkeeper.connectors.store.look import StoreLook
from schoolkeeper.connectors.store.signatures import Signer
from schoolkeeper.connectors.system import System
from schoolkeeper.kernel.errors import Unreachable

RECORD = "recovery.json"


def tag_of(run: RunContext) -> str:
    """What names of this run end with: its day, for people, and a hash of its key."""
    return f"{run.started_at.astimezone(UTC):%Y%m%d}_{hashlib.sha256(run.key.encode()).hexdigest()[:8]}"


def record_path(run: RunContext) -> Path:
    return keep_of(run) / RECORD


def keep_of(run: RunContext) -> Path:
    """The run's quarantine, which outlives the run."""
    return run.home / "quarantine" / run.key


def read_record(run: RunContext) -> Record | None:
    """What this run has written down; None before its first step and after it was taken back."""
    try:
        return Record.model_validate_json(record_path(run).read_bytes())
    except FileNotFoundError:
        return None


def write_record(run: RunContext, record: Record) -> None:
    """Replace what was written down, whole or not at all."""
    path = record_path(run)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_suffix(".tmp")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(record.model_dump_json(indent=2) + "\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def store_of(system: System, name: str, source: str, signer: Signer | None) -> StoreLook:
    """The sets of a system, not opened yet; the store may be kept by another system."""
    component = system.components.get(name)
    if not isinstance(component, StoreComponent):
        raise Unreachable(name, f"the definition of {system.slug} has no store of this name")
    return StoreLook(name, component, source or system.slug, signer)
