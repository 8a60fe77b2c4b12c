"""Looking at what pgBackRest has, letting it verify, and restoring."""

import json
import re
import shlex
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Self

from schoolkeeper.connectors.engines import recovery
from schoolkeeper.connectors.engines.pgbackrest.component import PgbackrestComponent
from schoolkeeper.connectors.engines.program import Program, Said, located
from schoolkeeper.connectors.engines.protocol import Capabilities, Copy, Moment, Segment
from schoolkeeper.connectors.postgres.account import Account, service_account
from schoolkeeper.connectors.postgres.cluster_errors import ClusterError
from schoolkeeper.kernel.errors import Permanent, SchoolkeeperError, Temporary, Unreachable

ANNOTATION = "schoolkeeper-set"
DATABASE = "database"
LOCKED_DELAY_SECONDS = 60
_QUIET = ("--log-level-console=off", "--log-level-stderr=warn", "--log-timestamp=n")
# Exit codes, by the names that pgBackRest's source has for them.
_LOCKED = 50  # LockAcquireError
_NOT_THERE = {49, 56, 95, 103}  # HostConnectError, DbConnectError, CryptoError, RepoInvalidError
# What `info` says of a stanza: 0 fine, 2 no backups yet. Every other code is a reason not to believe the list.
_STANZA_ANSWERS = (0, 2)
_SEGMENT = re.compile(r"(?:.*/)?([0-9A-F]{24})-[0-9a-f]{40}(?:\.[a-z0-9]+)?")


