"""One drill between its steps: what each phase found is written down at its end, and is not done again."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from schoolkeeper.catalogue.backup.drill.facts import Phase
from schoolkeeper.connectors.act import Act
from schoolkeeper.connectors.databases.fault import Fault
from schoolkeeper.connectors.databases.protocol import ScratchServer
from schoolkeeper.connectors.scratch_servers import scratch_server
from schoolkeeper.connectors.store.manifest import Manifest
from schoolkeeper.kernel.errors import Permanent


@dataclass(frozen=True, slots=True)
class Found:
    """What a phase counted and found, how long its parts took that matter, and what it does not claim."""

    counts: dict[str, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    unclaimed: list[str] = field(default_factory=list)


class Rehearsal:
    """One drill of one set by one run, between its steps."""

    def __init__(self, act: Act, set_id: str) -> None:
        self.act = act
        self.set_id = set_id
        self.store = act.store()
        self.folder = act.workspace / "drill"
        self.folder.mkdir(mode=0o700, exist_ok=True)

    @property
    def manifest(self) -> Manifest:
        manifest = self.store.manifest(self.set_id)
        if manifest is None:
            raise Permanent(f"The manifest of set {self.set_id} cannot be read any more.")
        return manifest

    @property
    def dump(self) -> Path:
        """Where the decrypted dump lies while it is restored."""
        return self.folder / "database.dump"

    def folder_of(self, component: str) -> Path:
        """Where a folder of the set is brought back."""
        return self.folder / "files" / component

    @contextmanager
    def server(self) -> Iterator[ScratchServer]:
        """The scratch server, running; it is kept for the next phase. Raises Permanent when it does not start."""
        yield scratch_server(self.act.workspace / "scratch", self.manifest.database.source)

    @property
    def is_restored(self) -> bool | None:
        """Whether the database was restored; None when nobody has tried yet."""
        restored = self.note("restore")
        return None if restored is None else restored.counts.get("restored") == 1

    def manifest_sha256(self) -> str:
        """What the proof is bound to: the manifest that the first phase saw. Raises Permanent when it changed."""
        path, now = self.folder / "manifest.sha256", self.store.manifest_sha256(self.set_id)
        if not path.is_file():
            self._write(path, now)
        if path.read_text() != now:
            raise Permanent(f"The manifest of set {self.set_id} was changed meanwhile; prove the set anew.")
        return now

    def note(self, name: str) -> Phase | None:
        """What a finished phase found."""
        path = self.folder / f"{name}.json"
        return Phase.model_validate_json(path.read_bytes()) if path.is_file() else None

    def carry_out(self, name: str, work: Callable[["Rehearsal"], Found]) -> Phase:
        """Do the work of a phase, once, and note what it found; skip it when the copy was not restored."""
        if (done := self.note(name)) is not None:
            return done
        self.manifest_sha256()
        if self.is_restored is False:
            phase = Phase(name=name, seconds=0, skipped="the database could not be restored")
        else:
            started = time.monotonic()
            found = work(self)
            seconds = round(time.monotonic() - started, 3)
            phase = Phase(
                name=name,
                seconds=seconds,
                counts=found.counts,
                faults=found.faults,
                parts=found.seconds,
                unclaimed=found.unclaimed,
            )
        self._write(self.folder / f"{name}.json", phase.model_dump_json())
        return phase

    def _write(self, path: Path, text: str) -> None:
        temporary = path.with_suffix(".tmp")
        temporary.write_text(text)
        temporary.replace(path)
