"""Is it well? Tasks that look at one kind of component and change nothing; here is what they share."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from schoolkeeper.kernel.finding import Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A finding before it gets its task's name: `suffix` is the last part of its code."""

    suffix: str
    level: Level
    says: str
    subject: str = ""
    hint: str = ""
    data: Mapping[str, object] = field(default_factory=dict)


def level_from(value: float, warning: float, error: float) -> Level | None:
    """The level of a value that is worse the higher it is: reached thresholds count, None below both."""
    if value >= error:
        return Level.ERROR
    return Level.WARNING if value >= warning else None


def size(size_bytes: float) -> str:
    """A size for people: 1536 is "1.5 KiB"."""
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if abs(size_bytes) < 1024:
            return f"{size_bytes:.0f} {unit}" if unit == "bytes" else f"{size_bytes:.1f} {unit}"
        size_bytes /= 1024
    return f"{size_bytes:.1f} TiB"


def count(number: int, noun: str) -> str:
    """A number of things for people: "1 session", "1,200 sessions"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def duration(seconds: float) -> str:
    """A span of time for people, in its two largest units: "3 h 20 min"."""
    whole = round(seconds)
    for unit, length, smaller, small in (
        ("d", 86400, "h", 3600),
        ("h", 3600, "min", 60),
        ("min", 60, "s", 1),
    ):
        if whole >= length:
            return f"{whole // length} {unit} {whole % length // small} {smaller}"
    return f"{whole} s"
