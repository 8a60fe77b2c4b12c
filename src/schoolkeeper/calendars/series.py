"""Windows that repeat: planned once as a series, made a year ahead, so that everybody sees what comes.

Each of its windows is a row of its own, which may be moved or cancelled like any other.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q, QuerySet

from schoolkeeper.calendars.clock_rules import rules_of
from schoolkeeper.calendars.entered import faults_of_title
from schoolkeeper.calendars.models import Window, WindowSeries
from schoolkeeper.calendars.recurrence import fault_of, moments
from schoolkeeper.calendars.scope import about
from schoolkeeper.calendars.windows import told
from schoolkeeper.calendars.zones import is_zone
from schoolkeeper.connectors.system import System
from schoolkeeper.kernel.errors import Invalid, Refused
from schoolkeeper.kernel.spec import Risk
from schoolkeeper.records import ledger

HORIZON = timedelta(days=366)
LONGEST_RULE = 500
STRIDE = timedelta(days=7)
"""What is missing at the far end is made a week at a time."""
SHORTEST_MINUTES, LONGEST_MINUTES = 5, 7 * 24 * 60
RHYTHM = frozenset({"rule", "at", "zone", "minutes"})
"""Fields whose change takes away the windows that have not begun, and makes them anew."""
WORDS = frozenset({"title", "allows", "says"})
"""Fields that its windows have too."""
CHANGEABLE = RHYTHM | WORDS | {"reason"}


def of(system: System) -> QuerySet[WindowSeries]:
    """The series of a system that go on."""
    return WindowSeries.objects.filter(about(system.slug, system.institution), ended_at=None)


@transaction.atomic
def begin(
    *,
    title: str,
    rule: str,
    at: time,
    zone: str,
    minutes: int,
    by: str,
    now: datetime,
    system: str = "",
    institution: str = "",
    allows: Risk = Risk.DISRUPTIVE,
    says: str = "",
    reason: str = "",
) -> WindowSeries:
    """Plan a series and make its windows a year ahead; each begins at the wall clock's time `at` in `zone`.

    Raises Invalid listing every fault.
    """
    series = WindowSeries(
        title=title.strip(),
        rule=rule.strip(),
        at=at,
        zone=zone,
        minutes=minutes,
        system=system,
        institution=institution,
        allows=allows,
        says=says.strip(),
        reason=reason.strip(),
        made_by=by,
        made_at=now,
    )
    if faults := list(_faults(series, now)):
        raise Invalid("window series", faults)
    series.save()
    _note(series, "window_series.planned", by)
    _fill(series, now, by, since=now)
    return series


@transaction.atomic
def change(pk: int, fields: Mapping[str, Any], *, by: str, now: datetime) -> WindowSeries:
    """Set fields of a series; windows that have not begun follow, and days that were cancelled stay cancelled.

    Raises Invalid listing every fault.
    """
    series = _going_on(pk)
    known = ", ".join(sorted(CHANGEABLE))
    faults = [f"{name}: unknown; what can be set is {known}" for name in sorted(fields.keys() - CHANGEABLE)]
    changed = {name for name in fields.keys() & CHANGEABLE if getattr(series, name) != fields[name]}
    for name in changed:
        setattr(series, name, fields[name])
    faults += _faults(series, now)
    if faults:
        raise Invalid(f"window series {pk}", faults)
    series.save()
    _note(series, "window_series.changed", by, changed=sorted(changed))
    if changed & RHYTHM:
        _take_away(series, now, by, f"The series {series.title} was changed.")
        _fill(series, now, by, since=now)
    elif changed & WORDS:
        _reword(series, now, by)
    return series


@transaction.atomic
def end(pk: int, *, by: str, reason: str, now: datetime) -> WindowSeries:
    """End a series: windows that have not begun are taken away. Raises Refused without a reason."""
    series = _going_on(pk)
    if not reason.strip():
        raise Refused("Say why: people have been told of its windows.")
    series.ended_at = now
    series.save(update_fields=["ended_at"])
    _note(series, "window_series.ended", by, reason=reason.strip())
    _take_away(series, now, by, reason.strip())
    return series


def make_ahead(now: datetime) -> int:
    """Make the windows that are missing within the year to come; how many.

    Where a government has changed the clocks, those to come are made anew.
    """
    for pk, zone, clocks in _going().exclude(clocks="").values_list("pk", "zone", "clocks"):
        if clocks != rules_of(zone, now):
            _follow_the_clock(pk, now)
    short = _going().filter(Q(made_until=None) | Q(made_until__lt=now + HORIZON - STRIDE))
    return sum(_fill_up(pk, now) for pk in short.values_list("pk", flat=True))


def _going() -> QuerySet[WindowSeries]:
    return WindowSeries.objects.filter(ended_at=None)


@transaction.atomic
def _follow_the_clock(pk: int, now: datetime) -> None:
    series = WindowSeries.objects.select_for_update().get(pk=pk)
    if series.ended_at is None and series.clocks != rules_of(series.zone, now):
        _take_away(series, now, "programme", f"The clocks of {series.zone} go by other rules.")
        _fill(series, now, "programme", since=now)


@transaction.atomic
def _fill_up(pk: int, now: datetime) -> int:
    series = WindowSeries.objects.select_for_update().get(pk=pk)
    return _fill(series, now, "programme", since=max(now, series.made_until or now)) if not series.ended_at else 0


def _fill(series: WindowSeries, now: datetime, by: str, *, since: datetime) -> int:
    """Make the windows of a series from `since` to a year from now.

    None is made on a day whose window was cancelled or has begun: that day is settled.
    """
    zone, until = ZoneInfo(series.zone), now + HORIZON
    there = series.windows.filter(starts_at__gte=since - timedelta(days=1))
    taken = set(there.values_list("starts_at", flat=True))
    settled = there.exclude(cancelled_at=None, opened_at=None).values_list("starts_at", flat=True)
    settled_days = {start.astimezone(zone).date() for start in settled}
    wanted = [
        start
        for start in moments(series.rule, series.at, zone, since, until)
        if start > now and start not in taken and start.astimezone(zone).date() not in settled_days
    ]
    made = Window.objects.bulk_create(_window(series, start, by, now) for start in wanted)
    ledger.append_many([told(window, "window.planned", by) for window in made])
    series.made_until, series.clocks = until, rules_of(series.zone, now)
    series.save(update_fields=["made_until", "clocks"])
    return len(made)


def _window(series: WindowSeries, start: datetime, by: str, now: datetime) -> Window:
    return Window(
        series=series,
        title=series.title,
        starts_at=start,
        ends_at=start + timedelta(minutes=series.minutes),
        system=series.system,
        institution=series.institution,
        allows=series.allows,
        says=series.says,
        made_by=by,
        made_at=now,
    )


def _to_come(series: WindowSeries, now: datetime) -> QuerySet[Window]:
    unbegun = series.windows.filter(starts_at__gt=now, opened_at=None, cancelled_at=None)
    return unbegun.select_for_update()


def _take_away(series: WindowSeries, now: datetime, by: str, reason: str) -> None:
    """What has not begun goes; whoever was told of a window is told that it is cancelled."""
    gone = list(_to_come(series, now))
    ledger.append_many([told(window, "window.cancelled", by, reason=reason) for window in gone])
    Window.objects.filter(pk__in=[window.pk for window in gone]).delete()


def _reword(series: WindowSeries, now: datetime, by: str) -> None:
    windows = list(_to_come(series, now))
    for window in windows:
        window.title, window.allows, window.says = series.title, series.allows, series.says
    Window.objects.bulk_update(windows, sorted(WORDS))
    ledger.append_many([told(window, "window.changed", by) for window in windows])


def _going_on(pk: int) -> WindowSeries:
    series = WindowSeries.objects.select_for_update().filter(pk=pk, ended_at=None).first()
    if series is None:
        raise Refused(f"There is no series {pk} that goes on.")
    return series


def _faults(series: WindowSeries, now: datetime) -> Iterator[str]:
    yield from faults_of_title(str(series.title))
    if len(series.rule) > LONGEST_RULE:
        yield f"rule: at most {LONGEST_RULE} characters"
    if series.system and series.institution:
        yield "system: name a system or an institution, not both"
    if series.allows not in list(Risk):
        yield f"allows: one of {', '.join(str(risk.value) for risk in Risk)}"
    rule_fault = fault_of(series.rule)
    if rule_fault:
        yield f"rule: {rule_fault}"
    is_good_zone = is_zone(series.zone)
    if not is_good_zone:
        yield f"zone: {series.zone!r} is no IANA time zone; write one like Asia/Tashkent"
    if not isinstance(series.at, time) or series.at.second or series.at.microsecond:
        yield "at: write a wall-clock time such as 02:30"
    elif not SHORTEST_MINUTES <= series.minutes <= LONGEST_MINUTES:
        yield f"minutes: from {SHORTEST_MINUTES} to {LONGEST_MINUTES}, which is a week"
    elif not rule_fault and is_good_zone:
        starts = moments(series.rule, series.at, ZoneInfo(series.zone), now, now + HORIZON)
        if _overlap(starts, timedelta(minutes=series.minutes)):
            yield "minutes: each would begin before the one before it is over"


def _overlap(starts: Iterable[datetime], length: timedelta) -> bool:
    return any(later - earlier < length for earlier, later in pairwise(starts))


def _note(series: WindowSeries, kind: str, by: str, **more: object) -> None:
    data = {
        "series": series.pk,
        "title": series.title,
        "institution": series.institution,
        "rule": series.rule,
        "at": f"{series.at:%H:%M}",
        "zone": series.zone,
        "minutes": series.minutes,
        "allows": Risk(series.allows).name.lower(),
        "reason": series.reason,
        **more,
    }
    ledger.append(kind, actor=by, system=series.system, subject=f"window series {series.pk}", data=data)
