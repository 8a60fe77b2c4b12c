"""JSON data of records as rows of label and value that a person can read."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from schoolkeeper.controlroom import wording

# By the last word of a key: the unit of its number.
_UNITS = {"percent": "%", "ms": "ms", "days": "days", "hours": "h", "minutes": "min", "count": ""}
_LONGEST = 400
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled value; `items` holds the parts of a list that is worth unfolding."""

    label: str
    value: str
    items: tuple[str, ...] = ()


def describe(data: Mapping[str, object] | None) -> tuple[Row, ...]:
    """All values of `data`, nested keys joined, with units made from the names of the keys."""
    return tuple(_rows("", data or {}))


def _rows(place: str, data: Mapping[str, object]) -> Iterator[Row]:
    for key, value in data.items():
        label = f"{place} · {_label(key)}" if place else _label(key)
        if isinstance(value, dict) and value:
            yield from _rows(label, value)
        elif isinstance(value, list) and value:
            count = wording.plural(len(value), "entry", "entries")
            yield Row(label, count, tuple(_text(key, one) for one in value[:50]))
        elif value not in (None, "", [], {}):
            yield Row(label, _text(key, value))


def _label(key: str) -> str:
    words = key.replace("-", "_").split("_")
    if words[-1] in ("bytes", "seconds", *_UNITS) and len(words) > 1:
        words = words[:-1]
    return " ".join(words).strip().capitalize()


def _text(key: str, value: object) -> str:
    unit = key.rsplit("_", 1)[-1]
    match value:
        case bool():
            return "yes" if value else "no"
        case int() | float() if unit == "bytes":
            return wording.size(value)
        case int() | float() if unit == "seconds":
            return wording.span(timedelta(seconds=value))
        case int() | float():
            return wording.number(value, _UNITS.get(unit, ""))
        case dict():
            return ", ".join(f"{_label(str(name))}: {_text(str(name), part)}" for name, part in value.items())[
                :_LONGEST
            ]
        case list():
            return ", ".join(_text(key, part) for part in value)[:_LONGEST]
        case str() if _DIGEST.fullmatch(value):
            return f"{value[:12]}…"  # enough to compare by eye; the export has all of it
        case _:
            return str(value)[:_LONGEST]
