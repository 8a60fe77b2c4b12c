"""Reading iCalendar (RFC 5545): from a text to events with a beginning and an end in UTC. Pure."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import recurring_ical_events  # type: ignore[import-untyped]
from icalendar import Calendar

from schoolkeeper.calendars.academic.categories import guess
from schoolkeeper.calendars.academic.found import Found, midnight
from schoolkeeper.calendars.academic.lines import WHAT, Place, places
from schoolkeeper.calendars.recurrence import as_utc, fault_of
from schoolkeeper.kernel.errors import Invalid

MOST_EVENTS = 5000
"""Of one calendar within the time looked at, repetitions included."""
STRETCH = timedelta(days=92)
SHORTEST = timedelta(minutes=1)
"""What has a time and no length is a moment, such as that of publishing results."""
Parsed = Any
"""A part of a calendar as `icalendar` reads it: its values are of thirty types, none of which can be relied on."""
_TIMES = ("DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID")
_REPEATED = ("RRULE", "RDATE", "RECURRENCE-ID")
_LONGEST_UID, _LONGEST_TITLE = 300, 500


def read(text: str, zone: ZoneInfo, since: datetime, until: datetime) -> tuple[Found, ...]:
    """The events of a calendar that touch [since, until), repetitions written out, those called off left out.

    Days without a time begin and end at midnight in `zone`, which is also that of times without a zone. Raises
    Invalid naming the line of every fault; faults in anything that tells no time are no concern of ours.
    """
    where = places(text)
    try:
        calendars = Calendar.from_ical(text.removeprefix("\ufeff"), multiple=True)
    except ValueError as error:
        raise Invalid(WHAT, [f"it is no sound iCalendar: {str(error)[:200]}"]) from error
    events = [event for calendar in calendars for event in calendar.walk("VEVENT")]
    faults = [fault for event, place in zip(events, where, strict=True) for fault in _faults(event, place, zone)]
    if faults:
        raise Invalid(WHAT, faults)
    _name(events)
    repeated = {str(event["UID"]) for event in events if any(name in event for name in _REPEATED)}
    found = [one for calendar in calendars for one in _expand(calendar, repeated, zone, since, until)]
    return tuple({one.uid: one for one in found}.values())


def _expand(
    calendar: Parsed, repeated: set[str], zone: ZoneInfo, since: datetime, until: datetime
) -> Iterator[Found]:
    try:
        events = list(islice(_touching(calendar, zone, since, until), MOST_EVENTS + 1))
    except ValueError as error:
        raise Invalid(WHAT, [f"its repetitions cannot be worked out: {str(error)[:200]}"]) from error
    if len(events) > MOST_EVENTS:
        says = f"more than {MOST_EVENTS:,} events between {since:%Y-%m-%d} and {until:%Y-%m-%d}"
        raise Invalid(WHAT, [f"{says}: export only the academic calendar"])
    for event in events:
        if str(event.get("STATUS", "")).upper() != "CANCELLED":
            yield _found(event, repeated, zone)


def _touching(calendar: Parsed, zone: ZoneInfo, since: datetime, until: datetime) -> Iterator[Parsed]:
    """Some months at a time, so that a calendar of countless events is noticed before all are made."""
    query = recurring_ical_events.of(calendar)
    begin = since
    while begin < until:
        end = min(begin + STRETCH, until)
        for event in query.between(begin, end):
            starts_at = _moment(event["DTSTART"].dt, zone)
            if begin <= starts_at < end or (begin == since and starts_at < since):
                yield event
        begin = end


def _found(event: Parsed, repeated: set[str], zone: ZoneInfo) -> Found:
    series, title = str(event["UID"]), _title(event)
    starts_at, ends_at = _span(event, zone)
    uid = series
    if series in repeated:
        original = event["RECURRENCE-ID"].dt if "RECURRENCE-ID" in event else event["DTSTART"].dt
        uid = f"{series}/{original:%Y-%m-%d}"
    return Found(
        uid=uid,
        series=series,
        title=title,
        category=guess(_categories(event), title),
        starts_at=starts_at,
        ends_at=ends_at,
        all_day=not isinstance(event["DTSTART"].dt, datetime),
    )


def _span(event: Parsed, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Beginning and end; a day without an end lasts a day, a moment without one has the shortest length."""
    start = event["DTSTART"].dt
    if "DTEND" in event:
        end = event["DTEND"].dt
    elif "DURATION" in event:
        end = start + event["DURATION"].dt
    else:
        end = start
    starts_at, ends_at = _moment(start, zone), _moment(end, zone)
    if ends_at == starts_at:
        is_day = not isinstance(start, datetime)
        ends_at = _moment(start + timedelta(days=1), zone) if is_day else starts_at + SHORTEST
    return starts_at, ends_at


