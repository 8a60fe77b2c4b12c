"""Taking copies with restic, and deleting them.

restic keeps whatever it was given, also a stream that broke off because we died. So a snapshot is made with the
tag `schoolkeeper-taking=<set>` and is counted only once that was replaced by `schoolkeeper-set=<set>`, after
everything is known to have gone well. What is left with the first tag is removed on the next occasion.
"""

import json
import os
import tempfile
import time
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from schoolkeeper.connectors.databases.protocol import Readable
from schoolkeeper.connectors.engines.program import Said
from schoolkeeper.connectors.engines.protocol import Copy
from schoolkeeper.connectors.engines.restic.component import ResticComponent
from schoolkeeper.connectors.engines.restic.look import ResticLook
from schoolkeeper.connectors.engines.restic.patterns import exclude_lines
from schoolkeeper.connectors.engines.restic.snapshot import DATABASE, DUMP, Snapshot, tags
from schoolkeeper.kernel.errors import Permanent, SchoolkeeperError, Temporary

INCOMPLETE = 3  # restic's exit code when some source could not be read
ABANDONED_AFTER = timedelta(days=1)
LOCK_POLL_SECONDS = 5.0


class ResticAct(ResticLook):
    """`patience_seconds` is how long it waits for others to finish, where restic needs the repository alone."""

    def __init__(self, name: str, component: ResticComponent, slug: str, patience_seconds: float = 600) -> None:
        super().__init__(name, component, slug)
        self._patience_seconds = patience_seconds

    def take_dump(self, set_id: str, dump: AbstractContextManager[Readable]) -> Copy:
        arguments = ("--stdin", "--stdin-filename", DUMP.lstrip("/"))
        with self._program.fed(*self._backup(set_id, DATABASE), *arguments) as feed:
            with dump as stream:
                poured_bytes = feed.pour(stream)
            said = feed.end()
        if said.code:
            raise self._failure(said)
        kept_bytes = _summary(said)["total_bytes_processed"]
        if kept_bytes != poured_bytes:
            raise Permanent(f"{self.name}: restic kept {kept_bytes} of {poured_bytes} bytes of the dump")
        return self._finish(set_id, DATABASE, said)

    def take_files(self, set_id: str, component: str, root: Path, exclude: Sequence[str]) -> Copy:
        folder = root.resolve()  # of a link, restic would keep the link alone
        with tempfile.NamedTemporaryFile() as lines:
            lines.writelines(exclude_lines(folder, exclude))
            lines.flush()
            said = self._run(*self._backup(set_id, component), "--exclude-file", lines.name, "--", str(folder))
        if said.code == INCOMPLETE:
            if unread := _unread(said):
                raise Permanent(f"{self.name}: {len(unread)} of {component} cannot be read, such as {unread[0]}")
        elif said.code:
            raise self._failure(said)
        return self._finish(set_id, component, said)

    def take_server(self, set_id: str) -> Copy:
        raise Permanent(f"{self.name}: restic keeps dumps and folders, not a server's own files")

    def delete(self, copy_id: str) -> None:
        if self._has(copy_id):
            self._alone("forget", "--prune", copy_id)
            if self._has(copy_id):  # restic calls that a success
                raise Permanent(f"{self.name}: the store lets nothing be deleted; {copy_id} is still there")

    def _has(self, copy_id: str) -> bool:
        return any(one.id == copy_id for one in self._snapshots())

    def _backup(self, set_id: str, component: str) -> list[str]:
        words = tags(system=self.slug, component=component, taking=set_id)
        cache = ("--no-cache",) if self._component.repository.startswith("/") else ()
        return ["backup", "--json", *cache, "--host", self.slug, "--tag", words]

    def _finish(self, set_id: str, component: str, said: Said) -> Copy:
        """Make the snapshot count, then remove those of the same part that it replaces."""
        summary = _summary(said)
        words = tags(
            system=self.slug,
            component=component,
            set=set_id,
            completed=datetime.now(UTC).isoformat(timespec="seconds"),
            size=str(summary["total_bytes_processed"]),
        )
        fault: SchoolkeeperError | None = None
        try:
            self._alone("tag", "--set", words, summary["snapshot_id"])
        except SchoolkeeperError as error:
            fault = error
        snapshots = self._snapshots()
        versions = [one for one in snapshots if one.was(summary["snapshot_id"])]
        marked = next((one for one in versions if one.set_id), None)
        if marked is None:
            raise fault or Permanent(f"{self.name}: the snapshot {summary['snapshot_id']} is gone")
        replaced = [one.id for one in snapshots if one.part == marked.part and one.id != marked.id]
        stale = {*replaced, *_abandoned(snapshots)}
        # With the first mark still there, the store lets nothing be deleted, and trying takes restic long.
        if stale and len(versions) == 1:
            with suppress(SchoolkeeperError):  # they do not count, and there will be another occasion
                self._alone("forget", *sorted(stale))
        return self._copy(marked)

    def _alone(self, *arguments: str) -> None:
        """Run a command that needs the repository for itself, when it can be had.

        Locks of processes that died are removed, which restic tells by itself. Raises Temporary when others did
        not finish in time.
        """
        deadline, unlocked = time.monotonic() + self._patience_seconds, False
        while True:
            try:
                self._say(*arguments)
                return
            except Temporary:
                if unlocked and time.monotonic() >= deadline:
                    raise
            if unlocked:
                time.sleep(LOCK_POLL_SECONDS)
            self._run("unlock")
            unlocked = True


def _abandoned(snapshots: Iterable[Snapshot]) -> list[str]:
    """What nobody can still be taking."""
    before = datetime.now(UTC) - ABANDONED_AFTER
    return [one.id for one in snapshots if "taking" in one.words and one.taken_at < before]


def _summary(said: Said) -> dict[str, Any]:
    """What restic says at the end of a backup."""
    messages = [json.loads(line) for line in said.out.splitlines() if line.startswith("{")]
    summary: dict[str, Any] = next(one for one in reversed(messages) if one.get("message_type") == "summary")
    return summary


def _unread(said: Said) -> list[str]:
    """Paths that could not be read although they are there; what vanished meanwhile is no fault."""
    messages = [json.loads(line) for line in (said.out + said.err).splitlines() if line.startswith("{")]
    paths = [one.get("item", "") for one in messages if one.get("message_type") == "error"]
    return [path for path in paths if not path or os.path.lexists(path)]
