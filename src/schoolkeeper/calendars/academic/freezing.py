"""Freezes that follow events: made, moved and taken away with them. What a person lifted stays lifted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from schoolkeeper.calendars.academic.found import midnight
from schoolkeeper.calendars.academic.rules import LONGEST_HOURS, Rule, drop_rule, rules_of, store_rule
from schoolkeeper.calendars.freezes import note
from schoolkeeper.calendars.models import AcademicEvent, Freeze
from schoolkeeper.calendars.zones import zones_of


@dataclass(frozen=True, slots=True)
class _Wanted:
    kind: str
    title: str
    starts_at: datetime
    ends_at: datetime


@transaction.atomic
def set_rule(
    institution: str,
    category: str,
    kind: str,
    *,
    by: str,
    now: datetime,
    hours_before: int = 0,
    hours_after: int = 0,
) -> None:
    """Treat a kind of event so from now on; freezes of events that are not over follow. Raises Invalid."""
    store_rule(institution, category, kind, hours_before, hours_after, by=by)
    _follow_everywhere(institution, by=by, now=now)


@transaction.atomic
def reset_rule(institution: str, category: str, *, by: str, now: datetime) -> None:
    """Treat a kind of event as is usual again."""
    if drop_rule(institution, category, by=by):
        _follow_everywhere(institution, by=by, now=now)


@transaction.atomic
def follow(institution: str, *, by: str, now: datetime) -> int:
    """Bring the freezes of an institution's events into line with them and its rules; how many changed.

    What is over is left as it was.
    """
    longest = timedelta(hours=LONGEST_HOURS)
    rows = AcademicEvent.objects.filter(institution=institution, ends_at__gt=now - longest)
    events = list(rows.select_for_update(of=("self",)).order_by("starts_at", "id"))
    freezes = {freeze.event_id: freeze for freeze in Freeze.objects.filter(event__in=events)}
    rules, zones = rules_of(institution), zones_of(institution)
    return sum(
        _follow(event, freezes.get(event.pk), _wanted(event, rules[event.category], zones), by, now)
        for event in events
    )


@transaction.atomic
def withdraw(events: Iterable[AcademicEvent], *, by: str, now: datetime) -> None:
    """Take away the freezes of events that are about to vanish."""
    for freeze in Freeze.objects.filter(event__in=list(events)):
        _withdraw(freeze, by, now)


def _follow_everywhere(institution: str, *, by: str, now: datetime) -> None:
    """A rule for everybody (without an institution) is also that of those who have none of their own."""
    names = {institution}
    if not institution:
        names |= set(AcademicEvent.objects.order_by().values_list("institution", flat=True).distinct())
    for name in sorted(names):
        follow(name, by=by, now=now)


def _wanted(event: AcademicEvent, rule: Rule, zones: Sequence[ZoneInfo]) -> _Wanted | None:
    """The freeze that an event should have.

    Days begin and end at midnight everywhere in the institution: from the first of its zones to the last.
    """
    if not rule.kind:
        return None
    starts_at, ends_at = event.starts_at, event.ends_at
    if event.all_day:
        first, last = (moment.astimezone(zones[0]).date() for moment in (starts_at, ends_at))
        starts_at = min(midnight(first, zone) for zone in zones)
        ends_at = max(midnight(last, zone) for zone in zones)
    return _Wanted(rule.kind, event.title, starts_at - rule.before, ends_at + rule.after)


def _follow(event: AcademicEvent, freeze: Freeze | None, wanted: _Wanted | None, by: str, now: datetime) -> bool:
    """Whether anything was changed."""
    if wanted is None:
        return freeze is not None and freeze.ends_at > now and _withdraw(freeze, by, now)
    if wanted.ends_at <= now and (freeze is None or freeze.ends_at <= now):
        return False
    if freeze is None:
        _declare(event, wanted, by, now)
        return True
    return _change(freeze, wanted, by)


def _declare(event: AcademicEvent, wanted: _Wanted, by: str, now: datetime) -> None:
    freeze = Freeze.objects.create(
        kind=wanted.kind,
        title=wanted.title,
        starts_at=wanted.starts_at,
        ends_at=wanted.ends_at,
        institution=event.institution,
        event=event,
        made_by=by,
        made_at=now,
    )
    note(freeze, "freeze.declared", by, because=f"{event.category}: {event.title}")


def _change(freeze: Freeze, wanted: _Wanted, by: str) -> bool:
    was = _Wanted(freeze.kind, freeze.title, freeze.starts_at, freeze.ends_at)
    if was == wanted:
        return False
    freeze.kind, freeze.title = wanted.kind, wanted.title
    freeze.starts_at, freeze.ends_at = wanted.starts_at, wanted.ends_at
    freeze.save(update_fields=["kind", "title", "starts_at", "ends_at"])
    note(
        freeze,
        "freeze.changed",
        by,
        was_kind=was.kind,
        was_starts_at=was.starts_at.isoformat(),
        was_ends_at=was.ends_at.isoformat(),
    )
    return True


def _withdraw(freeze: Freeze, by: str, now: datetime) -> bool:
    """One that has not begun is taken away, one in force ends now; one that was lifted is remembered as such."""
    if freeze.lifted_at is not None or freeze.ends_at <= now:
        return False
    note(freeze, "freeze.withdrawn", by)
    if freeze.starts_at >= now:
        freeze.delete()
    else:
        freeze.ends_at = now
        freeze.save(update_fields=["ends_at"])
    return True
