"""Windows: planning and cancelling them, which one is open, and what each moment of their lives tells everybody.

Each change is an entry of the ledger (`window.planned`, `.changed`, `.moved`, `.opened`, `.shortened`,
`.overrun`, `.closed`, `.cancelled`) with all that there is to know: whoever sends notices or keeps a status page
follows those.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from schoolkeeper.calendars.entered import faults_of_stretch
from schoolkeeper.calendars.models import Window
from schoolkeeper.calendars.scope import about
from schoolkeeper.connectors.system import System
from schoolkeeper.estate.models import SystemRecord
from schoolkeeper.kernel.errors import Invalid, Refused
from schoolkeeper.kernel.spec import Kind, Risk, Spec
from schoolkeeper.records import ledger


def of(system: System) -> QuerySet[Window]:
    """Every window of a system that nobody has cancelled, past ones too."""
    return Window.objects.filter(about(system.slug, system.institution), cancelled_at=None)


def needs_window(spec: Spec) -> bool:
    """Whether a task waits for a window: what disturbs users and could be planned. Repairing cannot be planned."""
    return spec.changes_the_erp and spec.risk >= Risk.DISRUPTIVE and spec.kind is not Kind.CORRECTIVE


def open_at(system: System, now: datetime, risk: Risk = Risk.READ_ONLY) -> Window | None:
    """The window of a system that allows this risk now: the one that ends last."""
    return of(system).filter(starts_at__lte=now, ends_at__gt=now, allows__gte=risk).order_by("-ends_at").first()


def next_after(system: System, now: datetime, risk: Risk = Risk.READ_ONLY) -> Window | None:
    """The next window of a system that allows this risk."""
    return of(system).filter(starts_at__gt=now, allows__gte=risk).order_by("starts_at").first()


def has_any(system: System) -> bool:
    """Whether windows are planned for a system at all; without any, nothing waits for one."""
    return of(system).exists()


def alerts_held(system: System, now: datetime) -> Window | None:
    """The window because of which nobody is alerted now, overrun included; what is seen is recorded still."""
    in_overrun = Q(opened_at__isnull=False, closed_at=None)
    in_time = Q(ends_at__gt=now)
    return of(system).filter(in_overrun | in_time, starts_at__lte=now).order_by("-ends_at").first()


def outside_the_service_level(system: System, since: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
    """The stretches within [since, until) that do not count as downtime, ascending, those that touch made one.

    An overrun counts: users were told that it would be over.
    """
    rows = of(system).filter(starts_at__lt=until, ends_at__gt=since).values_list("starts_at", "ends_at")
    merged: list[tuple[datetime, datetime]] = []
    for start, end in sorted((max(start, since), min(end, until)) for start, end in rows):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


@transaction.atomic
def plan(
    *,
    title: str,
    starts_at: datetime,
    ends_at: datetime,
    by: str,
    now: datetime,
    system: str = "",
    institution: str = "",
    allows: Risk = Risk.DISRUPTIVE,
    says: str = "",
) -> Window:
    """Plan a window. Raises Invalid listing every fault."""
    if faults := list(faults_of_stretch(title, starts_at, ends_at, now, system, institution)):
        raise Invalid("window", faults)
    window = Window.objects.create(
        title=title.strip(),
        starts_at=starts_at,
        ends_at=ends_at,
        system=system,
        institution=institution,
        allows=allows,
        says=says.strip(),
        made_by=by,
        made_at=now,
    )
    note(window, "window.planned", by)
    return window


@transaction.atomic
def cancel(pk: int, *, by: str, reason: str, now: datetime) -> Window:
    """Take a window back, or end it now when it has begun: what is past of it stays as people were told.

    Raises Refused without a reason, and when it is over already.
    """
    window = Window.objects.select_for_update().filter(pk=pk, cancelled_at=None).first()
    if window is None or window.ends_at <= now:
        raise Refused(f"There is no window {pk} that is not over.")
    if not reason.strip():
        raise Refused("Say why: people have been told of it.")
    if window.starts_at < now:
        was_ends_at, window.ends_at = window.ends_at.isoformat(), now
        window.save(update_fields=["ends_at"])
        note(window, "window.shortened", by, reason=reason.strip(), was_ends_at=was_ends_at)
        return window
    window.cancelled_at, window.cancelled_by, window.cancel_reason = now, by, reason.strip()
    window.save(update_fields=["cancelled_at", "cancelled_by", "cancel_reason"])
    note(window, "window.cancelled", by, reason=window.cancel_reason)
    return window


@transaction.atomic
def move(pk: int, *, starts_at: datetime, ends_at: datetime, by: str, now: datetime) -> Window:
    """Let a window happen at another time. Raises Refused when it has begun, Invalid listing every fault."""
    window = Window.objects.select_for_update().filter(pk=pk, cancelled_at=None, opened_at=None).first()
    if window is None or window.starts_at <= now:
        raise Refused(f"There is no window {pk} that has not begun.")
    faults = []
    if ends_at <= starts_at:
        faults.append("ends_at: it must come after the beginning")
    if starts_at <= now:
        faults.append("starts_at: a window is moved into the future")
    if window.series and window.series.windows.filter(starts_at=starts_at).exclude(pk=pk).exists():
        faults.append("starts_at: its series has a window then already, or had one that was cancelled")
    if faults:
        raise Invalid(f"window {pk}", faults)
    was_starts_at, was_ends_at = window.starts_at.isoformat(), window.ends_at.isoformat()
    window.starts_at, window.ends_at = starts_at, ends_at
    window.save(update_fields=["starts_at", "ends_at"])
    note(window, "window.moved", by, was_starts_at=was_starts_at, was_ends_at=was_ends_at)
    return window


@transaction.atomic
def turn(now: datetime, busy: Iterable[str] = ()) -> int:
    """Open what has begun and close what is over; how many changed. `busy` are systems that are being changed.

    A window of a busy system is not closed but overruns, which is told once.
    """
    changed = 0
    unclosed = Window.objects.select_for_update().filter(cancelled_at=None, closed_at=None)
    for window in unclosed.filter(starts_at__lte=now, opened_at=None):
        # One that came and went while nobody was at work is opened late and closed below.
        window.opened_at = now
        window.save(update_fields=["opened_at"])
        note(window, "window.opened", "programme")
        changed += 1
    systems = frozenset(busy)
    for window in unclosed.filter(ends_at__lte=now):
        if systems & _systems_of(window):
            if window.overrun_at is None:
                window.overrun_at = now
                window.save(update_fields=["overrun_at"])
                note(window, "window.overrun", "programme")
                changed += 1
            continue
        window.closed_at = now
        window.save(update_fields=["closed_at"])
        note(window, "window.closed", "programme")
        changed += 1
    return changed


def _systems_of(window: Window) -> frozenset[str]:
    """The slugs of the systems that a window is about."""
    if window.system:
        return frozenset({window.system})
    systems = SystemRecord.objects.all()
    if window.institution:
        systems = systems.filter(institution=window.institution)
    return frozenset(systems.values_list("slug", flat=True))


def note(window: Window, kind: str, by: str, **more: str) -> None:
    """Tell the ledger, and so everybody who follows it, what became of a window."""
    ledger.append_many([told(window, kind, by, **more)])


def told(window: Window, kind: str, by: str, **more: str) -> ledger.Note:
    """What the ledger is told of a window."""
    data = {
        "window": window.pk,
        "series": window.series_id,
        "title": window.title,
        "institution": window.institution,
        "starts_at": window.starts_at.isoformat(),
        "ends_at": window.ends_at.isoformat(),
        "allows": Risk(window.allows).name.lower(),
        "says": window.says,
        **more,
    }
    return ledger.Note(kind=kind, actor=by, system=window.system, subject=f"window {window.pk}", data=data)
