"""Governments change their clocks, at times with a few weeks' notice: by what rules the clock of a zone goes."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from schoolkeeper.calendars import recurrence

# What is made ahead lies within; always the same years, so that only other rules make another digest.
_FIRST, _LAST = datetime(2024, 1, 1, tzinfo=UTC), datetime(2051, 1, 1, tzinfo=UTC)
_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)


def rules_of(name: str, now: datetime) -> str:
    """What stands for the rules of a zone, as this machine has them; it looks once an hour.

    A process that has gone by older rules until now goes by these from then on. Raises ZoneInfoNotFoundError.
    """
    return _of_hour(name, now.replace(minute=0, second=0, microsecond=0))


@lru_cache(maxsize=1024)
def _of_hour(name: str, hour: datetime) -> str:
    told = _digest(ZoneInfo.no_cache(name))
    if told != _digest(ZoneInfo(name)):
        ZoneInfo.clear_cache(only_keys=[name])
        recurrence.forget()
    return told


def _digest(zone: ZoneInfo) -> str:
    text = " ".join(f"{at:%Y%m%d%H%M}{offset.total_seconds():+.0f}" for at, offset in _changes(zone))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _changes(zone: ZoneInfo) -> Iterator[tuple[datetime, timedelta]]:
    """When the clock is set, to the minute, and its offset from then on; nobody sets one twice a day."""
    before, at = _offset(_FIRST, zone), _FIRST
    yield at, before
    while at < _LAST:
        at += _DAY
        if (after := _offset(at, zone)) != before:
            yield _first_minute(at - _DAY, at, before, zone), after
            before = after


def _first_minute(low: datetime, high: datetime, before: timedelta, zone: ZoneInfo) -> datetime:
    while high - low > _MINUTE:
        middle = low + ((high - low) // 2 // _MINUTE) * _MINUTE
        low, high = (middle, high) if _offset(middle, zone) == before else (low, middle)
    return high


def _offset(at: datetime, zone: ZoneInfo) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()
