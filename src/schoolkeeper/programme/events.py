"""What happens to a system that tasks are to follow: updates, noticed by a version that differs from the last.

Nobody tells us of an update. But health checks ask the ERP and its database server for their versions, and backup
sets name the tool that made them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version

from django.db import transaction
from django.db.models import Exists, OuterRef, TextField
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce

from schoolkeeper.catalogue.backup.create.contents import UNKNOWN
from schoolkeeper.engine.knowledge import catalogue
from schoolkeeper.kernel.canonical import digest
from schoolkeeper.kernel.spec import Event
from schoolkeeper.programme.models import Entry, Occurrence, Sighting
from schoolkeeper.records import ledger
from schoolkeeper.records.models import EvidenceRecord, Run

SAME_FOR = timedelta(days=7)
"""An update is seen by several sources, each when it looks: within so long it is the same one."""
BACK_TO = timedelta(hours=1)
"""So far back runs are looked at again: they are not written in the order in which they ended."""
EVERYWHERE = ""
OWN = "schoolkeeper"
IN_A_SET = {
    "erp": Event.ERP_UPDATED,
    "server": Event.DATABASE_UPDATED,
    "dump": Event.BACKUP_TOOL_UPDATED,
}
"""What the evidence of a backup set calls the versions that are of interest here."""
LONGEST_DETAIL, LONGEST_VERSION = 40, 200


@dataclass(frozen=True, slots=True)
class Seen:
    """A version that a source told. Another source may write the same in other words, so each is compared with
    itself only, and what has a greater `number` is newer: a clock may have been set back in between."""

    system: str
    source: str
    event: Event
    version: str
    at: datetime
    number: int


@transaction.atomic
def happened(event: Event, system: str, now: datetime, detail: str) -> int:
    """Let be done what is to follow this event, once for the same detail; how many occurrences were made.

    EVERYWHERE is all systems: ten thousand for the price of a few statements.
    """
    following = [task.spec.id for task in catalogue().values() if event in task.spec.after_events]
    cause = f"{event.value} {_cut(detail, LONGEST_DETAIL)}".strip()
    wanted = Entry.objects.filter(task__in=following, retired_at=None)
    if system != EVERYWHERE:
        wanted = wanted.filter(system=system)
    # Taken before it is asked what is there: another source may tell another worker of the same update just now.
    entries = list(wanted.select_for_update().order_by("id"))
    there = Occurrence.objects.filter(entry__in=entries, cause=cause, due_at__gt=now - SAME_FOR)
    known = set(there.values_list("entry", flat=True))
    new = [_occurrence(entry, cause, now) for entry in entries if entry.pk not in known]
    Occurrence.objects.bulk_create(new)
    return len(new)


def notice(now: datetime) -> int:
    """Compare the versions that runs saw lately, and ours, with those before; how many updates there were."""
    return sum(pieces(now))


def pieces(now: datetime) -> Iterator[int]:
    """The same a version at a time, each a transaction: after an absence there are thousands.

    The oldest come first, so that whoever is broken off finds the others again.
    """
    newest = Sighting.objects.exclude(system=EVERYWHERE).order_by("-at").first()
    since = min(newest.at, now) - BACK_TO if newest else now - SAME_FOR
    # Twenty thousand runs may have ended within that hour, and each worker asks twice a minute.
    rows = Sighting.objects.values_list("system", "source", "number")
    known = {(system, source): number for system, source, number in rows}
    for one in sorted([*_by_runs(since), *_by_sets(since)], key=lambda one: (one.at, one.number)):
        if one.number > known.get((one.system, one.source), 0):
            yield _compare(one, now)
    yield _compare_own(now)


@transaction.atomic
def _compare(seen: Seen, now: datetime) -> int:
    """Keep a version; 1 if it is another than before. The first that a source tells is no update."""
    row, _ = Sighting.objects.select_for_update().get_or_create(
        system=seen.system,
        source=seen.source,
        defaults={"version": seen.version, "at": seen.at, "number": seen.number},
    )
    if seen.number <= row.number:
        return 0  # known, or older than what is known
    before, row.version, row.at, row.number = row.version, seen.version, seen.at, seen.number
    row.save(update_fields=["version", "at", "number"])
    if before == seen.version:
        return 0
    _tell(seen, before, now)
    return 1


@transaction.atomic
def _compare_own(now: datetime) -> int:
    """1 if another version of ours was at work last, and this one was not within the hour.

    Two are at work while an upgrade goes from machine to machine: neither is an update of the other, each time.
    """
    own = Seen(EVERYWHERE, OWN, Event.SCHOOLKEEPER_UPDATED, version(OWN), now, 0)
    rows = list(Sighting.objects.select_for_update().filter(system=EVERYWHERE).order_by("-at"))
    Sighting.objects.update_or_create(
        system=EVERYWHERE, source=f"{OWN} {own.version}", defaults={"version": own.version, "at": now}
    )
    lately = any(row.version == own.version and row.at > now - BACK_TO for row in rows)
    if not rows or lately or rows[0].version == own.version:
        return 0
    _tell(own, rows[0].version, now)
    return 1


def _tell(seen: Seen, before: str, now: datetime) -> None:
    data = {"source": seen.source, "before": before, "after": seen.version}
    ledger.append(seen.event.value, actor="programme", system=seen.system, subject=seen.version, data=data)
    happened(seen.event, seen.system, now, f"to {seen.version}")


def _by_runs(since: datetime) -> Iterator[Seen]:
    """What health checks were told by the ERP and by its database server."""
    places = (
        ("health.web", Event.ERP_UPDATED, "version"),
        ("health.database", Event.DATABASE_UPDATED, "server__version"),
    )
    for task, event, place in places:
        told = Coalesce(KT(f"facts_after__{place}"), KT(f"facts_before__{place}"), output_field=TextField())
        known = Sighting.objects.filter(system=OuterRef("system"), source=task, number__gte=OuterRef("pk"))
        ended = Run.objects.filter(~Exists(known), state=Run.State.ENDED, task=task, ended_at__gt=since)
        runs = ended.annotate(told=told)
        for run in runs.exclude(told=None).exclude(told="").only("system", "ended_at"):
            assert run.ended_at is not None
            text = _number(run.told) if event is Event.DATABASE_UPDATED else run.told
            yield Seen(run.system, task, event, _cut(text, LONGEST_VERSION), run.ended_at, run.pk)


def _by_sets(since: datetime) -> Iterator[Seen]:
    """What backup sets say of the ERP, of its database server, and of the tool that made them."""
    rows = EvidenceRecord.objects.filter(kind="backup-set", at__gt=since, data__has_key="versions")
    for number, system, at, told in rows.values_list("pk", "system", "at", "data__versions"):
        for name, event in IN_A_SET.items():
            if (text := told.get(name)) and text != UNKNOWN:
                shown = _number(text) if name == "server" else text
                yield Seen(system, f"backup.create {name}", event, _cut(shown, LONGEST_VERSION), at, number)


def _number(text: str) -> str:
    """ "16.4 (Debian 16.4-1)" is told by one as "16.4": a rebuilt package is no update of the server."""
    found = re.search(r"\d+(\.\d+)*", text)
    return found[0] if found else text


def _cut(text: str, longest: int) -> str:
    """A text that fits; what is cut off lives on in a digest, so that different versions stay different."""
    return text if len(text) <= longest else f"{text[: longest - 9]}…{digest(text)[:8]}"


def _occurrence(entry: Entry, cause: str, now: datetime) -> Occurrence:
    return Occurrence(
        entry=entry,
        due_at=now,
        not_before=now,
        late_at=now + timedelta(minutes=entry.late_after_minutes),
        missed_at=now + timedelta(minutes=entry.missed_after_minutes),
        cause=cause,
    )
