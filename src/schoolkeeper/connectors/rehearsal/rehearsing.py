"""Does the ERP that was brought back work? Started, walked through, compared with what production showed."""

import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from schoolkeeper.connectors.databases.fault import Fault
from schoolkeeper.connectors.databases.protocol import QueryFailed
from schoolkeeper.connectors.rehearsal import account, golden
from schoolkeeper.connectors.rehearsal.golden import GoldenRows
from schoolkeeper.connectors.rehearsal.home import CODE, Home
from schoolkeeper.connectors.rehearsal.isolation import PortTaken
from schoolkeeper.connectors.rehearsal.places import fill
from schoolkeeper.connectors.rehearsal.restored import Copy
from schoolkeeper.connectors.rehearsal.starting import DidNotStart, Running, Start, running, with_port
from schoolkeeper.connectors.rehearsal.walking import walk
from schoolkeeper.connectors.web.component import WebComponent
from schoolkeeper.kernel.errors import Permanent
from schoolkeeper.kernel.facts import Facts
from schoolkeeper.profiles.model import Profile

ATTEMPTS = 5


class Rehearsed(Facts):
    """What a rehearsal found. `seconds_to_start` is None when the ERP did not come up, `isolated` when it was not
    even tried; `why` says what could not be had of its isolation, "" when it is whole."""

    faults: list[Fault] = Field(default_factory=list)
    seconds_to_start: float | None = None
    seconds_to_walk: float = 0.0
    isolated: bool | None = None
    why: str = ""
    counts: dict[str, int] = Field(default_factory=dict)


def rehearse(
    code: Path,
    folders: Mapping[str, Path],
    database_url: str,
    profile: Profile,
    golden_saved: GoldenRows,
    workspace: Path,
    web: WebComponent | None = None,
) -> Rehearsed:
    """Start the restored ERP on the restored copy and walk through it. May be repeated after an interruption.

    `code` and `folders` (by the names of their components) are what was restored, below `workspace`; the ERP may
    change them. `database_url` is the copy's, on this machine; what acts on the world is switched off in it.
    `golden_saved` was kept with the set (`golden_rows`). `web` is the system's own web component: its account is
    used where the profile makes none. Nothing of the ERP runs or lies about afterwards. Raises Permanent when what
    is given is not a copy in the workspace.
    """
    copy = Copy(database_url)
    _require_copies([code, *folders.values()], copy, workspace)
    found = [fault for one in profile.golden for fault in golden.row_faults(one, golden_saved, copy)]
    counts = {"golden_records": sum(len(golden_saved.get(one.name, ())) for one in profile.golden)}
    if profile.rehearsal is None:
        found.append(_unknown(profile.title, "its profile does not say how it is started"))
        return Rehearsed(faults=found, counts=counts)
    folder = workspace / "rehearsal"
    folder.mkdir(mode=0o700, exist_ok=True)
    restored = {name: folders[name] for name in profile.rehearsal.folders if name in folders}
    home = Home(folder / "home", profile.rehearsal, {**restored, CODE: code})
    try:
        rehearsed = _Rehearsal(home, copy, profile, golden_saved, folder, web).carry_out()
    finally:
        shutil.rmtree(folder)
    return rehearsed.model_copy(update={"faults": found + rehearsed.faults, "counts": counts | rehearsed.counts})


def _require_copies(folders: Sequence[Path], copy: Copy, workspace: Path) -> None:
    for folder in folders:
        if not folder.resolve().is_relative_to(workspace.resolve()):
            raise Permanent(f"{folder} is no copy in the workspace {workspace}, so no ERP is started on it.")
    if copy.places["database_host"] not in ("127.0.0.1", "localhost"):
        raise Permanent("The database is not on this machine's loopback address, so it is no copy of ours.")


@dataclass(frozen=True, slots=True)
class _Rehearsal:
    home: Home
    copy: Copy
    profile: Profile
    saved: GoldenRows
    folder: Path
    web: WebComponent | None

    def carry_out(self) -> Rehearsed:
        for _ in range(ATTEMPTS):
            try:
                return self._attempt()
            except PortTaken:
                continue
        return Rehearsed(faults=[_unknown(self.profile.title, "there is no free port to start it on")])

    def _attempt(self) -> Rehearsed:
        values = with_port({"python": sys.executable, **self.copy.places, **self.home.places})
        try:
            values["version"] = self._version()
            faults = self.home.furnish(self.profile, values)
            if missing := self.home.missing(values):
                return Rehearsed(faults=[*faults, _no_start(missing, "the set does not hold it")])
            self.copy.run([fill(statement, values) for statement in self.home.rehearsal.neutralise.sql])
        except QueryFailed as error:
            says = f"it was not started, because the copy could not be prepared ({error})"
            return Rehearsed(faults=[_unknown("neutralise", says)])
        try:
            component = self._component(values)
        except QueryFailed as error:
            says = f"the copy takes no account to sign in with ({error})"
            return Rehearsed(faults=[*faults, Fault(code="journey_fails", subject="sign in", found=says)])
        return self._started(component, values, faults)

    def _started(self, component: WebComponent, values: Mapping[str, str], faults: list[Fault]) -> Rehearsed:
        headers = self.profile.web.headers
        start = Start(
            home=self.home, values=values, headers=headers, database_port=self.copy.port, folder=self.folder
        )
        try:
            with running(start) as erp:
                began = time.monotonic()
                walked = walk(component, self.profile, self.saved)
                return Rehearsed(
                    faults=[*faults, *_explained(walked.faults, erp)],
                    seconds_to_start=erp.seconds,
                    seconds_to_walk=round(time.monotonic() - began, 3),
                    isolated=erp.isolation.isolated,
                    why=erp.isolation.why,
                    counts=walked.counts,
                )
        except DidNotStart as error:
            return Rehearsed(
                faults=[*faults, _no_start("an ERP that answers", str(error))],
                isolated=error.isolation.isolated,
                why=error.isolation.why,
            )

    def _version(self) -> str:
        if not (query := self.profile.version.database):
            return ""
        rows = self.copy.rows(query)
        return str(rows[0]["version"]) if rows else ""

    def _component(self, values: Mapping[str, str]) -> WebComponent:
        """The copy as a web component, with the account to sign in with."""
        address = {"kind": "web", "url": values["url"]}
        if (sign_in := self.home.rehearsal.sign_in) is not None:
            secret = self.folder / "password"
            account.make(sign_in, self.copy, values, secret)
            address |= {"username": sign_in.username, "password": f"file:{secret}"}
        elif self.web is not None and self.web.username and self.web.password:
            address |= {"username": self.web.username, "password": self.web.password}
        return WebComponent.model_validate(address)


def _explained(faults: list[Fault], erp: Running) -> list[Fault]:
    """The first fault with what the ERP itself says; those that follow mostly have the same cause."""
    said = erp.said() if faults else ""
    if not said:
        return faults
    first = faults[0]
    return [first.model_copy(update={"found": f"{first.found}. {said}"}), *faults[1:]]


def _no_start(expected: str, found: str) -> Fault:
    return Fault(code="erp_does_not_start", subject="ERP", expected=expected, found=found)


def _unknown(subject: str, found: str) -> Fault:
    return Fault(code="unknown", subject=subject, found=found, level="unknown")
