"""What a run keeps about itself: in its quarantine what outlives it, in its workspace what was recovered."""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from schoolkeeper.catalogue.recover.point_in_time.facts import Into, Record
from schoolkeeper.catalogue.recover.system.recording import record_path
from schoolkeeper.connectors.databases.contents import DatabaseContents
from schoolkeeper.connectors.postgres.administration import Administration
from schoolkeeper.connectors.postgres.cluster_files import write_whole
from schoolkeeper.connectors.postgres.swapping import DatabaseSwap, beside
from schoolkeeper.connectors.run_context import RunContext
from schoolkeeper.kernel.canonical import digest

FOLDER = "point"
CONTENTS = "contents.json"
Model = TypeVar("Model", bound=BaseModel)


def read(path: Path, model: type[Model]) -> Model | None:
    """What was written down; None when nothing was."""
    try:
        return model.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None


def write(path: Path, data: BaseModel) -> None:
    """Replace what was written down, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_whole(path, data.model_dump_json() + "\n")


def read_record(run: RunContext) -> Record | None:
    """None before the first step of a run, and after it was taken back."""
    return read(record_path(run), Record)


def swap_of(administration: Administration, tag: str, into: Into) -> DatabaseSwap:
    """What is only put beside bears a name by which nobody takes it for a recovery that was given up."""
    swap = DatabaseSwap(administration, tag)
    if into == "beside":
        swap.restored = beside(swap.database, "rewound", tag)
    return swap


def sha256_of(contents: DatabaseContents) -> str:
    """Of all that a database holds, not of when it was looked at."""
    return digest(contents.model_dump(mode="json", exclude={"snapshot", "taken_at"}))
