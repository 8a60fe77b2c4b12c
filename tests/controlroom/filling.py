"""A control room full of believable records: four schools, as they may stand on any morning."""

from datetime import datetime, timedelta

from schoolkeeper.engine.models import Hold, Worker
from schoolkeeper.records.models import Run, Silence
from tests.controlroom import (
    believable,
    believable_activity,
    believable_backups,
    believable_calendar,
    believable_programme,
)


def fill(now: datetime) -> None:
    """Four systems: one well, one that needs attention, one that is not well and on hold, one that is unknown."""
    believable.people()
    keys: dict[str, list[str]] = {}
    for number, (slug, name, cases) in enumerate(
        (
            ("north-college", "North College ERP", {}),
            ("lakeside-school", "Lakeside School ERP", {"health.host": "warnings", "health.web": "slow"}),
            ("technical-institute", "Technical Institute ERP", {"health.web": "wrong", "logs.errors": "rising"}),
            ("music-academy", "Music Academy ERP", {}),
        )
    ):
        institution = name.removesuffix(" ERP")
        believable.take_into_care(slug, name, now - timedelta(days=40), institution=institution, rto="1h")
        stale = timedelta(days=3) if slug == "music-academy" else timedelta()
        for days in range(6, -1, -1):
            at = now - timedelta(days=days, minutes=50) - stale
            for position, task in enumerate(("health.web", "health.host", "health.database", "logs.errors")):
                case = cases.get(task, "well") if days < 2 else "well"
                believable.ended(
                    slug,
                    believable.Told(task, case, seconds=1.7 + position),
                    at + timedelta(seconds=20 * position),
                )
            believable.ended(slug, believable.Told("database.analyze", "stale"), at + timedelta(minutes=3))
        keys[slug] = believable_backups.protect(slug, now - stale, fails=number == 2, slow=number == 1)
        believable.history(slug, now - stale)
    believable.blind("music-academy", "health.database", now - timedelta(hours=5))
    held = Run.objects.filter(system="technical-institute").order_by("-id").first()
    Hold.objects.create(system="technical-institute", run=held, since=now - timedelta(hours=1))
    believable.waiting("lakeside-school", now - timedelta(minutes=12))
    taken_at = now - timedelta(hours=3, minutes=4)
    believable_backups.proving("music-academy", keys["music-academy"][-1], taken_at - timedelta(days=3), now)
    believable.going_on("north-college", now - timedelta(seconds=9))
    Silence.objects.create(
        system="lakeside-school",
        code="health.host.load",
        reason="The new processors arrive next week",
        until=now + timedelta(days=9),
        made_by="keeper",
        made_at=now - timedelta(days=1),
    )
    Worker.objects.create(
        id="main", host="keeper-1", pid=4711, started_at=now, heartbeat_at=now + timedelta(days=1)
    )
    believable_programme.fill(now)
    believable_activity.count("north-college", now - timedelta(days=2))
    believable_calendar.fill("Lakeside School", now)
    believable_activity.count("music-academy", now - timedelta(days=50))
