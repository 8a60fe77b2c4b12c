"""Rules that repeat, in words: what people read instead of RFC 5545, and the usual ones to choose from. Pure."""

import re
from collections.abc import Mapping, Sequence

OWN = "By a rule of its own"
"""What is said of a rule that has no short words; the page shows its text beside it."""
ON_DEMAND = "Only after certain events, or when somebody asks for it"
_DAYS: Mapping[str, str] = {
    "MO": "Monday",
    "TU": "Tuesday",
    "WE": "Wednesday",
    "TH": "Thursday",
    "FR": "Friday",
    "SA": "Saturday",
    "SU": "Sunday",
}
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_ORDINALS: Mapping[str, str] = {"1": "first", "2": "second", "3": "third", "4": "fourth", "-1": "last"}
_WORKDAYS = "MO,TU,WE,TH,FR"
_NTH_DAY = re.compile(r"([1-4]|-1)([A-Z]{2})")

CHOICES: Sequence[str] = (
    "FREQ=HOURLY",
    "FREQ=HOURLY;INTERVAL=6",
    "FREQ=DAILY",
    f"FREQ=DAILY;BYDAY={_WORKDAYS}",
    *(f"FREQ=WEEKLY;BYDAY={day}" for day in _DAYS),
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=SA",
    "FREQ=MONTHLY;BYDAY=1MO",
    "FREQ=MONTHLY;BYDAY=1SA",
    "FREQ=MONTHLY;BYDAY=1SU",
    "FREQ=MONTHLY;BYMONTHDAY=1",
    "FREQ=MONTHLY;BYMONTHDAY=15",
    "FREQ=MONTHLY;BYMONTHDAY=-1",
    "FREQ=MONTHLY;BYMONTH=1,4,7,10;BYDAY=1MO",
    "FREQ=MONTHLY;BYMONTH=1,4,7,10;BYDAY=2SA",
    "FREQ=YEARLY;BYMONTH=6;BYDAY=1MO",
    "FREQ=YEARLY;BYMONTH=7;BYDAY=3SA",
)
"""Rules that most entries want; each has words."""


def in_words(rule: str) -> str:
    """What a rule means: "On the first Saturday of each month"; `OWN` where there are no short words."""
    if not rule:
        return ON_DEMAND
    parts = dict(part.partition("=")[::2] for part in rule.upper().removeprefix("RRULE:").split(";"))
    parts.pop("WKST", None)
    if parts.get("INTERVAL") == "1":
        del parts["INTERVAL"]
    return _words(parts.pop("FREQ", ""), parts) or OWN


def is_daily(rule: str) -> bool:
    """Whether it comes (nearly) every day, so that a calendar counts it instead of naming it."""
    return rule.upper().startswith(("FREQ=DAILY", "FREQ=HOURLY"))


def _words(frequency: str, parts: dict[str, str]) -> str:
    every = parts.pop("INTERVAL", "")
    match frequency, sorted(parts):
        case "HOURLY", []:
            return f"Every {every} hours" if every else "Every hour"
        case "DAILY", []:
            return f"Every {every} days" if every else "Every day"
        case "DAILY", ["BYDAY"] if not every and parts["BYDAY"] == _WORKDAYS:
            return "From Monday to Friday"
        case (("DAILY" | "WEEKLY"), ["BYDAY"]) if not (every and frequency == "DAILY"):
            return _weekly(every, _named(parts["BYDAY"].split(","), _DAYS))
        case "MONTHLY" | "YEARLY", _ if not every:
            return _monthly(frequency, parts)
    return ""


def _weekly(every: str, days: str) -> str:
    rhythm = {"": "Every week", "2": "Every second week"}.get(every, f"Every {every} weeks")
    return days and f"{rhythm} on {days}"


def _monthly(frequency: str, parts: dict[str, str]) -> str:
    """A day of months: of each, or of those that are named."""
    months = parts.pop("BYMONTH", "")
    if frequency == "YEARLY" and not months:
        return ""
    numbers = {str(number): name for number, name in enumerate(_MONTHS, start=1)}
    of = _named(months.split(","), numbers) if months else "each month"
    day = _day_of_month(parts)
    if not day or not of:
        return ""
    return f"Every year on the {day} of {of}" if frequency == "YEARLY" else f"On the {day} of {of}"


def _day_of_month(parts: Mapping[str, str]) -> str:
    match sorted(parts):
        case ["BYDAY"] if found := _NTH_DAY.fullmatch(parts["BYDAY"]):
            number, day = found.groups()
            return f"{_ORDINALS[number]} {_DAYS[day]}" if day in _DAYS else ""
        case ["BYMONTHDAY"]:
            number = parts["BYMONTHDAY"]
            return "last day" if number == "-1" else _numbered(number) if number.isdecimal() else ""
    return ""


def _numbered(number: str) -> str:
    ending = "th" if number[-2:] in ("11", "12", "13") else {"1": "st", "2": "nd", "3": "rd"}.get(number[-1], "th")
    return f"{number}{ending}"


def _named(keys: Sequence[str], names: Mapping[str, str]) -> str:
    """ "January, April and July"; "" when one of them has no name."""
    if not all(key in names for key in keys):
        return ""
    *first, last = (names[key] for key in keys)
    return f"{', '.join(first)} and {last}" if first else last
