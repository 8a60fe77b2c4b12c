"""A believable programme: forty days of it behind us, a year ahead, and what people did about it."""

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import F

from schoolkeeper.calendars import freezes, overrides, series, windows
from schoolkeeper.calendars.models import Freeze, Window, WindowSeries
from schoolkeeper.engine.delegations import delegate
from schoolkeeper.kernel.spec import Risk
from schoolkeeper.programme import attachments, duties, entries, signing
from schoolkeeper.programme.models import Entry, Occurrence
from schoolkeeper.programme.scheduler.missing import give_up
from schoolkeeper.records.models import Run

State, Reason = Occurrence.State, Occurrence.Reason
SINCE = timedelta(days=40)
REVIEW = "duty.findings_review"


def begin(slug: str, now: datetime) -> None:
    """The programme of a system as it is just after somebody took it into care."""
    entries.refresh(slug, now)


def live(slug: str, now: datetime) -> None:
    """The programme of a system that has been followed for forty days; all went well."""
    begin(slug, now - SINCE)
    duties_of = Entry.objects.filter(system=slug, by_people=True)
    duties_of.update(owner="keeper", deputy="approver")
    past = Occurrence.objects.filter(entry__system=slug, due_at__lt=now - timedelta(hours=1))
    past.update(state=State.DONE, started_at=F("due_at"), ended_at=F("due_at") + timedelta(minutes=4))
    near = Occurrence.objects.filter(entry__system=slug, due_at__range=(now - timedelta(hours=1), now))
    near.update(state=State.DONE, started_at=F("due_at"), ended_at=F("due_at") + timedelta(minutes=1))


def miss(slug: str, task: str, now: datetime, reason: str, says: str) -> Occurrence:
    """Its newest occurrence was missed, with all that follows from it."""
    occurrence = newest(slug, task, now)
    occurrence.state, occurrence.reason, occurrence.says = State.MISSED, reason, says
    occurrence.started_at, occurrence.ended_at, occurrence.run = None, now - timedelta(hours=3), None
    occurrence.save()
    give_up([occurrence], now)
    return occurrence


def due(slug: str, task: str, at: datetime) -> Occurrence:
    """One that is due at a time and that nobody has begun."""
    entry = Entry.objects.get(system=slug, task=task)
    times = {"not_before": at, "late_at": at + timedelta(hours=4), "missed_at": at + timedelta(days=6)}
    return Occurrence.objects.create(entry=entry, due_at=at, **times)


def with_run(slug: str, task: str, now: datetime) -> Occurrence:
    """Its newest occurrence, done by the newest run of the task."""
    occurrence = newest(slug, task, now)
    run = Run.objects.filter(system=slug, task=task, occurrence=None).order_by("-id").first()
    assert run
    occurrence.state, occurrence.run = State.DONE, run
    occurrence.started_at, occurrence.ended_at = run.started_at, run.ended_at
    occurrence.save()
    return occurrence


def newest(slug: str, task: str, now: datetime) -> Occurrence:
    found = Occurrence.objects.filter(entry__system=slug, entry__task=task, due_at__lt=now).order_by("-due_at")
    return found.select_related("entry")[0]


def newest_ahead(slug: str, task: str = "duty.system_audit") -> Occurrence:
    """The next occurrence of a duty."""
    return (
        Occurrence.objects.filter(entry__system=slug, entry__task=task)
        .order_by("due_at")
        .select_related("entry")[0]
    )


def sign(occurrence: Occurrence, now: datetime, by: str = "keeper") -> None:
    """A person signs a duty off, with a file if it asks for one."""
    duty = duties.find(occurrence.entry.task)
    assert duty
    if duty.evidence:
        attach(occurrence, now, by)
    answers = [signing.Answer(item, done=True) for item in duty.checklist]
    answers[-1] = signing.Answer(duty.checklist[-1], False, "The supplier mends it by Friday.")
    signing.sign_off(occurrence.pk, answers, by=by, has_role=True, now=now)


def attach(occurrence: Occurrence, now: datetime, by: str = "keeper") -> attachments.Attachment:
    content: Iterable[bytes] = [b"What was looked at, and by whom.\n" * 900]
    home = settings.SCHOOLKEEPER_HOME
    return attachments.attach(occurrence.pk, "system audit.txt", content, home=home, by=by, has_role=True, now=now)


