"""Times as people write them: with a zone, or as a clock on the wall shows them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from schoolkeeper.kernel.errors import Invalid

EXAMPLE = "2026-03-02T14:03:12+05:00"


def read_time(text: str, zone: str) -> datetime:
    """A moment in UTC from ISO 8601. Without a zone it is the time on a clock in `zone` (an IANA name).

    Raises Invalid when it is no time, or when a clock there showed it twice or never because it was changed.
    """
    try:
        read = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Invalid("time", [f"{text!r} is no time; write it like {EXAMPLE}"]) from None
    if read.tzinfo is not None:
        return read.astimezone(UTC)
    earlier, later = (read.replace(tzinfo=ZoneInfo(zone), fold=fold) for fold in (0, 1))
    if earlier.utcoffset() == later.utcoffset():
        return earlier.astimezone(UTC)
    if _exists(earlier):
        both = f"{earlier.isoformat()} or {later.isoformat()}"
        raise Invalid("time", [f"a clock in {zone} showed {text} twice: write {both}"])
    around = f"{_shown(earlier, zone)} or {_shown(later, zone)}"
    raise Invalid("time", [f"no clock in {zone} ever showed {text}, it was put forward then: write {around}"])


def has_zone(text: str) -> bool:
    """Whether a text that `read_time` takes says its zone."""
    return datetime.fromisoformat(text.strip()).tzinfo is not None


def shown(moment: datetime, zone: str) -> str:
    """A moment for people: as a clock in `zone` shows it, with the distance from UTC and all its digits.

    It is just what `read_time` takes.
    """
    return moment.astimezone(ZoneInfo(zone)).isoformat()


def _exists(local: datetime) -> bool:
    return local.astimezone(UTC).astimezone(local.tzinfo).replace(tzinfo=None) == local.replace(tzinfo=None)


def _shown(local: datetime, zone: str) -> str:
    return shown(local.astimezone(UTC), zone)
