"""Freezes, windows and overrides: what is in force, what comes, and what was."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from django.db.models import Min, Q, QuerySet

from schoolkeeper.calendars.models import Freeze, Override, Scoped, Window, WindowSeries
from schoolkeeper.calendars.scope import about
from schoolkeeper.controlroom import rule_words, wording
from schoolkeeper.controlroom.queries.names import Names
from schoolkeeper.controlroom.queries.places import Places
from schoolkeeper.controlroom.queries.tasks import title_of_task
from schoolkeeper.controlroom.wording import Word
from schoolkeeper.estate.models import SystemRecord
from schoolkeeper.kernel.spec import Risk

ScopedT = TypeVar("ScopedT", bound=Scoped)
_MOST = 50
_PAST = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class FreezeRow:
    """One freeze, in the time of the place that it is about."""

    record: Freeze
    about: str
    zone: str
    word: Word
    is_over: bool
    is_in_force: bool

    @property
    def kind(self) -> Word:
        return wording.FREEZES[self.record.kind]


@dataclass(frozen=True, slots=True)
class WindowRow:
    """One window, in the time of the place that it is about."""

    record: Window
    about: str
    zone: str
    word: Word
    is_over: bool
    is_open: bool

    @property
    def allows(self) -> str:
        risk = Risk(self.record.allows)
        return wording.ALLOWS.get(risk, wording.RISKS[risk].text)


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """Windows that repeat, and when the next of them begins."""

    record: WindowSeries
    about: str
    how_often: str
    next_at: datetime | None

    @property
    def is_own_rule(self) -> bool:
        return self.how_often == rule_words.OWN

    @property
    def allows(self) -> str:
        risk = Risk(self.record.allows)
        return wording.ALLOWS.get(risk, wording.RISKS[risk].text)


@dataclass(frozen=True, slots=True)
class OverrideRow:
    """One override; `what` is the task that it is for."""

    record: Override
    about: str
    zone: str
    what: str
    word: Word
    is_open: bool
    waits: bool


RowT = TypeVar("RowT", bound="FreezeRow | WindowRow")


def freeze_rows(now: datetime, places: Places, system: SystemRecord | None) -> list[FreezeRow]:
    """Those in force first, then those to come, then those of the last three months."""
    found = _about(Freeze.objects.all(), system).filter(ends_at__gt=now - _PAST)
    rows = [_freeze(record, now, places) for record in found.order_by("starts_at")[: 4 * _MOST]]
    return _in_order(rows, lambda row: row.is_in_force)


def window_rows(now: datetime, places: Places, system: SystemRecord | None) -> list[WindowRow]:
    """Those open first, then those to come, then those of the last three months."""
    still_open = Q(opened_at__isnull=False, closed_at=None)
    alive = _about(Window.objects.all(), system).filter(Q(ends_at__gt=now) | still_open, cancelled_at=None)
    gone = _about(Window.objects.all(), system).filter(ends_at__gt=now - _PAST).exclude(pk__in=alive.values("pk"))
    records = [*alive.order_by("starts_at")[:_MOST], *gone.order_by("-starts_at")[:_MOST]]
    rows = [_window(record, now, places) for record in records]
    return _in_order(rows, lambda row: row.is_open)


def series_rows(now: datetime, places: Places, system: SystemRecord | None) -> list[SeriesRow]:
    """Windows that repeat and go on, by their titles."""
    to_come = Q(windows__starts_at__gt=now, windows__cancelled_at=None)
    found = _about(WindowSeries.objects.filter(ended_at=None), system)
    rows = found.annotate(next_at=Min("windows__starts_at", filter=to_come))
    return [
        SeriesRow(row, places.name_of(row), rule_words.in_words(row.rule), row.next_at) for row in rows[:_MOST]
    ]


def override_rows(now: datetime, names: Names, system: SystemRecord | None) -> list[OverrideRow]:
    """Those that wait or are in force first, then those of the last three months."""
    found = Override.objects.filter(asked_at__gt=now - _PAST)
    if system is not None:
        found = found.filter(system=system.slug)
    rows = [_override(record, now, names) for record in found.order_by("-asked_at")[:_MOST]]
    return sorted(rows, key=lambda row: not row.is_open)


def in_force(
    now: datetime, places: Places
) -> tuple[Sequence[FreezeRow], Sequence[FreezeRow], Sequence[WindowRow]]:
    """Of all systems: the freezes in force, those of the next 30 days, and the windows that are open."""
    alive = Freeze.objects.filter(lifted_at=None, ends_at__gt=now, starts_at__lt=now + timedelta(days=30))
    frozen = [_freeze(record, now, places) for record in alive.order_by("starts_at")[:_MOST]]
    overrun = Q(opened_at__isnull=False, closed_at=None)
    open_now = Window.objects.filter(Q(ends_at__gt=now) | overrun, cancelled_at=None, starts_at__lte=now)
    windows = [_window(record, now, places) for record in open_now.order_by("ends_at")[:_MOST]]
    return [one for one in frozen if one.is_in_force], [one for one in frozen if not one.is_in_force], windows


def _about(records: QuerySet[ScopedT], system: SystemRecord | None) -> QuerySet[ScopedT]:
    return records if system is None else records.filter(about(system.slug, system.institution))


def _in_order(rows: list[RowT], goes_on: Callable[[RowT], bool]) -> list[RowT]:
    """What goes on, what comes (the next first), what is over (the latest first)."""
    over = [row for row in rows if row.is_over]
    over.sort(key=lambda row: row.record.starts_at, reverse=True)
    return [*sorted((row for row in rows if not row.is_over), key=lambda row: not goes_on(row)), *over]


def _freeze(record: Freeze, now: datetime, places: Places) -> FreezeRow:
    is_over = record.lifted_at is not None or record.ends_at <= now
    is_in_force = not is_over and record.starts_at <= now
    if record.lifted_at:
        word = wording.FREEZE_LIFTED
    elif is_over:
        word = wording.FREEZE_OVER
    else:
        word = wording.FREEZES[record.kind] if is_in_force else wording.FREEZE_COMING
    return FreezeRow(record, places.name_of(record), places.zone_of(record), word, is_over, is_in_force)


def _window(record: Window, now: datetime, places: Places) -> WindowRow:
    overrun = record.overrun_at is not None and record.closed_at is None
    is_open = record.cancelled_at is None and record.starts_at <= now and (record.ends_at > now or overrun)
    is_over = record.cancelled_at is not None or (record.ends_at <= now and not is_open)
    if record.cancelled_at:
        word = wording.WINDOW_CANCELLED
    elif is_open:
        word = wording.WINDOW_OVERRUN if overrun else wording.WINDOW_OPEN
    else:
        word = wording.WINDOW_OVER if is_over else wording.WINDOW_COMING
    return WindowRow(record, places.name_of(record), places.zone_of(record), word, is_over, is_open)


def _override(record: Override, now: datetime, names: Names) -> OverrideRow:
    system = names[record.system]
    is_open = record.ended_at is None and record.expires_at > now
    if record.ended_at:
        word = wording.OVERRIDE_ENDED
    elif not is_open:
        word = wording.OVERRIDE_EXPIRED
    else:
        word = wording.OVERRIDE_GRANTED if record.granted_by else wording.OVERRIDE_ASKED
    what = title_of_task(record.task) if record.task else "any task"
    waits = is_open and not record.granted_by
    return OverrideRow(record, system.name, system.zone, what, word, is_open, waits)
