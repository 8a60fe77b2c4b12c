"""What `load.activity` is asked and what it sees."""

from datetime import datetime
from typing import ClassVar, Literal

from pydantic import Field

from schoolkeeper.kernel.facts import Facts, Options

# A log's first line seldom stands at the very minute at which the weeks begin.
TOLERANCE_WEEKS = 0.1

Week = list[list[float]]
"""Seven lists of 24 numbers, from Monday 00:00 by the system's clock."""


class ActivityOptions(Options):
    weeks: int = Field(8, ge=1, le=52, description="The weeks to look back")
    least_weeks: int = Field(2, ge=1, le=52, description="Say nothing about a week from less than so many")
    rejected_percent: float = Field(1, gt=0, le=100, description="Warn from this share of lines not understood")
    limit_megabytes: int = Field(256, ge=1, description="Read at most this much of each access log, from its end")


class SourceFacts(Facts):
    """One source: `entries` are what people entered, by the database; `requests` are the lines of an access log.

    `per_hour` is the mean of that hour of the week over the `weeks` that the source covers. `signed_in_only` says
    that requests without a user were left out. Of the lines of a log `rejected` were not understood.
    """

    name: str
    kind: Literal["entries", "requests"]
    weeks: float
    actions: int
    per_hour: Week
    signed_in_only: bool = False
    lines: int = 0
    rejected: int = 0
    cut_bytes: int = 0
    faults: list[str] = Field(default_factory=list)

    @property
    def rejected_percent(self) -> float:
        return 100 * self.rejected / max(self.rejected + self.lines, 1)

    def tells(self, options: ActivityOptions) -> bool:
        """Whether it covers enough weeks, and anybody did anything in them."""
        needed_weeks = min(options.least_weeks, options.weeks) - TOLERANCE_WEEKS
        return self.actions > 0 and self.weeks >= needed_weeks


class Fault(Facts):
    """A source that could not be read, and why."""

    part: str
    reason: str


class ActivityFacts(Facts):
    volatile: ClassVar[frozenset[str]] = frozenset({"seen_at"})

    seen_at: datetime
    zone: str
    sources: list[SourceFacts]
    faults: list[Fault] = Field(default_factory=list)

    def telling(self, options: ActivityOptions) -> list[SourceFacts]:
        """The sources that say something about a week."""
        return [source for source in self.sources if source.tells(options)]
