"""Times, spans, sizes and counts as people read them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from schoolkeeper.kernel.finding import Level
from schoolkeeper.kernel.outcome import Outcome
from schoolkeeper.reporting.status.paper import Tone

LEVEL_WORDS = {
    Level.OK: "well",
    Level.INFO: "note",
    Level.WARNING: "warning",
    Level.ERROR: "error",
    Level.UNKNOWN: "unknown",
}
_TONES: dict[Level, Tone] = {
    Level.OK: "ok",
    Level.INFO: "info",
    Level.WARNING: "warning",
    Level.ERROR: "error",
    Level.UNKNOWN: "unknown",
}
OUTCOME_WORDS = {
    Outcome.OK: "done",
    Outcome.NOTHING_TO_DO: "nothing to do",
    Outcome.REFUSED: "refused",
    Outcome.FAILED: "failed",
    Outcome.ERRORED: "broke",
    Outcome.UNDONE: "taken back",
    Outcome.UNDO_FAILED: "could not be taken back",
    Outcome.UNKNOWN: "could not look",
}


def tone(level: Level) -> Tone:
    return _TONES[level]


def outcome_tone(outcome: Outcome) -> Tone:
    if outcome.is_good:
        return "ok"
    if outcome is Outcome.REFUSED:
        return "warning"
    return "unknown" if outcome is Outcome.UNKNOWN else "error"


def moment(at: datetime, zone: ZoneInfo) -> str:
    """A local time to the minute; near a change of the clocks it says which of the two hours is meant."""
    local = at.astimezone(zone)
    twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    return f"{day(local.date())}, {local:%H:%M}" + (f" ({local:%Z})" if twice else "")


def day(on: date) -> str:
    return f"{on.day} {on:%b %Y}"


def days(first: date, last: date) -> str:
    """A stretch of days, naming month and year once where both ends share them."""
    if first == last:
        return day(first)
    if first.year != last.year:
        return f"{day(first)} – {day(last)}"
    start = f"{first.day}" if first.month == last.month else f"{first.day} {first:%b}"
    return f"{start} – {day(last)}"


def offset(at: datetime, zone: ZoneInfo) -> str:
    """A zone by name with its distance from UTC at a time: "Asia/Tashkent, UTC+05:00"."""
    digits = f"{at.astimezone(zone):%z}"
    return f"{zone.key}, UTC{digits[:3]}:{digits[3:5]}"


def span(length: timedelta | float | None) -> str:
    """A span of time (seconds, or a timedelta) in its two largest units; "–" for none."""
    if length is None:
        return "–"
    seconds = length.total_seconds() if isinstance(length, timedelta) else length
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for unit, size, smaller, small in (("d", 86400, "h", 3600), ("h", 3600, "min", 60), ("min", 60, "s", 1)):
        if whole >= size:
            rest = whole % size // small
            return f"{whole // size} {unit} {rest} {smaller}" if rest else f"{whole // size} {unit}"
    return f"{whole} s"


def size(size_bytes: float | None) -> str:
    """A size: 1536 is "1.5 KiB"; "–" for none."""
    if size_bytes is None:
        return "–"
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if size_bytes < 1024:
            return f"{size_bytes:.0f} {unit}" if unit == "bytes" else f"{size_bytes:.1f} {unit}"
        size_bytes /= 1024
    return f"{size_bytes:.1f} TiB"


def number(how_many: float | None) -> str:
    """A whole number; "–" for none."""
    return "–" if how_many is None else f"{how_many:,.0f}"


def value(measured: float) -> str:
    """A measured value with as many digits as tell something."""
    return f"{measured:,.0f}" if abs(measured) >= 100 else f"{measured:.1f}"


def count(how_many: int, one: str, several: str = "") -> str:
    """ "1 run", "3 runs"; `several` is for plurals that are not made with an s."""
    return f"{how_many:,} {one if how_many == 1 else several or one + 's'}"


def listed(words: list[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""