def _moment(when: date, zone: ZoneInfo) -> datetime:
    if not isinstance(when, datetime):
        return midnight(when, zone)
    return when.astimezone(ZoneInfo("UTC")) if when.tzinfo else as_utc(when, zone)


def _faults(event: Parsed, place: Place, zone: ZoneInfo) -> Iterator[str]:
    broken = [(name, says) for name, says in event.errors if name in _TIMES]
    for name, says in broken:
        yield f"line {place.of(name)}: {name} of {_title(event)!r}: {says}"
    several = [name for name in ("DTSTART", "DTEND", "DURATION") if isinstance(event.get(name), list)]
    for name in several:
        yield f"line {place.of(name)}: {_title(event)!r} has more than one {name}"
    if broken or several:
        return
    if "DTSTART" not in event:
        yield f"line {place.line}: {_title(event)!r} has no DTSTART: say when it begins"
        return
    odd = [name for name in ("DTSTART", "DTEND") if name in event and not _is_usable(event[name])]
    for name in odd:
        yield f"line {place.of(name)}: {name} of {_title(event)!r} is no date or time between 1900 and 2200"
    if odd:
        return
    for name in ("DTSTART", "DTEND"):
        if name in event and _lacks_zone(event[name]):
            says = f"the zone {event[name].params['TZID']!r} is unknown: use an IANA name or add its VTIMEZONE"
            yield f"line {place.of(name)}: {name} of {_title(event)!r}: {says}"
    starts_at, ends_at = _span(event, zone)
    if ends_at < starts_at:
        yield f"line {place.of('DTEND')}: {_title(event)!r} ends before it begins"
    for rule in _many(event.get("RRULE")):
        if fault := _rule_fault(rule.to_ical().decode()):
            yield f"line {place.of('RRULE')}: RRULE of {_title(event)!r}: {fault}"


def _rule_fault(text: str) -> str:
    """Rules are refused that the expansion would never come to an end of."""
    parts = [part for part in text.upper().split(";") if not part.startswith(("COUNT=", "UNTIL="))]
    if "FREQ=HOURLY" in parts:
        return "no entry of a school's calendar repeats more often than daily"
    return fault_of(";".join(parts))


def _is_usable(value: Any) -> bool:
    return isinstance(value.dt, date) and 1900 <= value.dt.year <= 2200


def _lacks_zone(value: Any) -> bool:
    return isinstance(value.dt, datetime) and value.dt.tzinfo is None and "TZID" in value.params


def _name(events: Iterable[Parsed]) -> None:
    """Give each event a UID of its own: some exports leave it out, or give all the same one."""
    masters = [event for event in events if "RECURRENCE-ID" not in event]
    counted = Counter(str(event.get("UID", "")) for event in masters)
    for event in events:
        uid = str(event.get("UID", ""))
        if not uid or (counted[uid] > 1 and "RECURRENCE-ID" not in event):
            told = f"{_title(event)}|{event['DTSTART'].to_ical().decode()}"
            uid = f"{uid[:_LONGEST_UID]}#{hashlib.sha256(told.encode()).hexdigest()[:16]}"
        elif len(uid) > _LONGEST_UID:
            uid = f"{uid[:_LONGEST_UID]}#{hashlib.sha256(uid.encode()).hexdigest()[:16]}"
        event["UID"] = uid


def _title(event: Parsed) -> str:
    title = " ".join(str(next(iter(_many(event.get("SUMMARY"))), "")).split())
    return title[:_LONGEST_TITLE] or "(without a title)"


def _categories(event: Parsed) -> list[str]:
    return [str(name) for group in _many(event.get("CATEGORIES")) for name in getattr(group, "cats", [group])]


def _many(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
