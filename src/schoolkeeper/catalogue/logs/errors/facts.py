"""What `logs.errors` is asked and what it sees."""

from datetime import datetime
from typing import ClassVar

from pydantic import Field

from schoolkeeper.kernel.facts import Facts, Options


class ErrorsOptions(Options):
    window_hours: int = Field(24, ge=1, le=168, description="The hours to judge")
    baseline_days: int = Field(7, ge=1, le=90, description="The days before them to compare with")
    many_count: int = Field(100, ge=2, description="A new error met this often is serious")
    rising_factor: float = Field(3, gt=1, description="Rising: this many times as often per hour as before")
    rising_count: int = Field(10, ge=1, description="…and met at least this often")
    error_warning_percent: float = Field(1, gt=0, le=100, description="Warn from this share of failed requests")
    error_error_percent: float = Field(5, gt=0, le=100, description="Error from this share of failed requests")
    requests_count: int = Field(50, ge=1, description="Judge that share from this many requests on")
    rejected_percent: float = Field(1, gt=0, le=100, description="Warn from this share of lines not understood")
    silent_count: int = Field(20, ge=1, description="Silent: nothing, where so many entries were to be expected")
    limit_megabytes: int = Field(256, ge=1, description="Read at most this much of each source, from its end")


class PatternFacts(Facts):
    """Errors that say the same. `text` is masked; the counts are those of the window and of the baseline."""

    id: str
    text: str
    count: int
    baseline_count: int
    first_at: datetime
    last_at: datetime


class SourceFacts(Facts):
    """One log source. `baseline_hours` is how far before the window the log reaches, at most the baseline.

    `patterns` are those met in the window, new ones and frequent ones first; `patterns_left_out` counts the rest.
    """

    name: str
    kind: str
    entries: int
    rejected: int = 0
    rejected_example: str = ""
    cut_bytes: int = 0
    covers_window: bool = True
    window_entries: int
    window_errors: int = 0
    baseline_entries: int = 0
    baseline_hours: float = 0
    latency_p95_ms: float | None = None
    patterns: list[PatternFacts] = Field(default_factory=list)
    patterns_left_out: int = 0
    faults: list[str] = Field(default_factory=list)

    @property
    def error_percent(self) -> float:
        return 100 * self.window_errors / max(self.window_entries, 1)

    @property
    def rejected_percent(self) -> float:
        return 100 * self.rejected / max(self.rejected + self.entries, 1)

    @property
    def is_fresh(self) -> bool:
        """Whether the log reaches back too little to tell what is new."""
        return self.baseline_hours < 24


class Fault(Facts):
    """A source that could not be read, and why."""

    part: str
    reason: str


class LogsFacts(Facts):
    volatile: ClassVar[frozenset[str]] = frozenset({"seen_at"})

    seen_at: datetime
    sources: list[SourceFacts]
    faults: list[Fault] = Field(default_factory=list)
