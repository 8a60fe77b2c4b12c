"""What a task may know about the run it is part of."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from schoolkeeper.connectors.store.signatures import Signer


@dataclass(frozen=True, slots=True)
class RunContext:
    """`key` is unique to the run and stays the same when it is resumed. `now` is the time of this assessment.

    `home` is Schoolkeeper's own folder on the worker's machine: scratch servers, quarantine, working files.
    `signer` signs in the name of this installation; None where its key is not at hand. `recorded_sets` asks the
    records which backup sets should be there; None where there are no records, as in a rescue.
    """

    key: str
    started_at: datetime
    now: datetime
    home: Path
    signer: Signer | None = None
    recorded_sets: Callable[[], frozenset[str]] | None = None

    @property
    def workspace(self) -> Path:
        """The run's own working folder below `home`; the engine removes it when the run ends."""
        return self.home / "runs" / self.key