class PgbackrestLook:
    capabilities: ClassVar[Capabilities] = Capabilities("physical", files=False, point_in_time=True, deletes=True)

    def __init__(self, name: str, component: PgbackrestComponent) -> None:
        self.name = name
        self._component = component

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def version(self) -> str:
        return self._say("version").out.strip()

    def copies(self) -> list[Copy]:
        return [_copy(listed) for listed in self._backups()]

    def check(self, copy_id: str) -> list[str]:
        """What `verify` says of the copy and of the archived log, for which it reads the whole repository, once
        for this look; what was noted when the copy was taken; and whether the log that it needs is there."""
        listed = self._listed(copy_id)
        faults = [fault] if (fault := _copy(listed).fault) else []
        for heading, detail in self._verified:
            if heading.startswith(f"backup: {copy_id},"):
                faults += [] if "status: valid" in heading else [f"{heading}; {detail}"]
            elif heading.startswith("archiveId:") and re.search(r": [1-9]", detail):
                faults.append(f"archived log {heading}; {detail}")
        if not any(heading.startswith(f"backup: {copy_id},") for heading, _ in self._verified):
            faults.append("pgBackRest did not verify the copy")
        return faults + self._missing_log(listed)

    def fetch_dump(self, copy_id: str, into: Path) -> None:
        raise Permanent(f"{self.name}: pgBackRest keeps a server's own files, not a dump")

    def fetch_files(self, copy_id: str, component: str, into: Path, only: Sequence[str] = ()) -> None:
        raise Permanent(f"{self.name}: pgBackRest keeps a server's own files, no others")

    def fetch_server(self, copy_id: str, into: Path, moment: Moment) -> None:
        """`into` must stay where it is until it has recovered, for which the log comes from the repository."""
        listed = self._listed(copy_id)
        recovery.require_possible(moment, _copy(listed).completed_at)
        if self._info(f"--set={copy_id}")["backup"][0].get("tablespace"):
            raise Permanent(f"{self.name}: the server has tablespaces, which are not supported")
        recovery.prepare(into, self._account)
        said = self._run("restore", f"--set={copy_id}", "--type=none", *self._placed(into), repo=True)
        if said.code:
            raise self._known_failure(said) or Permanent(
                f"{self.name}: {copy_id} cannot be restored: {said.words}"
            )
        log = recovery.Log(self._restore_command(into), self._archive(listed).get("max") or "")
        recovery.settle(into, self._account, moment, log)

    def system_identifier(self, copy_id: str) -> str:
        number = self._listed(copy_id)["database"]["id"]
        return next(str(one["system-id"]) for one in self._info()["db"] if one["id"] == number)

    def log(self) -> list[Segment]:
        """Of the newest archive of the stanza: an upgraded server begins another."""
        archives = self._info()["archive"]
        if not archives:
            return []
        newest = max(archives, key=lambda one: one["database"]["id"])["id"]
        folder = f"archive/{self._component.stanza}/{newest}"
        listed = json.loads(self._say("repo-ls", folder, "--recurse", "--output=json", repo=True).out)
        found = ((_SEGMENT.fullmatch(path), file) for path, file in listed.items())
        times = {match[1]: datetime.fromtimestamp(file["time"], UTC) for match, file in found if match}
        return [Segment(name, times[name]) for name in sorted(times)]

    def fetch_log(self, segment: str, into: Path) -> None:
        """pgBackRest asks the server's data folder whose log it is, so this works where that folder is."""
        recovery.lend(into, self._account)
        said = self._run("archive-get", "--no-archive-async", segment, str(into / segment), repo=True)
        if said.code == 1:
            raise Permanent(f"{self.name}: the log segment {segment} is not in the archive")
        if said.code:
            raise self._known_failure(said) or Permanent(
                f"{self.name}: the log segment {segment} cannot be read: {said.words}"
            )

    def _restore_command(self, into: Path) -> str:
        """How the server fetches its log. It runs without our environment, so everything is said in words.

        PostgreSQL takes a failure for the end of the log, unless the code is above 128. pgBackRest says 1 for a
        segment that it has not, which is the end, and something else when it could not look.
        """
        where = self._component
        source = f"--config={where.config}" if where.config else "--no-config"
        repository = (f"--repo1-path={where.repository}",) if where.repository else ()
        options = (f"--stanza={where.stanza}", source, *repository, *self._placed(into), "--no-archive-async")
        quiet = (*_QUIET, "--log-level-file=off", f"--repo={where.repo}")
        words = shlex.join([str(self._program.path), *options, *quiet, "archive-get"])
        return words.replace("%", "%%") + ' %f "%p" || { [ $? -eq 1 ] && exit 1; exit 255; }'

    def _placed(self, into: Path) -> tuple[str, ...]:
        """Here and in that folder, wherever the configuration says the server is."""
        return (f"--pg1-path={into}", "--reset-pg1-host")

    def _missing_log(self, listed: dict[str, Any]) -> list[str]:
        archive = self._archive(listed).get("id")
        missing = []
        for segment in sorted(set(listed["archive"].values()) - {None}):
            folder = f"archive/{self._component.stanza}/{archive}/{segment[:16]}"
            said = self._run("repo-ls", folder, repo=True)
            if not said.code and not any(file.startswith(segment + "-") for file in said.out.splitlines()):
                missing.append(f"the log segment {segment}, without which the copy cannot be started, is missing")
        return missing

    def _archive(self, listed: dict[str, Any]) -> dict[str, Any]:
        """The archived log that a backup belongs to: an upgraded server begins another."""
        number = listed["database"]["id"]
        return next((one for one in self._info()["archive"] if one["database"]["id"] == number), {})

    @cached_property
    def _verified(self) -> list[tuple[str, str]]:
        """The parts of what `verify` says: a heading, and the counts below it."""
        said = self._say("verify", "--output=text", "--verbose", repo=True).out
        return [
            (heading.strip(), " ".join(detail.split()))
            for heading, detail in re.findall(r"^  (\S.*)\n((?:    .*\n?)*)", said, re.MULTILINE)
        ]

    def _info(self, *arguments: str) -> dict[str, Any]:
        """What pgBackRest knows of the stanza. Raises Unreachable when that is not to be relied on."""
        said = self._say("info", "--output=json", *arguments, repo=True)
        stanza: dict[str, Any] = json.loads(said.out, strict=False)[0]  # its messages have line breaks in them
        if stanza["status"]["code"] not in _STANZA_ANSWERS:
            why = [stanza["status"]["message"], *(one["status"]["message"] for one in stanza["repo"])]
            hint = "make the stanza with `pgbackrest stanza-create`, or mend the way to the repository or its key"
            raise Unreachable(self.name, f"pgBackRest says: {' '.join(why[-1].split())}; {hint}")
        return stanza

    def _backups(self) -> list[dict[str, Any]]:
        return sorted(self._info()["backup"], key=lambda listed: listed["timestamp"]["start"])

    def _listed(self, copy_id: str) -> dict[str, Any]:
        for listed in self._backups():
            if listed["label"] == copy_id:
                return listed
        raise Permanent(f"{self.name}: pgBackRest has no backup {copy_id}")

    @cached_property
    def _account(self) -> Account | None:
        try:
            return service_account(self._component.account)
        except ClusterError as error:
            raise Unreachable(self.name, str(error)) from error

    @cached_property
    def _program(self) -> Program:
        where = self._component
        options = {"PGBACKREST_STANZA": where.stanza}
        if where.repository is not None:
            options |= {"PGBACKREST_REPO1_PATH": str(where.repository), "PGBACKREST_LOG_LEVEL_FILE": "off"}
            options |= {"PGBACKREST_PG1_PORT": str(where.port), "PGBACKREST_START_FAST": "y"}
            options |= {"PGBACKREST_PG1_PATH": str(where.data)} if where.data else {}
            options |= {"PGBACKREST_PG1_SOCKET_PATH": str(where.socket)} if where.socket else {}
        return Program(located(self.name, where.program), options, account=self._account)

    def _run(self, command: str, *arguments: str, repo: bool = False) -> Said:
        if command == "version":
            return self._program.run(command)
        config = self._component.config
        source = f"--config={config}" if config else "--no-config"
        chosen = (f"--repo={self._component.repo}",) if repo else ()
        return self._program.run(source, *_QUIET, *chosen, command, *arguments)

    def _say(self, command: str, *arguments: str, repo: bool = False) -> Said:
        said = self._run(command, *arguments, repo=repo)
        if said.code:
            raise self._known_failure(said) or Unreachable(self.name, said.words)
        return said

    def _known_failure(self, said: Said) -> SchoolkeeperError | None:
        if said.code == _LOCKED:
            return Temporary(
                f"{self.name}: another pgBackRest works on the stanza; wait for it", LOCKED_DELAY_SECONDS
            )
        return Unreachable(self.name, said.words) if said.code in _NOT_THERE else None


def _copy(listed: dict[str, Any]) -> Copy:
    return Copy(
        id=listed["label"],
        taken_at=datetime.fromtimestamp(listed["timestamp"]["start"], UTC),
        completed_at=datetime.fromtimestamp(listed["timestamp"]["stop"], UTC),
        size_bytes=listed["info"]["repository"].get("delta"),
        holds=(DATABASE,),
        set_id=(listed.get("annotation") or {}).get(ANNOTATION, ""),
        fault="pages with wrong checksums were copied" if listed.get("error") else "",
    )
