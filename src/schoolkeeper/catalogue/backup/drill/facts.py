"""What `backup.drill` sees, and the record that a drill leaves: a proof."""

from datetime import datetime, timedelta
from typing import ClassVar, Literal

from pydantic import Field

from schoolkeeper.connectors.databases.fault import Fault
from schoolkeeper.kernel.facts import Facts

FORMAT: Literal["schoolkeeper-proof/1"] = "schoolkeeper-proof/1"
PHASES = ("prepare", "restore", "compare", "integrity", "files", "start")
# What must be done in an emergency as well; looking whether it came out right is not counted.
RECOVERY = ("prepare", "restore", "files")


class Phase(Facts):
    """One phase: how long it took, what it counted and found; `skipped` says why it could not be carried out.

    `parts` are seconds of parts of it, such as those until the ERP answered. `unclaimed` is what could not be
    compared because it changed while it was saved: the proof does not speak of it, so it does not fail by it.
    """

    name: str
    seconds: float
    counts: dict[str, int] = Field(default_factory=dict)
    parts: dict[str, float] = Field(default_factory=dict)
    faults: list[Fault] = Field(default_factory=list)
    unclaimed: list[str] = Field(default_factory=list)
    skipped: str = ""

    @property
    def holds(self) -> bool:
        grave = (fault for fault in self.faults if fault.level in ("error", "unknown"))
        return not self.skipped and all(
            fault.code == "not_compared" and fault.subject in self.unclaimed for fault in grave
        )


class Proof(Facts):
    """The record of a restore of one set by one run; bound to the set by the SHA-256 of its manifest."""

    format: Literal["schoolkeeper-proof/1"] = FORMAT
    set: str
    run: str
    manifest_sha256: str
    server: str
    concluded_at: datetime
    holds: bool
    phases: list[Phase]

    @property
    def seconds(self) -> float:
        return sum(phase.seconds for phase in self.phases)

    @property
    def faults(self) -> list[Fault]:
        return [fault for phase in self.phases for fault in phase.faults]

    @property
    def unclaimed(self) -> list[str]:
        return [subject for phase in self.phases for subject in phase.unclaimed]

    def count(self, name: str) -> int:
        return sum(phase.counts.get(name, 0) for phase in self.phases)

    @property
    def recovery_seconds(self) -> float:
        """How long it takes until the ERP is back: the measured RTO."""
        started = sum(phase.parts.get("start", 0) for phase in self.phases)
        return sum(self.phase_seconds(name) for name in RECOVERY) + started

    def phase_seconds(self, name: str) -> float:
        return sum(phase.seconds for phase in self.phases if phase.name == name)


class KeyFacts(Facts):
    """A key that can open the set, and when it was last seen to open one; None: never."""

    recipient: str
    checked_at: datetime | None


class DrillFacts(Facts):
    """`set` is the set to prove ("" when there is none) and `proof` what this run has found out about it.

    `obstacle` says why nothing can be proven here: no key, or no PostgreSQL of that version. `unsound` is why the
    set's manifest cannot be used. `last_proven_at` is the end of the newest proof that holds of any set as it is
    now. `keys` are those that people keep. `damaged_proofs` are records, as "set/run", that cannot be read.
    """

    volatile: ClassVar[frozenset[str]] = frozenset({"now"})

    now: datetime
    rto: timedelta
    set: str
    taken_at: datetime | None
    rpo: timedelta = timedelta(hours=24)
    size_bytes: int | None = None
    tools: dict[str, str] = Field(default_factory=dict)
    unsound: str
    obstacle: str
    proof: Proof | None
    last_proven_at: datetime | None
    damaged_proofs: list[str]
    keys: list[KeyFacts] = Field(default_factory=list)
