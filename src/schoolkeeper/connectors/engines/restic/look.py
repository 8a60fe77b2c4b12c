"""Looking at a restic repository: what it holds, whether it is sound, and reading it back. Never locks it."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar, Self
from urllib.parse import unquote, urlsplit

from schoolkeeper.connectors.engines.program import Program, Said, located
from schoolkeeper.connectors.engines.protocol import Capabilities, Copy, Moment
from schoolkeeper.connectors.engines.restic.component import ResticComponent, is_reference
from schoolkeeper.connectors.engines.restic.restoring import restore_folder
from schoolkeeper.connectors.engines.restic.snapshot import DATABASE, DUMP, Snapshot, fixed_part
from schoolkeeper.connectors.secrets import resolve
from schoolkeeper.kernel.errors import Permanent, SchoolkeeperError, Temporary, Unreachable

LOCKED_DELAY_SECONDS = 60
_NO_REPOSITORY = ("Is there a repository at the following location", "unable to open config file")
_WENT_ON = "ignoring error for "
_OUR_DISK = ("no space left on device", "disk quota exceeded", "read-only file system")
_FAULT = ("error", "Fatal", "pack ", "Load(", "tree ", "id ")


class ResticLook:
    """`slug` is the system's: of our own snapshots, only those of this system are listed."""

    capabilities: ClassVar[Capabilities] = Capabilities("logical", files=True, point_in_time=False, deletes=True)

    def __init__(self, name: str, component: ResticComponent, slug: str) -> None:
        self.name = name
        self.slug = slug
        self._component = component

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def version(self) -> str:
        return " ".join(self._say("version").out.split()[:2])

    def copies(self) -> list[Copy]:
        """The whole ones of ours, the newest where one replaced another, and those of others that may hold
        something which the definition places inside snapshots."""
        snapshots = self._snapshots()
        newest = {one.part: one.id for one in snapshots if one.set_id}
        return [
            self._copy(one)
            for one in snapshots
            if (newest.get(one.part) == one.id if one.words else self._held(one))
        ]

    def check(self, copy_id: str) -> list[str]:
        """Reads back every byte of ours in the copy, which restic compares with its hashes; and, once for this
        look, lets restic check the repository's structure, which all copies share."""
        faults = list(self._structure)
        for path in self._held(self._snapshot(copy_id)).values():
            try:
                found = self._dump_path(copy_id, path) if path == self._component.dump else path
                said = self._run("dump", "--no-lock", copy_id, found, out=subprocess.DEVNULL)
            except Permanent as error:
                faults.append(str(error))
                continue
            if said.code:
                self._raise_if_unreachable(said)
                faults.append(f"{path} cannot be read back: {said.words}")
        return faults

    def fetch_dump(self, copy_id: str, into: Path) -> None:
        snapshot = self._snapshot(copy_id)
        if DATABASE not in self._held(snapshot):
            raise Permanent(f"{self.name}: the snapshot {copy_id} holds no dump")
        path = DUMP if snapshot.words else self._dump_path(copy_id, str(self._component.dump))
        with into.open("wb") as file:
            said = self._run("dump", "--no-lock", copy_id, path, out=file)
        if said.code:
            into.unlink()
            self._raise_if_unreachable(said)
            raise Permanent(f"{self.name}: {path} of the snapshot {copy_id} cannot be read back: {said.words}")

    def fetch_server(self, copy_id: str, into: Path, moment: Moment) -> None:
        raise Permanent(f"{self.name}: restic keeps dumps and folders, not a server's own files")

    def fetch_files(self, copy_id: str, component: str, into: Path, only: Sequence[str] = ()) -> None:
        folder = self._held(self._snapshot(copy_id)).get(component)
        if folder is None or component == DATABASE:
            raise Permanent(f"{self.name}: the snapshot {copy_id} holds no files of {component}")
        restore = self._restore if only else self._say  # only who asks for files one by one sees which are lacking
        restore_folder(lambda *arguments: restore("restore", "--no-lock", copy_id, *arguments), folder, into, only)

    def _restore(self, *arguments: str) -> Said:
        """Restore what can be: restic tells of a damaged file and goes on with the next one. That is no fault of
        the whole as long as the repository answers and our own disk takes what comes."""
        said = self._run(*arguments)
        if said.code:
            self._raise_if_unreachable(said)
            if _WENT_ON not in said.err or any(words in said.err for words in _OUR_DISK):
                raise self._failure(said)
            self._snapshots()
        return said

    def _copy(self, snapshot: Snapshot) -> Copy:
        completed, size = snapshot.words.get("completed"), snapshot.words.get("size")
        return Copy(
            id=snapshot.id,
            taken_at=snapshot.taken_at,
            completed_at=datetime.fromisoformat(completed) if completed else None,
            size_bytes=int(size) if size else None,
            holds=tuple(self._held(snapshot)),
            set_id=snapshot.set_id,
        )

    def _held(self, snapshot: Snapshot) -> dict[str, str]:
        """Where in a snapshot the components are, by name."""
        if snapshot.words:
            component = snapshot.words.get("component", "")
            return {component: DUMP if component == DATABASE else snapshot.paths[0]}
        dump = self._component.dump
        held = {DATABASE: dump} if dump and snapshot.may_have(dump) else {}
        return held | {name: path for name, path in self._component.files.items() if snapshot.has(path)}

    def _snapshots(self) -> list[Snapshot]:
        """Ours of this system, whole or not, and those of others on the declared host, the oldest first."""
        listed = json.loads(self._say("snapshots", "--no-lock", "--json").out or "[]") or []
        every = sorted(map(Snapshot.read, listed), key=lambda one: one.taken_at)
        host = self._component.host
        return [
            one for one in every if (one.words.get("system") == self.slug if one.words else host in ("", one.host))
        ]

    def _snapshot(self, copy_id: str) -> Snapshot:
        for one in self._snapshots():
            if one.id == copy_id:
                return one
        raise Permanent(f"{self.name}: the repository holds no snapshot {copy_id}")

    def _dump_path(self, copy_id: str, pattern: str) -> str:
        """The newest file that matches; raises Permanent when there is none."""
        listed = self._say("ls", "--no-lock", "--json", "--recursive", copy_id, fixed_part(pattern)).out
        files: Iterator[Any] = filter(None, map(json.loads, listed.splitlines()))
        fitting = [
            (node["mtime"], node["path"])
            for node in files
            if node.get("type") == "file" and PurePosixPath(node["path"]).match(pattern)
        ]
        if not fitting:
            raise Permanent(f"{self.name}: the snapshot {copy_id} holds no file that matches {pattern}")
        return str(max(fitting)[1])

    @cached_property
    def _structure(self) -> tuple[str, ...]:
        said = self._run("check", "--no-lock")
        if not said.code:
            return ()
        self._raise_if_unreachable(said)
        lines = [line for line in (said.err + said.out).splitlines() if line.startswith(_FAULT)]
        return tuple(f"in the repository: {line}" for line in lines[:20] or [said.words])

    @cached_property
    def _program(self) -> Program:
        component = self._component
        where = component.repository
        repository = resolve(where, self.name) if is_reference(where) else where
        password = resolve(component.password, self.name)
        credentials = {name: resolve(kept, self.name) for name, kept in component.environment.items()}
        inside = urlsplit(repository.partition(":")[2] if "://" in repository else repository).password or ""
        secrets = [password, inside, unquote(inside), *credentials.values()]
        if is_reference(where):
            secrets.append(repository)
        return Program(
            located(self.name, component.program),
            {"RESTIC_REPOSITORY": repository, "RESTIC_PASSWORD": password, **credentials},
            secrets,
        )

    def _run(self, *arguments: str, out: Any = None) -> Said:
        here = self._component.repository.startswith("/")
        return self._program.run(*arguments, *(("--no-cache",) if here else ()), out=out)

    def _say(self, *arguments: str) -> Said:
        said = self._run(*arguments)
        if said.code:
            raise self._failure(said)
        return said

    def _failure(self, said: Said) -> SchoolkeeperError:
        return self._known_failure(said) or Unreachable(self.name, said.words)

    def _raise_if_unreachable(self, said: Said) -> None:
        """For a command that may also fail because of the copy itself."""
        if failure := self._known_failure(said):
            raise failure

    def _known_failure(self, said: Said) -> SchoolkeeperError | None:
        """Why the repository could not be used. Newer versions also tell by exit code: 10, 11, 12."""
        if said.code == 12 or "wrong password" in said.err:
            return Unreachable(self.name, "the repository's password is wrong")
        if said.code == 10 or any(words in said.err for words in _NO_REPOSITORY):
            hint = "make one with `restic init`, or mend the address or the connection"
            return Unreachable(self.name, f"no restic repository answers there ({said.words}); {hint}")
        if said.code == 11 or "already locked" in said.err:
            hint = "wait, or if nothing works on it look at `restic list locks` and `restic unlock`"
            return Temporary(f"{self.name}: somebody else works on the repository; {hint}", LOCKED_DELAY_SECONDS)
        return None
