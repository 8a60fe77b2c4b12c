"""The entries of a system: made from the catalogue and the duties, and changed by people."""

import logging
from collections.abc import Iterator, Mapping
from datetime import datetime, time
from typing import Any
from zoneinfo import available_timezones

from django.contrib.auth.models import User
from django.db import transaction

from schoolkeeper.calendars.recurrence import fault_of
from schoolkeeper.catalogue.options import parse_options
from schoolkeeper.connectors.system import System
from schoolkeeper.engine.knowledge import catalogue
from schoolkeeper.estate.care import find
from schoolkeeper.estate.models import SystemRecord
from schoolkeeper.kernel.canonical import digest
from schoolkeeper.kernel.errors import Invalid, Refused
from schoolkeeper.kernel.person import same_person
from schoolkeeper.kernel.spec import Spec
from schoolkeeper.programme.ahead import make_ahead, make_anew, take_away
from schoolkeeper.programme.duties import Duty, duties
from schoolkeeper.programme.models import Entry, Knowledge
from schoolkeeper.programme.order import fits
from schoolkeeper.programme.scheduler.waiving import waive_all
from schoolkeeper.programme.usual import AFTER_EVENTS, DUTIES, TASKS, Usual, usual_time
from schoolkeeper.records import ledger

log = logging.getLogger(__name__)

RHYTHM = frozenset({"rule", "at", "zone", "late_after_minutes", "missed_after_minutes"})
"""Fields whose change moves occurrences that have not begun."""
_LONGEST_NAME = 150
CHANGEABLE = RHYTHM | {"options", "owner", "deputy", "priority", "catch_up"}


def refresh_all(now: datetime) -> Iterator[str]:
    """Bring the entries of every system into line whose definition or catalogue changed: the systems, one by one.

    One at a time, because ten thousand take an hour after an upgrade, and a worker has other things to do.
    """
    known = dict(Knowledge.objects.values_list("system", "made_from"))
    knowledge = _knowledge()
    records = list(SystemRecord.objects.only("slug", "applied_at").order_by("slug"))
    for slug in [one.slug for one in records if known.get(one.slug) != _made_from(one, knowledge)]:
        try:
            refresh(slug, now)
        except ValueError:  # its definition cannot be read any more; the others must not wait for it
            log.exception("the programme of %s could not be brought into line", slug)
        yield slug


def bring_into_line(slug: str, now: datetime) -> None:
    """The same for one system, where no scheduler has come by since its definition was changed.

    Raises Invalid when it is not in our care.
    """
    find(slug)
    record = SystemRecord.objects.get(slug=slug)
    if not Knowledge.objects.filter(system=slug, made_from=_made_from(record, _knowledge())).exists():
        refresh(slug, now)


@transaction.atomic
def refresh(slug: str, now: datetime) -> None:
    """Bring the entries of one system into line with what it is made of and what is known here.

    What people changed is kept. What no longer fits is retired: what it had to come is taken away, what is due
    already is waived.
    """
    record = SystemRecord.objects.select_for_update().get(slug=slug)
    made_from = _made_from(record, _knowledge())
    if Knowledge.objects.filter(system=slug, made_from=made_from).exists():
        return  # another worker was faster
    system = record.system()
    entries = Entry.objects.select_for_update().filter(system=slug).order_by("id")
    there = {entry.task: entry for entry in entries}
    wanted = dict(_wanted(system))
    leaving = [entry for task, entry in there.items() if task not in wanted and entry.retired_at is None]
    for entry in leaving:
        entry.retired_at = now
        entry.save(update_fields=["retired_at"])
        take_away(entry, now)
    new = [Entry(system=slug, task=task, **usual) for task, usual in wanted.items() if task not in there]
    Entry.objects.bulk_create(new)
    for task in wanted.keys() & there.keys():
        _follow(there[task], wanted[task], now)
    make_ahead(now, new)
    waive_all(leaving, by="programme", says="The system has no use for it any more.", now=now)
    Knowledge.objects.update_or_create(system=slug, defaults={"made_from": made_from})


