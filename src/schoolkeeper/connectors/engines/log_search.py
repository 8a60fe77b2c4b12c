"""Searching the archived log: what was committed in a span of time, after a place, or under a number or a name."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from schoolkeeper.connectors.engines.archived_log import ArchivedLog
from schoolkeeper.connectors.engines.protocol import Segment
from schoolkeeper.connectors.postgres.timeline import End, Gathering, Transaction, end_of, restore_point_of
from schoolkeeper.connectors.postgres.waldump import position

# Engines tell the times of their files in whole seconds.
ROUNDING = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Named:
    """A restore point; it lies between these times. The first is None when its segment has no commit before it."""

    after: datetime | None
    not_after: datetime


@dataclass(frozen=True, slots=True)
class Later:
    """What was committed from a place in the log on; not all of it (`complete`) when that was too much to read."""

    transactions: list[Transaction]
    complete: bool


def between(log: ArchivedLog, gathering: Gathering, since: datetime, until: datetime) -> list[Transaction]:
    """What was committed from `since` on and not after `until`. Rows that a transaction wrote more than a segment
    before `since` are not counted."""
    first = next((n for n, one in enumerate(log.segments) if one.archived_at + ROUNDING >= since), None)
    if first is None:
        return []
    for segment in log.segments[max(0, first - 1) :]:
        for record in log.read(segment):
            gathering.take(record)
        if gathering.last_commit is not None and gathering.last_commit > until:
            break
    return [one for one in gathering.transactions() if since <= one.committed_at <= until]


def after(log: ArchivedLog, gathering: Gathering, lsn: int, segment_bytes: int, limit: int) -> Later:
    """What was committed from a place in the log on, as far as `limit` segments from there tell."""
    segments = [one for one in log.segments if position(one.name, segment_bytes) + segment_bytes > lsn]
    for segment in segments[:limit]:
        for record in log.read(segment):
            gathering.take(record)
    return Later([one for one in gathering.transactions() if one.lsn >= lsn], len(segments) <= limit)


def find_transaction(log: ArchivedLog, xid: int) -> End | None:
    """How a transaction, or the one that it was a savepoint of, ended; None when the log does not tell."""
    for segment in reversed(log.segments):
        for record in log.read(segment):
            end = end_of(record)
            if end is not None and (end.xid == xid or xid in end.inner):
                return end
    return None


def find_restore_point(log: ArchivedLog, name: str) -> Named | None:
    """The newest restore point of a name."""
    for segment in reversed(log.segments):
        found, last = None, None
        for record in log.read(segment):
            if (end := end_of(record)) is not None:
                last = end.at
            if restore_point_of(record) == name:
                found = Named(last, segment.archived_at)
        if found is not None:
            return found
    return None


def reaches(segments: list[Segment]) -> datetime | None:
    """Until when something was archived."""
    return max((one.archived_at for one in segments), default=None)
