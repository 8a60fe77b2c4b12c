"""The stages of a task without the control plane: look, decide, ask the person, change, look again.

The order is that of a run. What a run keeps in the database stands in the journal here: a step that is noted as
done is not done again, and one that was only begun is repeated, which every step allows.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from pydantic_core import to_jsonable_python

from schoolkeeper.catalogue.task import AnyTask
from schoolkeeper.connectors.act import Act
from schoolkeeper.connectors.look import Look
from schoolkeeper.connectors.run_context import RunContext
from schoolkeeper.connectors.scratch_servers import release
from schoolkeeper.connectors.system import System
from schoolkeeper.connectors.system_lock import OWN_RECORDS, SystemLock
from schoolkeeper.kernel.canonical import digest
from schoolkeeper.kernel.errors import Permanent, Refused, SchoolkeeperError, Temporary, Unreachable
from schoolkeeper.kernel.facts import Facts, Options
from schoolkeeper.kernel.failpoints import failpoint
from schoolkeeper.kernel.finding import Finding, Level
from schoolkeeper.kernel.outcome import Outcome
from schoolkeeper.kernel.plan import Action, Step, plan_digest
from schoolkeeper.ledger.keys import signer_at
from schoolkeeper.profiles.model import Profile
from schoolkeeper.rescue.journal import Journal

ATTEMPTS = 3
UNREACHABLE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Shown:
    """What a person decides on."""

    findings: Sequence[Finding]
    steps: Sequence[Step]
    resumed: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended, and what there is to know afterwards."""

    outcome: Outcome
    says: str
    findings: Sequence[Finding] = ()