@transaction.atomic
def change(system: str, task: str, fields: Mapping[str, Any], *, by: str, now: datetime) -> Entry:
    """Set fields of an entry; None brings a field back to what is usual. Raises Invalid listing every fault."""
    entry = entry_of(system, task, lock=True)
    if not fields:
        raise Invalid(f"programme of {system}: {task}", [f"name what to change: {', '.join(sorted(CHANGEABLE))}"])
    if faults := faults_of(entry, fields):
        raise Invalid(f"programme of {system}: {task}", faults)
    values = _values(usual_of(entry), normal(entry, fields))
    moved = any(getattr(entry, name) != value for name, value in values.items() if name in RHYTHM)
    for name, value in values.items():
        setattr(entry, name, value)
    given = {name for name, value in fields.items() if value is not None}
    entry.changed = sorted((set(entry.changed) - fields.keys()) | given)
    entry.save()
    if moved:
        make_anew(entry, now)
    data = {"task": task, "values": {name: str(value) for name, value in values.items()}}
    ledger.append("programme.changed", actor=by, system=system, subject=task, data=data)
    return entry


def usual_of(entry: Entry) -> dict[str, Any]:
    """What the house's defaults say of an entry, by field."""
    found = dict(_wanted(find(entry.system))).get(entry.task)
    if found is None:
        what = f"programme of {entry.system}"
        raise Invalid(what, [f"{entry.task} does not fit it any more and is about to leave"])
    return {"owner": "", "deputy": "", **found}


def faults_of(entry: Entry, fields: Mapping[str, Any]) -> list[str]:
    """What `change` would find wrong with these fields, each fault beginning with the field's name."""
    return list(_faults(entry, _values(usual_of(entry), fields)))