def saturday_night(now: datetime, zone: str = "Asia/Tashkent") -> datetime:
    """Two o'clock in the night of the Saturday to come."""
    local = now.astimezone(ZoneInfo(zone)).replace(hour=2, minute=0, second=0, microsecond=0)
    return local + timedelta(days=(5 - local.weekday()) % 7 or 7)


def times(now: datetime, slug: str, institution: str) -> tuple[Freeze, Window]:
    """Freezes and windows of one system: some of each over, in force and to come."""
    by = {"by": "approver", "now": now}
    night = saturday_night(now)
    for weeks in (-3, -2, -1, 0, 1, 2):
        start = night + timedelta(weeks=weeks)
        made = start - timedelta(days=30)
        window = windows.plan(
            title="Weekly maintenance", starts_at=start, ends_at=start + timedelta(hours=3), by="keeper", now=made,
            system=slug, allows=Risk.DESTRUCTIVE, says="The ERP may be slow or away for some minutes.",
        )  # fmt: skip
    soft = {"kind": "soft", "institution": institution}
    hard = {"kind": "hard", "institution": institution}
    freeze = freezes.declare(
        title="Enrolment", starts_at=now - timedelta(days=2), ends_at=now + timedelta(days=3), **soft, **by
    )
    freezes.declare(
        title="Final exams", starts_at=now + timedelta(days=12), ends_at=now + timedelta(days=22), **hard, **by
    )
    old = freezes.declare(
        title="Results day", starts_at=now - timedelta(days=9), ends_at=now + timedelta(days=1), **hard,
        by="approver", now=now - timedelta(days=9),
    )  # fmt: skip
    freezes.lift(old.pk, by="approver", reason="All results are out", now=now - timedelta(days=7))
    return freeze, window


def repeat(slug: str, now: datetime) -> WindowSeries:
    """A window each Sunday night."""
    return series.begin(
        title="Sunday night", rule="FREQ=WEEKLY;BYDAY=SU", at=time(3), zone="Asia/Tashkent", minutes=120,
        system=slug, by="keeper", now=now, says="Save your work.", reason="Hardly anybody is there then.",
    )  # fmt: skip


def people_at_work(slug: str, now: datetime) -> None:
    """Overrides that wait, count and were refused; a deputy while an approver is away."""
    overrides.ask(
        system=slug, task="database.analyze", reason="Nobody can sign in since noon", by="keeper", now=now
    )
    granted = overrides.ask(system=slug, reason="The disk of the server fails", by="keeper", now=now)
    overrides.grant(granted.pk, by="approver", now=now)
    refused = overrides.ask(system=slug, reason="It is quicker today", by="keeper", now=now - timedelta(days=2))
    overrides.end(refused.pk, by="approver", reason="It can wait until Saturday", now=now - timedelta(days=2))
    delegate(
        of="approver",
        to="keeper",
        starts_at=now - timedelta(hours=1),
        ends_at=now + timedelta(days=9),
        by="approver",
        now=now,
        reason="On leave",
    )


def fill(now: datetime) -> None:
    """The four schools of `filling`, each with its programme."""
    for slug in ("north-college", "lakeside-school", "technical-institute"):
        live(slug, now)
    begin("music-academy", now - timedelta(hours=30))
    for task in ("health.web", "health.host", "database.analyze"):
        with_run("north-college", task, now)
    times(now, "lakeside-school", "Lakeside School")
    repeat("technical-institute", now)
    people_at_work("lakeside-school", now)
    miss("lakeside-school", "database.analyze", now, "freeze", "A freeze was in force.")
    miss("technical-institute", "health.host", now, "no_worker", "No worker was there from 04:00 to 09:30 UTC.")
    miss("technical-institute", REVIEW, now, "nobody", "Nobody signed it off. It belongs to keeper.")
    due("lakeside-school", "duty.system_audit", now - timedelta(hours=30))
    Occurrence.objects.filter(entry__system="lakeside-school", entry__task="duty.system_audit").filter(
        due_at__gt=now - timedelta(hours=31), state=State.DUE, due_at__lt=now
    ).update(late_at=now - timedelta(hours=2))
    attach(newest("lakeside-school", "duty.system_audit", now), now)
    audit = due("north-college", "duty.system_audit", now)  # hours ago would be yesterday just after midnight
    sign(audit, now)
    entries.change(
        "lakeside-school",
        "backup.create",
        {"rule": "FREQ=HOURLY;INTERVAL=6", "owner": "keeper"},
        by="keeper",
        now=now,
    )
    entries.pause("technical-institute", "backup.drill", by="approver", reason="The store is being moved")