@dataclass
class Rescue:
    """One task on one system, from a terminal. `approve` shows a person the plan and returns whether they agree;
    `progress` is told each sentence of what is done.
    """

    task: AnyTask
    system: System
    profile: Profile
    options: Options
    home: Path
    journal: Journal
    by: str
    approve: Callable[[Shown], bool]
    progress: Callable[[str], None] = field(default=lambda sentence: None)
    wait: Callable[[float], None] = time.sleep
    replaces_own: bool = False
    """Whether the database that is changed is the one that Schoolkeeper keeps its runs in."""
    _lock: SystemLock | None = field(default=None, init=False, repr=False)

    def carry_out(self) -> Ended:
        """From the beginning, or from where an interruption left it.

        Raises Refused when it is another order, or when somebody else is changing the system on this machine.
        """
        with self.journal.held(), self._alone():
            return self._from_where_it_was()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """No run of the engine and no other rescue changes the system meanwhile, on this machine."""
        if not self.task.spec.changes_something:
            yield
            return
        key, who = self._key, f"the rescue {self.journal.path.stem} of {self.by}"
        own = SystemLock(self.home, OWN_RECORDS)
        self._lock = SystemLock(self.home, self.system.slug)
        try:
            if self.replaces_own:
                own.take(key, who)
            self._lock.take(key, who)
            before = self._lock.before
            if before is not None and before.key != key and before.was_broken_off:
                self.progress(
                    f"{before} was broken off in the middle of a change of this system; look what it left."
                )
            yield
        finally:
            self._lock.release()
            own.release()

    def _from_where_it_was(self) -> Ended:
        self._begin()
        ended: Ended | None = None
        try:
            ended = self._carry_out()
        finally:
            # Steps that are noted as done rely on what they left there, so it stays for the next call.
            if ended is not None or not self.journal.all("started"):
                release(self._context().workspace)
        if ended.outcome is not Outcome.UNDO_FAILED:  # the same command goes on taking back
            self.journal.note("ended", {"outcome": ended.outcome.value, "says": ended.says})
        return ended

    def _begin(self) -> None:
        """Note what is to be done. While nothing was planned, nothing was changed: the order may be another."""
        order = {
            "task": self.task.spec.id,
            "version": self.task.spec.version,
            "system": self.system.slug,
            "options": self.options.model_dump(mode="json"),
            "definition": digest([self.system, self.profile]),
        }
        earlier = self.journal.newest("begun")
        is_fixed = self.journal.newest("planned") is not None or self.journal.newest("ended") is not None
        if earlier is None or not is_fixed:
            self.journal.note("begun", {**order, "by": self.by, "started_at": datetime.now(UTC).isoformat()})
            return
        if different := [name for name, value in order.items() if earlier[name] != value]:
            raise Refused(
                f"{self.journal.path.name} was begun with another {', '.join(different)}. Go on with the same "
                "definition and options, or begin a new one with another --name."
            )

    @property
    def _key(self) -> str:
        return f"rescue-{self.journal.path.stem}"

    def _context(self) -> RunContext:
        begun = self.journal.newest("begun") or {}
        started_at = datetime.fromisoformat(str(begun["started_at"]))
        return RunContext(self._key, started_at, datetime.now(UTC), self.home, signer_at(self.home))

    def _carry_out(self) -> Ended:
        if ended := self.journal.newest("ended"):
            return Ended(Outcome(ended["outcome"]), f"It has ended already: {ended['says']}")
        planned = self.journal.newest("planned")
        before = self._facts(planned["facts"]) if planned else self._assess()
        steps = self.task.plan(before, self.options)
        if planned and planned["plan"] != plan_digest(steps):
            raise Permanent(
                "The plan is no longer the one that was begun: this is another release of Schoolkeeper."
            )
        findings = self.task.judge(before, self.options)
        if not steps:
            outcome = _outcome(findings, changed=False)
            says = "There is nothing to do." if outcome.is_good else "Nothing was done, for these reasons:"
            return Ended(outcome, says, findings)
        if not self.approve(Shown(findings, steps, resumed=planned is not None)):
            if planned is not None:
                raise Refused(
                    "You did not agree, so nothing more was done; what was begun stands as it is. Run the same "
                    "command again to go on."
                )
            return Ended(Outcome.REFUSED, "You did not agree, so nothing was done.", findings)
        if planned is None:
            stored = to_jsonable_python(before)
            self.journal.note("planned", {"facts": stored, "plan": plan_digest(steps), "by": self.by})
        if failed := self.journal.newest("failed"):
            return self._take_back(steps, str(failed["says"]))
        if failure := self._apply_all(steps):
            return self._take_back(steps, failure)
        return self._verify(steps, before)

    def _assess(self) -> Facts:
        with Look(self.system, self.profile, self._context(), self.task.spec) as look:
            facts: Facts = self.task.assess(look, self.options)
        return facts

    def _facts(self, stored: Any) -> Facts:
        facts: Facts = self.task.facts.model_validate(stored)
        return facts

    def _apply_all(self, steps: Sequence[Step]) -> str:
        """Every step that is not done yet; what went wrong, "" when nothing did."""
        done = {entry["step"] for entry in self.journal.all("done")}
        for number, step in enumerate(steps, start=1):
            if step.key in done:
                continue
            self.progress(f"{number} of {len(steps)}: {step.says}")
            self.journal.note("started", {"step": step.key})
            failpoint(f"rescue.step.started:{step.key}")
            try:
                self._patiently(step.action)
            except SchoolkeeperError as error:
                return f"{step.says} failed: {error}"
            self.journal.note("done", {"step": step.key})
            failpoint(f"rescue.step.done:{step.key}")
        return ""

    def _patiently(self, action: Action) -> None:
        """Try again what may pass, such as a session that does not leave or a store that is away for a moment."""
        for attempt in count(1):
            try:
                self._apply(action)
            except (Temporary, Unreachable) as error:
                if attempt == ATTEMPTS:
                    raise
                delay_seconds = error.delay_seconds if isinstance(error, Temporary) else UNREACHABLE_SECONDS
                self.progress(f"{error} Trying again in {delay_seconds:.0f} s.")
                self.wait(delay_seconds)
            else:
                return

    def _apply(self, action: Action) -> None:
        if self._lock is not None:
            self._lock.note_change()
        with Act(self.system, self.profile, self._context(), self.task.spec) as act:
            self.task.apply(action, act)

    def _take_back(self, steps: Sequence[Step], failure: str) -> Ended:
        """Inverses of the started steps, the last first."""
        if self.journal.newest("failed") is None:
            self.journal.note("failed", {"says": failure})
        started = {entry["step"] for entry in self.journal.all("started")}
        undone = {entry["step"] for entry in self.journal.all("undone")}
        for step in reversed(steps):
            if step.key not in started or step.key in undone or step.inverse is None:
                continue
            self.progress(f"Taking back: {step.says}")
            try:
                self._patiently(step.inverse)
            except SchoolkeeperError as error:
                return Ended(Outcome.UNDO_FAILED, f"{failure} Taking back {step.key} failed: {error}")
            self.journal.note("undone", {"step": step.key})
        return Ended(Outcome.FAILED, f"{failure} What had been done was taken back.")

    def _verify(self, steps: Sequence[Step], before: Facts) -> Ended:
        self.progress("Looking again, to see whether it is as it should be.")
        after = self._assess()
        if more := self.task.plan(after, self.options):
            return self._take_back(steps, f"After the change there is still something to do: {more[0].says}")
        wrong = [one for one in self.task.verify(before, after, self.options) if one.level >= Level.ERROR]
        if wrong:
            return self._take_back(steps, wrong[0].says)
        findings = self.task.judge(after, self.options)
        left = [*self.task.evidence(after), *self.task.evidence_of_change(before, after, self.options)]
        shown = " ".join(one.says for one in left)
        return Ended(_outcome(findings, changed=True), shown or f"{len(steps)} steps done.", findings)


def _outcome(findings: Sequence[Finding], *, changed: bool) -> Outcome:
    worst = {finding.level for finding in findings}
    if Level.ERROR in worst:
        return Outcome.FAILED
    if Level.UNKNOWN in worst:
        return Outcome.UNKNOWN
    return Outcome.OK if changed else Outcome.NOTHING_TO_DO
