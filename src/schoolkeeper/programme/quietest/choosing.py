"""Making windows of what is proposed for a system."""

from datetime import datetime

from schoolkeeper.calendars import series
from schoolkeeper.calendars.models import WindowSeries
from schoolkeeper.catalogue.load.activity.task import Activity
from schoolkeeper.estate.care import find
from schoolkeeper.kernel.errors import Invalid, Refused
from schoolkeeper.kernel.spec import Risk
from schoolkeeper.programme.quietest.heat import heat_of
from schoolkeeper.programme.quietest.proposing import DAY, Proposal, propose


def proposals(system: str, minutes: int, now: datetime) -> tuple[Proposal, ...]:
    """The quietest stretch of each weekday, Monday first.

    Raises Invalid for a system that is not in care or a length that is no part of a day, and Refused saying why
    nothing can be proposed: what is unknown is not quiet.
    """
    zone = find(system).timezone
    if not series.SHORTEST_MINUTES <= minutes <= DAY:
        raise Invalid("window", [f"minutes: from {series.SHORTEST_MINUTES} to {DAY}, which is a day"])
    heat = heat_of(system, now, zone)
    if heat is None:
        raise Refused(f"Nobody has counted yet when {system} is quiet: run {Activity.spec.id}.")
    if heat.unknown:
        raise Refused(heat.unknown)
    return propose(heat, minutes)


def quietest(offered: tuple[Proposal, ...]) -> Proposal:
    """The quietest of all; between equals the later in the week, which is nearer to the weekend."""
    return min(offered, key=lambda one: (round(one.share_percent, 6), -one.weekday))


def choose(
    system: str,
    minutes: int,
    *,
    by: str,
    now: datetime,
    weekday: int | None = None,
    title: str = "Maintenance",
    allows: Risk = Risk.DISRUPTIVE,
    says: str = "",
) -> WindowSeries:
    """Plan a window each week where it disturbs least: on `weekday` (0 is Monday), or on the best of all.

    The series says why it is then. Raises as `proposals` and `series.begin` do.
    """
    offered = proposals(system, minutes, now)
    if weekday is not None and weekday not in range(7):
        raise Invalid("window", ["weekday: from 0 (Monday) to 6 (Sunday)"])
    chosen = quietest(offered) if weekday is None else offered[weekday]
    return series.begin(
        title=title,
        rule=chosen.rule,
        at=chosen.at,
        zone=chosen.zone,
        minutes=chosen.minutes,
        system=system,
        allows=allows,
        says=says,
        reason=chosen.reason,
        by=by,
        now=now,
    )
