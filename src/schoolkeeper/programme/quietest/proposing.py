"""From a heat map to windows: the quietest stretch of each weekday. Pure."""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time

from schoolkeeper.catalogue.load.activity.facts import SourceFacts, Week
from schoolkeeper.programme.quietest.heat import Heat

HOUR, DAY = 60, 24 * 60
NIGHT_MINUTE = 3 * HOUR
"""Between stretches that are equally quiet, the one whose middle is nearest to 03:00 is taken."""
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@dataclass(frozen=True, slots=True)
class Proposal:
    """`weekday` 0 is Monday; `at` is by the clock of `zone`. `reason` says the numbers."""

    weekday: int
    at: time
    minutes: int
    zone: str
    share_percent: float
    reason: str

    @property
    def rule(self) -> str:
        return f"FREQ=WEEKLY;BYDAY={_DAYS[self.weekday]}"


def propose(heat: Heat, minutes: int) -> tuple[Proposal, ...]:
    """For each weekday the quietest stretch of so many minutes (at most a day) that begins on it, Monday first.

    It begins at a full hour and may pass midnight. Nothing is proposed where the heat map says nothing.
    """
    if heat.unknown or not 0 < minutes <= DAY:
        return ()
    return tuple(_of_day(heat, weekday, minutes) for weekday in range(7))


def _of_day(heat: Heat, weekday: int, minutes: int) -> Proposal:
    shares = {hour: _share(heat.share_percent, weekday, hour, minutes) for hour in range(24)}
    hour = min(shares, key=lambda hour: (round(shares[hour], 6), _from_night(hour, minutes), hour))
    proposal = Proposal(weekday, time(hour), minutes, heat.zone, shares[hour], "")
    says = _reason(heat, proposal, busiest_percent=max(shares.values()))
    return Proposal(weekday, proposal.at, minutes, heat.zone, shares[hour], says)


def _share(week: Week, weekday: int, hour: int, minutes: int) -> float:
    return sum(week[day][at] * part for day, at, part in _covered(weekday, hour, minutes))


def _covered(weekday: int, hour: int, minutes: int) -> Iterator[tuple[int, int, float]]:
    """The hours of the week that a stretch covers, each with the part of it."""
    for number in range(-(-minutes // HOUR)):
        at = weekday * 24 + hour + number
        yield at // 24 % 7, at % 24, min(minutes - number * HOUR, HOUR) / HOUR


def _from_night(hour: int, minutes: int) -> float:
    """How far the middle of a stretch is from the night's, in minutes, whichever way is shorter."""
    distance = (hour * HOUR + minutes / 2 - NIGHT_MINUTE) % DAY
    return min(distance, DAY - distance)


def _reason(heat: Heat, proposal: Proposal, busiest_percent: float) -> str:
    day = calendar.day_name[proposal.weekday]
    each = "; ".join(_told(source, proposal) for source in heat.sources)
    return (
        f"{day} {proposal.at:%H:%M} is where {proposal.minutes} minutes that begin on a {day} disturb least: "
        f"{proposal.share_percent:.2f} % of a week's activity, against {busiest_percent:.2f} % at worst "
        f"({each}; counted at {heat.seen_at:%Y-%m-%d})."
    )


def _told(source: SourceFacts, proposal: Proposal) -> str:
    count = _share(source.per_hour, proposal.weekday, proposal.at.hour, proposal.minutes)
    return f"{source.name}: {count:,.1f} {source.kind} on average, over {source.weeks:.1f} weeks"
