"""Looking at what Barman has, letting it check, and recovering."""

import json
import os
import pwd
import re
from collections.abc import Sequence
from configparser import ConfigParser, Error
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Self

from schoolkeeper.connectors.engines import recovery
from schoolkeeper.connectors.engines.barman.component import BarmanComponent
from schoolkeeper.connectors.engines.program import Program, Said, located
from schoolkeeper.connectors.engines.protocol import Capabilities, Copy, Moment, Segment
from schoolkeeper.connectors.postgres.account import Account, service_account
from schoolkeeper.connectors.postgres.cluster_errors import ClusterError
from schoolkeeper.kernel.errors import Permanent, SchoolkeeperError, Temporary, Unreachable

DATABASE = "database"
NAME = "schoolkeeper-"  # and the set's id: what we call our backups
DONE = "DONE"
LOCKED_DELAY_SECONDS = 60
LOG_FOLDER = "barman_wal"
_LOCKED = ("Another ", "already in progress")
_NOT_THERE = ("Unknown server", "please run barman as", "the configured user", "Impossible to start the backup")
_SEGMENT = re.compile(r"[0-9A-F]{24}")


class BarmanLook:
    capabilities: ClassVar[Capabilities] = Capabilities("physical", files=False, point_in_time=True, deletes=True)

    def __init__(self, name: str, component: BarmanComponent) -> None:
        self.name = name
        self._component = component

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def version(self) -> str:
        said = self._program.run("--version")
        return f"Barman {said.out.split()[0]}" if said.out else "Barman"

    def copies(self) -> list[Copy]:
        """With those that failed or are not finished, which belong to no set."""
        return sorted((self._copy(one) for one in self._listed()), key=lambda copy: copy.taken_at)

    def check(self, copy_id: str) -> list[str]:
        """Whether the log that the copy needs is there, and its files are as the server's own manifest says, which
        copies by rsync may lack. Barman itself notes a copy as failed when it finds log missing."""
        shown = self._shown(copy_id)
        said = self._run("check-backup", self._component.server, copy_id)
        faults = self._faults(said)
        if shown.get("base_backup_information", {}).get("backup_method") == "postgres":
            faults += self._faults(self._run("verify-backup", self._component.server, copy_id))
        status = self._shown(copy_id)["status"]
        return faults if status == DONE else [*faults, f"Barman says that it is {status}"]

    def fetch_dump(self, copy_id: str, into: Path) -> None:
        raise Permanent(f"{self.name}: Barman keeps a server's own files, not a dump")

    def fetch_files(self, copy_id: str, component: str, into: Path, only: Sequence[str] = ()) -> None:
        raise Permanent(f"{self.name}: Barman keeps a server's own files, no others")

    def fetch_server(self, copy_id: str, into: Path, moment: Moment) -> None:
        """What the server needs of its log comes along."""
        shown = self._shown(copy_id)
        if shown["status"] != DONE:
            raise Permanent(f"{self.name}: the copy {copy_id} is not whole: Barman says {shown['status']}")
        if shown["tablespaces"]:
            raise Permanent(f"{self.name}: the server has tablespaces, which are not supported")
        recovery.require_possible(moment, _time(shown["base_backup_information"].get("end_time")))
        recovery.prepare(into, self._barman_account)
        where = (self._component.server, copy_id, str(into))
        said = self._run("recover", "--no-get-wal", *_target(moment), *where)
        if said.code:
            raise self._known_failure(said) or Permanent(
                f"{self.name}: {copy_id} cannot be recovered: {self._why(said)}"
            )
        self._hand_over(into)
        segments = [path.name for path in (into / LOG_FOLDER).iterdir() if _SEGMENT.fullmatch(path.name)]
        log = recovery.Log(f'cp {LOG_FOLDER}/%f "%p"', max(segments, default=""), f"rm -rf {LOG_FOLDER}")
        recovery.settle(into, self._account, moment, log)

    def system_identifier(self, copy_id: str) -> str:
        return str(self._shown(copy_id)["system_id"])

    def log(self) -> list[Segment]:
        """From the oldest copy on; what `barman cron` has not taken in yet is not among it."""
        paths: set[str] = set()
        for listed in self._listed():
            if listed["status"] == DONE:
                said = self._say("list-files", "--target", "wal", self._component.server, listed["backup_id"])
                paths.update(said.get("_INFO", ()))
        segments = {path.name: path for path in map(Path, paths) if _SEGMENT.fullmatch(path.name)}
        try:
            return [
                Segment(name, datetime.fromtimestamp(path.stat().st_mtime, UTC))
                for name, path in sorted(segments.items())
            ]
        except OSError as error:
            raise Unreachable(self.name, f"Barman's log cannot be looked at: {error}") from error

    def fetch_log(self, segment: str, into: Path) -> None:
        recovery.lend(into, self._barman_account)
        said = self._run("get-wal", "--output-directory", str(into), self._component.server, segment)
        if said.code:
            raise self._known_failure(said) or Permanent(
                f"{self.name}: the log segment {segment} cannot be read: {self._why(said)}"
            )

    def _copy(self, listed: dict[str, Any]) -> Copy:
        copy_id, status = listed["backup_id"], listed["status"]
        whole = status == DONE
        times = self._shown(copy_id)["base_backup_information"] if whole else {}
        # Ids are local times.
        begun = datetime.strptime(copy_id, "%Y%m%dT%H%M%S").astimezone(UTC)
        name = listed.get("backup_name") or ""
        return Copy(
            id=copy_id,
            taken_at=_time(times.get("begin_time")) or begun,
            completed_at=_time(times.get("end_time")),
            size_bytes=listed.get("size_bytes"),
            holds=(DATABASE,) if whole else (),
            set_id=name.removeprefix(NAME) if whole and name.startswith(NAME) else "",
            fault="" if whole else f"Barman says that it is {status}",
        )

    def _listed(self) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self._say("list-backups", self._component.server)[self._component.server]
        return listed

    def _shown(self, copy_id: str) -> dict[str, Any]:
        if all(one["backup_id"] != copy_id for one in self._listed()):
            raise Permanent(f"{self.name}: Barman has no backup {copy_id}")
        server = self._component.server
        shown: dict[str, Any] = self._say("show-backup", server, copy_id)[server]
        return shown

    def _hand_over(self, into: Path) -> None:
        """From Barman's account to PostgreSQL's."""
        if (account := self._account) is None:
            return
        for folder, folders, files in os.walk(into):
            for path in (Path(folder), *(Path(folder, name) for name in [*folders, *files])):
                os.chown(path, account.uid, account.gid, follow_symlinks=False)

    @cached_property
    def _account(self) -> Account | None:
        try:
            return service_account(self._component.account)
        except ClusterError as error:
            raise Unreachable(self.name, str(error)) from error

    @cached_property
    def _barman_account(self) -> Account | None:
        """Who Barman becomes when root starts it."""
        if os.geteuid() != 0:
            return None
        parser = ConfigParser(interpolation=None)
        try:
            parser.read_string(self._component.config.read_text())
            entry = pwd.getpwnam(parser.get("barman", "barman_user", fallback="barman"))
        except (OSError, Error, KeyError) as error:
            raise Unreachable(self.name, f"Barman's account is not known: {error}") from error
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)

    @cached_property
    def _program(self) -> Program:
        return Program(located(self.name, self._component.program))

    def _run(self, command: str, *arguments: str) -> Said:
        return self._program.run("-c", str(self._component.config), "--format", "json", command, *arguments)

    def _say(self, command: str, *arguments: str) -> dict[str, Any]:
        said = self._run(command, *arguments)
        if said.code:
            raise self._known_failure(said) or Unreachable(self.name, self._why(said))
        return _parsed(said)

    def _faults(self, said: Said) -> list[str]:
        if said.code and (failure := self._known_failure(said)):
            raise failure
        return [self._why(said)] if said.code else []

    def _why(self, said: Said) -> str:
        answer = _parsed(said)
        lines = [
            line for key in ("_ERROR", "_EXCEPTION") for text in answer.get(key, ()) for line in text.splitlines()
        ]
        return " / ".join(lines) or said.words

    def _known_failure(self, said: Said) -> SchoolkeeperError | None:
        why = self._why(said)
        if any(words in why for words in _LOCKED):
            return Temporary(f"{self.name}: Barman is at work on this server: {why}", LOCKED_DELAY_SECONDS)
        return Unreachable(self.name, why) if any(words in why for words in _NOT_THERE) else None


def _target(moment: Moment) -> tuple[str, ...]:
    """So that Barman brings the log along that is needed; how far it is used is settled elsewhere."""
    latest = ("--target-tli", "latest")
    if moment.time is not None:
        return ("--target-time", moment.time.isoformat(), *latest)
    if moment.transaction:
        return ("--target-xid", moment.transaction, *latest)
    if moment.name:
        return ("--target-name", moment.name, *latest)
    return latest if moment.latest else ("--target-immediate",)


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


def _parsed(said: Said) -> dict[str, Any]:
    try:
        answer = json.loads(said.out)
    except json.JSONDecodeError:
        return {}
    return answer if isinstance(answer, dict) else {}
