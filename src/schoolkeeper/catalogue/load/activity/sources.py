"""Reading the sources of activity: the profile's query and the access logs."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from schoolkeeper.catalogue.load.activity.counting import Hours, weeks_between
from schoolkeeper.catalogue.load.activity.facts import ActivityOptions, SourceFacts
from schoolkeeper.connectors.logs.look import Entry, LogReading
from schoolkeeper.connectors.look import Look
from schoolkeeper.kernel.errors import Unreachable

# Where at least this share of requests says who is signed in, the others are monitors, robots and passers-by.
SIGNED_IN_SHARE = 0.1


def entries(look: Look, options: ActivityOptions) -> SourceFacts:
    """What people entered, by the profile's query. Raises Unreachable."""
    now, zone = look.run.now.timestamp(), look.system.timezone
    since = (look.run.now - timedelta(weeks=options.weeks)).timestamp()
    hours, first_at = Hours(zone), now
    for at, count in _counted(look):
        first_at = min(first_at, at)
        if since <= at < now:
            hours.add(at, count)
    begin = max(since, first_at)
    return SourceFacts(
        name="database",
        kind="entries",
        weeks=weeks_between(begin, now),
        actions=hours.total,
        per_hour=hours.per_hour(begin, now),
    )


def requests(look: Look, name: str, options: ActivityOptions) -> SourceFacts:
    """What people asked for, by an access log. Raises Unreachable."""
    now, zone = look.run.now.timestamp(), look.system.timezone
    since = look.run.now - timedelta(weeks=options.weeks)
    limit_bytes = options.limit_megabytes * 1_000_000
    reading = look.logs().entries(name, look.profile.logs[name], since, zone=zone, limit_bytes=limit_bytes)
    everybody, signed_in = Hours(zone), Hours(zone)
    for entry in _until(reading, now):
        everybody.add(entry.at)
        if entry.field("user") not in ("", "-"):
            signed_in.add(entry.at)
    is_told = signed_in.total >= SIGNED_IN_SHARE * max(everybody.total, 1)
    hours = signed_in if is_told else everybody
    begin = max(since.timestamp(), now if reading.first_at is None else reading.first_at)
    return SourceFacts(
        name=name,
        kind="requests",
        weeks=weeks_between(begin, now),
        actions=hours.total,
        per_hour=hours.per_hour(begin, now),
        signed_in_only=is_told,
        lines=reading.entries,
        rejected=reading.rejected,
        cut_bytes=reading.cut_bytes,
        faults=reading.faults,
    )


def _until(reading: LogReading, now: float) -> Iterator[Entry]:
    return (entry for entry in reading if entry.at < now)


def _counted(look: Look) -> Iterator[tuple[float, int]]:
    """Each hour (or part of one) with its number of actions."""
    stored_as, zone = look.profile.times.stored_as, ZoneInfo(look.system.timezone)
    for row in look.database().rows(look.profile.queries.activity):
        yield _seconds(row["hour"], stored_as, zone), int(row["actions"])


def _seconds(value: Any, stored_as: str, zone: ZoneInfo) -> float:
    """A time as the product stores it, in seconds since 1970 UTC."""
    if stored_as == "epoch":
        return float(value)
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(moment, datetime):
        raise Unreachable("database", "the profile's query for activity answers with an `hour` that is no time")
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone if stored_as == "site" else UTC)
    return moment.timestamp()
