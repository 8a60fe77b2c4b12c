"""The scratch server of a drill and the working files of its run.

The server runs from the first phase that needs it until the drill is cleaned up, because starting it for each
phase takes longer than some of them. It dies with the worker; a phase that finds it gone starts it again. What a
phase found is written down at its end; a phase that has a note is not carried out again.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from schoolkeeper.catalogue.backup.drill.facts import Fault, Phase
from schoolkeeper.connectors.act import Act
from schoolkeeper.connectors.postgres.binaries import find
from schoolkeeper.connectors.postgres.cluster import SCRATCH_SETTINGS, Cluster
from schoolkeeper.connectors.postgres.cluster_errors import ClusterError
from schoolkeeper.connectors.store.act import remove_tree
from schoolkeeper.connectors.store.manifest import Manifest
from schoolkeeper.kernel.errors import Permanent

RESTORED = "restored"
_RUNNING: dict[Path, Cluster] = {}
"""The scratch servers that this process has started, by the workspace of their run."""
SCRATCH = "scratch database"


class Rehearsal:
    """One drill of one set by one run, between its steps."""

    def __init__(self, act: Act, set_id: str) -> None:
        self.act = act
        self.set_id = set_id
        self.store = act.store()
        self.cluster_folder = act.workspace / "scratch"
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

    def cluster(self) -> Cluster:
        """The scratch server, which may not exist yet. Raises Permanent without that version of PostgreSQL."""
        try:
            return Cluster(
                self.cluster_folder, find(self.manifest.database.source.server_major), settings=SCRATCH_SETTINGS
            )
        except ClusterError as error:
            raise Permanent(str(error)) from error

    @contextmanager
    def server(self) -> Iterator[Cluster]:
        """The scratch server, running; it is kept for the next phase. Raises Permanent when it does not start."""
        cluster = _RUNNING.get(self.act.run.workspace) or self.cluster()
        try:
            cluster.start()
        except ClusterError as error:
            raise Permanent(f"The scratch server did not start: {error}") from error
        _RUNNING[self.act.run.workspace] = cluster
        yield cluster

    def note(self, name: str) -> Phase | None:
        """What a finished phase found."""
        path = self.folder / f"{name}.json"
        return Phase.model_validate_json(path.read_bytes()) if path.is_file() else None

    def carry_out(self, name: str, work: Callable[["Rehearsal"], tuple[dict[str, int], list[Fault]]]) -> Phase:
        """Do the work of a phase, once, and note what it found; skip it when the copy was not restored."""
        if (done := self.note(name)) is not None:
            return done
        restored = self.note("restore")
        if restored is not None and restored.counts.get("restored") != 1:
            phase = Phase(name=name, seconds=0, skipped="the database could not be restored")
        else:
            started = time.monotonic()
            counts, faults = work(self)
            seconds = round(time.monotonic() - started, 3)
            phase = Phase(name=name, seconds=seconds, counts=counts, faults=faults)
        temporary = self.folder / f"{name}.tmp"
        temporary.write_text(phase.model_dump_json())
        temporary.replace(self.folder / f"{name}.json")
        return phase


def stop_server(workspace: Path) -> None:
    """Stop the scratch server of a run if this process has started one."""
    if (server := _RUNNING.pop(workspace, None)) is not None:
        server.stop()


def clean_up(workspace: Path) -> None:
    """Stop the scratch server of a run and remove its working files; does nothing when that was done."""
    stop_server(workspace)
    remove_tree(workspace)
