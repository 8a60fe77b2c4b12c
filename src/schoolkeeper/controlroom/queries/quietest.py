"""The week of a system by the hour: how busy each is, and where changes would disturb least."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time

from schoolkeeper.calendars import series
from schoolkeeper.calendars.models import WindowSeries
from schoolkeeper.catalogue.load.activity.task import Activity
from schoolkeeper.controlroom import wording
from schoolkeeper.controlroom.wording import Word
from schoolkeeper.estate.models import SystemRecord
from schoolkeeper.programme.quietest.choosing import quietest
from schoolkeeper.programme.quietest.heat import Heat, heat_of
from schoolkeeper.programme.quietest.proposing import Proposal, propose
from schoolkeeper.records.models import Run

HOURS_OF_A_WEEK = 168
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
BANDS: Sequence[tuple[float, str]] = (
    (0, "nobody at all"),
    (0.25, "up to a quarter of an even hour"),
    (1, "up to an even hour"),
    (2, "up to twice an even hour"),
    (float("inf"), "more than that"),
)
"""Up to how many times the share that each hour would have if all were alike, and what that is called."""
EVEN_PERCENT = 100 / HOURS_OF_A_WEEK
_SHOWN_AS_NOTHING = 0.005


@dataclass(frozen=True, slots=True)
class Cell:
    """One hour; `band` is the place in `BANDS`."""

    hour: int
    percent: float
    band: int
    is_proposed: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """A proposal, with when it ends and whether it is the quietest of all."""

    proposal: Proposal
    day: str
    ends: time
    ends_next_day: bool
    is_quietest: bool


@dataclass(frozen=True, slots=True)
class Quiet:
    """All that the page shows. Without a `heat` nobody has counted; `newest` is the newest attempt to."""

    heat: Heat | None
    rows: Sequence[tuple[str, Sequence[Cell]]]
    offers: Sequence[Offer]
    newest: Run | None
    word: Word | None
    planned: Sequence[WindowSeries]


def quiet_hours(record: SystemRecord, minutes: int, now: datetime) -> Quiet:
    """The heat map of a system and the windows of so many minutes that it proposes; with none, why not."""
    heat = heat_of(record.slug, now, record.timezone)
    newest = Run.objects.filter(system=record.slug, task=Activity.spec.id).order_by("-id").first()
    word = None
    if newest is not None:
        word = wording.OUTCOMES[newest.outcome] if newest.outcome else wording.STATES.get(newest.state)
    planned = list(series.of(record.system()))
    if heat is None or heat.unknown:
        return Quiet(heat, (), (), newest, word, planned)
    offered = propose(heat, minutes)
    best = quietest(offered)
    proposed = {hour for one in offered for hour in _hours(one)}
    rows = [
        (DAYS[day], [_cell(day, hour, percent, proposed) for hour, percent in enumerate(shares)])
        for day, shares in enumerate(heat.share_percent)
    ]
    return Quiet(heat, rows, [_offer(one, best) for one in offered], newest, word, planned)


def band_of(percent: float) -> int:
    """Where a share of the week stands in `BANDS`."""
    if percent < _SHOWN_AS_NOTHING:
        return 0
    return next(place for place, (most, _) in enumerate(BANDS) if percent <= most * EVEN_PERCENT)


def _cell(day: int, hour: int, percent: float, proposed: set[int]) -> Cell:
    return Cell(hour, percent, band_of(percent), day * 24 + hour in proposed)


def _hours(one: Proposal) -> list[int]:
    """The hours of the week that a proposal touches, counted from Monday 00:00."""
    first = one.weekday * 24 + one.at.hour
    return [(first + number) % HOURS_OF_A_WEEK for number in range(-(-one.minutes // 60))]


def _offer(one: Proposal, best: Proposal) -> Offer:
    ended = one.at.hour * 60 + one.at.minute + one.minutes
    ends = time(ended // 60 % 24, ended % 60)
    return Offer(one, DAYS[one.weekday], ends, ended >= 24 * 60, one is best)
