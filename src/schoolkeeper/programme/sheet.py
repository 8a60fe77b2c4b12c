"""A system's programme as a TOML text: what people set in it, to be kept with its definition and applied again.

The text is the whole: a field that it does not name is as usual, and so is a task without a table.
"""

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from django.db import transaction

from schoolkeeper.estate.care import Change
from schoolkeeper.estate.definition import line_of
from schoolkeeper.kernel.errors import Invalid
from schoolkeeper.programme import entries
from schoolkeeper.programme.models import Entry
from schoolkeeper.programme.outlook import title_of

PAUSED = "paused"
"""The one key that is no field of an entry: the reason for which it is paused."""
_Place = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a text says: a system, and of its tasks the fields that are not as usual."""

    system: str
    tasks: Mapping[str, Mapping[str, Any]]


def export(system: str) -> str:
    """The programme of a system as a text that `read` reads; what is usual stands there as a comment."""
    lines = [
        "# What is not named here is as usual. Apply it with `schoolkeeper programme apply FILE`.",
        "[system]",
        f"slug = {_toml(system)}",
    ]
    for entry in Entry.objects.filter(system=system, retired_at=None):
        lines += ["", *_table(entry)]
    return "\n".join(lines) + "\n"


def read(text: str, name: str, now: datetime) -> Sheet:
    """The sheet that a TOML text is. Raises Invalid with every fault as `name:line: place: what to do`."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Invalid(name, [f"{name}: not TOML: {error}"]) from error
    system, faults = "", list[tuple[_Place, str]]()
    try:
        system = _system(document)
        entries.bring_into_line(system, now)
    except Invalid as invalid:
        faults += [(("system", "slug"), fault) for fault in invalid.faults]
    known = {entry.task: entry for entry in Entry.objects.filter(system=system, retired_at=None)}
    tasks = document.get("tasks", {})
    faults += _strange(document, tasks)
    for task, fields in tasks.items() if isinstance(tasks, dict) else ():
        if isinstance(fields, dict):
            faults += [
                (("tasks", *task.split("."), *place), says) for place, says in _of_task(task, fields, known)
            ]
    if faults:
        raise Invalid(
            name, [f"{name}:{line_of(text, place)}: {'.'.join(place)}: {says}" for place, says in faults]
        )
    return Sheet(system, {task: _normal(fields) for task, fields in tasks.items()})


@transaction.atomic
def apply(sheet: Sheet, *, by: str, now: datetime, dry: bool = False) -> tuple[Change, ...]:
    """Make the programme what the sheet says, all or nothing; what changes. With `dry` it is only said."""
    changes = list[Change]()
    for entry in Entry.objects.filter(system=sheet.system, retired_at=None):
        wanted = entries.normal(entry, sheet.tasks.get(entry.task, {}))
        reason = wanted.pop(PAUSED, "")
        changed = {name: value for name, value in wanted.items() if _differs(entry, name, value)}
        changed |= dict.fromkeys(set(entry.changed) - wanted.keys())
        changes += _changes(entry, changed)
        if changed and not dry:
            entries.change(entry.system, entry.task, changed, by=by, now=now)
        changes += _pausing(entry, reason, by=by, dry=dry)
    return tuple(changes)


def _changes(entry: Entry, changed: Mapping[str, Any]) -> Iterator[Change]:
    for name, value in sorted(changed.items()):
        before = _said(getattr(entry, name)) if name in entry.changed else None
        after = None if value is None else _said(value)
        yield Change(f"{entry.task}.{name}", before, after)


def _pausing(entry: Entry, reason: str, *, by: str, dry: bool) -> Iterator[Change]:
    before = entry.pause_reason if entry.paused else ""
    if before == reason:
        return
    yield Change(f"{entry.task}.{PAUSED}", before or None, reason or None)
    if not dry and reason:
        entries.pause(entry.system, entry.task, by=by, reason=reason)
    elif not dry:
        entries.resume(entry.system, entry.task, by=by)


