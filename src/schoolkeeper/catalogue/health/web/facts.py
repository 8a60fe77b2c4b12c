"""What is seen of a web application."""

from datetime import datetime
from statistics import median
from typing import ClassVar

from pydantic import Field

from schoolkeeper.kernel.facts import Facts


class CheckFacts(Facts):
    """One address, asked several times. `wrong` is the first fault, met `wrong_count` times; `maintenance`
    and `no_answer` end the asking."""

    volatile: ClassVar[frozenset[str]] = frozenset({"latency_ms"})

    name: str
    latency_ms: list[float]
    latency_warning_ms: int
    latency_error_ms: int
    wrong: str = ""
    wrong_count: int = 0
    maintenance: bool = False
    no_answer: str = ""

    @property
    def median_ms(self) -> float | None:
        return median(self.latency_ms) if self.latency_ms else None


class CertificateFacts(Facts):
    expires_at: datetime
    problem: str = ""


class StepFacts(Facts):
    volatile: ClassVar[frozenset[str]] = frozenset({"elapsed_ms"})

    name: str
    elapsed_ms: float


class JourneyFacts(Facts):
    steps: list[StepFacts]
    broken_at: str = ""
    problem: str = ""
    maintenance: bool = False


class Fault(Facts):
    """A part that could not be looked at, and why."""

    part: str
    reason: str


class WebFacts(Facts):
    """`certificate` is None for plain http; `version` is None where the profile names no place for it."""

    volatile: ClassVar[frozenset[str]] = frozenset({"seen_at"})

    seen_at: datetime
    checks: list[CheckFacts]
    certificate: CertificateFacts | None = None
    journey: JourneyFacts | None = None
    version: str | None = None
    faults: list[Fault] = Field(default_factory=list)

    @property
    def no_answer(self) -> str:
        """Why the server gave no answer, "" when it gave one to every check."""
        return next((check.no_answer for check in self.checks if check.no_answer), "")

    @property
    def in_maintenance(self) -> bool:
        return any(check.maintenance for check in self.checks) or bool(self.journey and self.journey.maintenance)

    @property
    def certificate_days(self) -> float | None:
        if self.certificate is None:
            return None
        return (self.certificate.expires_at - self.seen_at).total_seconds() / 86_400
