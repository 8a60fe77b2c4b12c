"""What a task declares about itself: everything else in the product is derived from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from pathlib import Path


class Kind(Enum):
    """Maintenance types of ISO/IEC/IEEE 14764."""

    PREVENTIVE = "preventive"
    CORRECTIVE = "corrective"
    ADAPTIVE = "adaptive"


class Risk(IntEnum):
    """How much a run may disturb; approvals and permissions follow from it."""

    READ_ONLY = 0
    ROUTINE = 1
    DISRUPTIVE = 2
    DESTRUCTIVE = 3


class Undo(Enum):
    """How a run is taken back."""

    NOTHING_WRITTEN = "nothing written"
    """The task only looks."""
    STEPWISE = "step by step"
    """Every step carries its inverse."""
    DERIVED = "derived data"
    """Writes only what the component can compute again from its own rows (statistics, indexes): no
    information can be lost, so there is nothing to take back; running it again is the repair."""
    RESTORE_POINT = "restore point"
    """Taken back by restoring a proven backup set that was made first; the gate demands one."""
    FORWARD_ONLY = "forward only"
    """Cannot be taken back: a named person must approve."""
    BY_RULE = "by rule"
    """Cannot be taken back, and needs no person each time: it takes away only what a rule that people set no
    longer keeps, and refuses whatever goes beyond the limits of that rule."""


class Cadence(Enum):
    """A task's usual place in the programme; a system may override it."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    ANNUAL = "annual"


class Event(Enum):
    """What may happen to a system that some tasks are to follow."""

    ERP_UPDATED = "erp.updated"
    DATABASE_UPDATED = "database.updated"
    BACKUP_TOOL_UPDATED = "backup_tool.updated"
    SCHOOLKEEPER_UPDATED = "schoolkeeper.updated"


# What a task may declare under `reads` or `writes` that is no part of a system: its own working space.
NOT_OF_THE_SYSTEM = frozenset({"scratch"})
# Where copies are kept: writing there changes nothing that the ERP's users see.
BESIDE_THE_ERP = NOT_OF_THE_SYSTEM | {"store", "restic", "pgbackrest", "barman"}
IMPLICIT_FINDINGS = {
    "unknown": "Could not look",
    "failed": "The run did not succeed",
    "missed": "It was due and did not happen",
}
# Their reason is that of the one time; what to do about them is the same for all tasks (docs/programme.md).
NOT_IN_RUNBOOKS = frozenset({"failed", "missed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """The declaration of one task.

    `id` is permanent and never reused. `reads` and `writes` are component kinds: a Look or an Act hands out
    no others; "a|b" is content with either. What a task can do without stands in `reads_if_there` and
    `writes_if_there`. `findings` maps the last part of each finding code to its title; those in IMPLICIT_FINDINGS
    exist for every task and are not listed. `requirements` are item numbers (M001…M144). `after` are ids of tasks
    that come first when the programme runs both on one day. `after_events` are what it follows besides its
    cadence.
    """

    id: str
    version: int
    title: str
    summary: str
    kind: Kind
    risk: Risk
    undo: Undo
    reads: frozenset[str]
    reads_if_there: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    writes_if_there: frozenset[str] = frozenset()
    cadence: Cadence | None
    after_events: frozenset[Event] = frozenset()
    requirements: frozenset[str]
    findings: Mapping[str, str] = field(default_factory=dict)
    approver: str | None = None
    after: frozenset[str] = frozenset()
    home: Path

    @property
    def runbook(self) -> Path:
        """The page that a person follows when this task reports something."""
        return self.home / "runbook.md"

    @property
    def codes(self) -> frozenset[str]:
        """Every finding code that a run of this task can report, in full."""
        return frozenset(f"{self.id}.{suffix}" for suffix in (*self.findings, *IMPLICIT_FINDINGS))

    def title_of(self, code: str) -> str:
        """The title of a finding code of this task."""
        suffix = code.removeprefix(f"{self.id}.")
        return self.findings.get(suffix) or IMPLICIT_FINDINGS.get(suffix, code)

    @property
    def readable(self) -> frozenset[str]:
        """The component kinds that this task may look at."""
        return frozenset(kind for need in self.reads | self.reads_if_there for kind in need.split("|"))

    @property
    def writable(self) -> frozenset[str]:
        """The component kinds that this task may change."""
        return frozenset(kind for need in self.writes | self.writes_if_there for kind in need.split("|"))

    def fits(self, kinds: frozenset[str]) -> bool:
        """Whether a system with components of these kinds has one for every need of the task."""
        needs = {need for need in self.reads | self.writes if need not in NOT_OF_THE_SYSTEM}
        return all(kinds & set(need.split("|")) for need in needs)

    @property
    def changes_something(self) -> bool:
        return bool(self.writes)

    @property
    def changes_the_erp(self) -> bool:
        """Whether it may change what the ERP works with; taking and pruning copies of it does not."""
        return bool(self.writable - BESIDE_THE_ERP)