def _differs(entry: Entry, name: str, value: object) -> bool:
    return name not in entry.changed or getattr(entry, name) != value


def _said(value: object) -> object:
    return f"{value:%H:%M}" if isinstance(value, time) else value


def _system(document: Mapping[str, Any]) -> str:
    table = document.get("system")
    slug = table.get("slug") if isinstance(table, dict) else None
    if not isinstance(slug, str):
        raise Invalid("system", ['missing: begin the file with [system] and slug = "…"'])
    return slug


def _strange(document: Mapping[str, Any], tasks: object) -> Iterator[tuple[_Place, str]]:
    """What stands where nothing is looked for."""
    for key in document.keys() - {"system", "tasks"}:
        yield (key,), 'unknown; a programme has the tables [system] and [tasks."TASK"]'
    system = document.get("system")
    for key in (system if isinstance(system, dict) else {}).keys() - {"slug"}:
        yield ("system", key), "unknown; a programme names the system by its slug, and nothing more of it"
    if not isinstance(tasks, dict):
        yield ("tasks",), 'a table for each task is wanted: [tasks."TASK"]'
        return
    for task, fields in tasks.items():
        if not isinstance(fields, dict):
            yield ("tasks", *task.split(".")), f'a table is wanted: [tasks."{task}"]'


def _of_task(task: str, fields: Mapping[str, Any], known: Mapping[str, Entry]) -> Iterator[tuple[_Place, str]]:
    entry = known.get(task)
    if entry is None:
        # [tasks.backup.drill] without quotes is a table in a table, and the commonest slip.
        hint = f'; a task\'s id stands in quotes: [tasks."{task}.…"]' if _is_nested(fields) else ""
        if known:
            yield (), f"it has no such entry{hint}; there are: {', '.join(sorted(known))}"
        return
    reason = fields.get(PAUSED, "")
    if not isinstance(reason, str) or (PAUSED in fields and not reason.strip()):
        yield (PAUSED,), "write the reason for the pause, or leave it out"
    for fault in entries.faults_of(entry, {n: v for n, v in _normal(fields).items() if n != PAUSED}):
        field, _, says = fault.partition(": ")
        yield (field,), says


def _is_nested(fields: Mapping[str, Any]) -> bool:
    return bool(fields) and all(isinstance(value, dict) for value in fields.values())


def _normal(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields in the form that an entry has them."""
    values = dict(fields)
    if isinstance(at := values.get("at"), str):
        values["at"] = wall_clock(at)
    if isinstance(reason := values.get(PAUSED), str):
        values[PAUSED] = reason.strip()
    return values


def wall_clock(text: str) -> time | str:
    """A time of day such as 02:30; the text itself when it is none, for its fault to be told with the others."""
    try:
        return time.fromisoformat(text)
    except ValueError:
        return text


def _table(entry: Entry) -> Iterator[str]:
    yield f"[tasks.{_toml(entry.task)}]  # {title_of(entry.task)}"
    if entry.paused:
        yield f"{PAUSED} = {_toml(entry.pause_reason)}"
    for name in ("rule", "at", "zone", "late_after_minutes", "missed_after_minutes"):
        yield ("" if name in entry.changed else "# ") + f"{name} = {_toml(getattr(entry, name))}"
    for name in ("owner", "deputy", "priority", "catch_up", "options"):
        if name in entry.changed:
            yield f"{name} = {_toml(getattr(entry, name))}"


def _toml(value: object) -> str:
    """A value as TOML writes it. Its strings are those of JSON, but for one character that it escapes."""
    match value:
        case time():
            return f'"{value:%H:%M}"'
        case Mapping():
            pairs = (f"{_toml(str(key))} = {_toml(one)}" for key, one in value.items() if one is not None)
            return f"{{ {', '.join(pairs)} }}"
        case list() | tuple():
            return f"[{', '.join(map(_toml, value))}]"
        case _:
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