def normal(entry: Entry, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields without faults, with the options in the form in which an entry keeps them."""
    values = dict(fields)
    if values.get("options"):
        parsed = parse_options(catalogue().find(entry.task), values["options"])
        values["options"] = parsed.model_dump(mode="json", exclude_unset=True)
    return values


@transaction.atomic
def pause(system: str, task: str, *, by: str, reason: str) -> Entry:
    """Let what comes due be waived in this person's name until it is resumed. Raises Refused without a reason."""
    entry = entry_of(system, task, lock=True)
    if not reason.strip():
        raise Refused("Say why: the next person will ask.")
    entry.paused, entry.paused_by, entry.pause_reason = True, by, reason.strip()
    entry.save(update_fields=["paused", "paused_by", "pause_reason"])
    data = {"reason": entry.pause_reason}
    ledger.append("programme.paused", actor=by, system=system, subject=task, data=data)
    return entry


@transaction.atomic
def resume(system: str, task: str, *, by: str) -> Entry:
    """End a pause."""
    entry = entry_of(system, task, lock=True)
    if entry.paused:
        entry.paused, entry.paused_by, entry.pause_reason = False, "", ""
        entry.save(update_fields=["paused", "paused_by", "pause_reason"])
        ledger.append("programme.resumed", actor=by, system=system, subject=task)
    return entry


def entry_of(system: str, task: str, *, lock: bool = False) -> Entry:
    """The entry of a task. Raises Invalid naming those that the system has."""
    rows = Entry.objects.filter(system=system, retired_at=None)
    found = (rows.select_for_update() if lock else rows).filter(task=task).first()
    if found is None:
        find(system)
        known = ", ".join(rows.values_list("task", flat=True)) or "none"
        raise Invalid(f"programme of {system}", [f"it has no entry {task!r}; there are: {known}"])
    return found


def _wanted(system: System) -> Iterator[tuple[str, dict[str, Any]]]:
    """What the house's defaults say of each task and duty that belongs to this system."""
    for task in catalogue().values():
        spec = task.spec
        if (spec.cadence or spec.after_events) and fits(spec, system):
            usual = TASKS[spec.cadence] if spec.cadence else AFTER_EVENTS
            yield spec.id, _fields(system, usual, spec)
    for duty in duties():
        yield duty.id, _fields(system, DUTIES[duty.cadence], duty)


def _fields(system: System, usual: Usual, what: Spec | Duty) -> dict[str, Any]:
    is_duty = isinstance(what, Duty)
    return {
        "by_people": is_duty,
        "rule": usual.rule,
        "at": usual_time(system.slug, risk=None if isinstance(what, Duty) else what.risk),
        "zone": system.timezone,
        "options": {},
        "priority": 50,
        "late_after_minutes": int(usual.late_after.total_seconds() // 60),
        "missed_after_minutes": int(usual.missed_after.total_seconds() // 60),
        "catch_up": Entry.CatchUp.ASK if is_duty else Entry.CatchUp.RUN,
    }


def _follow(entry: Entry, usual: Mapping[str, Any], now: datetime) -> None:
    """Let the fields that nobody set follow the defaults, and an entry that fits again come back."""
    back = entry.retired_at is not None
    differing = {
        name: value for name, value in usual.items() if name not in entry.changed and getattr(entry, name) != value
    }
    if not differing and not back:
        return
    for name, value in differing.items():
        setattr(entry, name, value)
    entry.retired_at = None
    entry.save()
    if back or differing.keys() & RHYTHM:
        make_anew(entry, now)


def _values(usual: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: usual.get(name) if value is None else value for name, value in fields.items()}


def _faults(entry: Entry, values: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(values.keys() - CHANGEABLE):
        yield f"{name}: unknown; what can be set is {', '.join(sorted(CHANGEABLE))}"
    yield from _people_faults(entry, values)
    rule = values.get("rule", "")
    if rule != "" and (fault := fault_of(str(rule))):
        yield f"rule: {fault}"
    if "at" in values and not _is_wall_clock(values["at"]):
        yield "at: write a wall-clock time such as 02:30"
    if "zone" in values and not _is_zone(values["zone"]):
        yield f"zone: {values['zone']!r} is no IANA time zone; write one like Asia/Tashkent"
    if "catch_up" in values and values["catch_up"] not in Entry.CatchUp.values:
        yield f"catch_up: one of {', '.join(Entry.CatchUp.values)}"
    if "priority" in values and not _is_number(values["priority"], 0, 100):
        yield "priority: a number from 0 (first) to 100 (last)"
    for name in ("late_after_minutes", "missed_after_minutes"):
        if name in values and not _is_number(values[name], 1, 366 * 24 * 60):
            yield f"{name}: a number of minutes, at least 1 and at most a year"
    if "options" in values:
        yield from _option_faults(entry, values["options"])


def _people_faults(entry: Entry, values: Mapping[str, Any]) -> Iterator[str]:
    given = {name: values[name] for name in ("owner", "deputy") if name in values}
    for name, person in given.items():
        if not _is_name(person):
            yield f"{name}: a name of at most {_LONGEST_NAME} characters, or nothing"
        elif User.objects.filter(username=person, is_active=False).exists():
            yield f"{name}: {person} cannot sign in any more; name somebody who is there"
    owner, deputy = ({"owner": entry.owner, "deputy": entry.deputy} | given).values()
    if given and owner and all(map(_is_name, (owner, deputy))) and same_person(owner, deputy):
        yield "deputy: name somebody else: whoever is away cannot be their own deputy"


def _option_faults(entry: Entry, options: object) -> Iterator[str]:
    if entry.by_people:
        yield "options: a duty of people has none"
    elif not isinstance(options, Mapping):
        yield "options: a table of names and values"
    elif entry.task not in catalogue():
        yield "options: this installation knows no such task"
    else:
        try:
            parse_options(catalogue().find(entry.task), options)
        except Invalid as invalid:
            yield from (f"options: {fault}" for fault in invalid.faults)


def _is_wall_clock(value: object) -> bool:
    """To the minute, as all doors show it: of 02:30:15 nobody would see the seconds."""
    return isinstance(value, time) and value.tzinfo is None and not value.second and not value.microsecond


def _is_number(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _is_name(value: object) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST_NAME and (value.isprintable() or not value)


def _is_zone(name: object) -> bool:
    return isinstance(name, str) and name in available_timezones()


def _knowledge() -> str:
    """A digest of all that entries are made from, apart from the systems."""
    specs = [task.spec for task in catalogue().values()]
    tasks = [(one.id, one.version, str(one.cadence), sorted(map(str, one.after_events))) for one in specs]
    return digest([sorted(tasks), [duty.id for duty in duties()], str(TASKS), str(DUTIES)])


def _made_from(record: SystemRecord, knowledge: str) -> str:
    return digest([knowledge, record.applied_at.isoformat()])
