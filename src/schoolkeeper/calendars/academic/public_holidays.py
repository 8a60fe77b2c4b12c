"""The public holidays of a country, or of a part of it."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import holidays

from schoolkeeper.calendars.academic.found import Found, midnight
from schoolkeeper.calendars.models import AcademicEvent

ONE_DAY = timedelta(days=1)
# Else it would be that of whoever started the worker, and another start would take each holiday for a new event.
_LANGUAGE = "en_US"


def fault_of(country: str, subdivision: str) -> str:
    """What is wrong with a place, in one sentence; empty when its holidays are known."""
    known = holidays.list_supported_countries()
    if country not in known:
        return f"country: {country!r} is no ISO 3166 code whose holidays are known; write one like UZ or DE"
    if subdivision and subdivision not in known[country]:
        parts = ", ".join(known[country]) or "none"
        return f"subdivision: {country} has no {subdivision!r}; its parts with holidays of their own are: {parts}"
    return ""


def read(country: str, subdivision: str, zone: ZoneInfo, since: datetime, until: datetime) -> tuple[Found, ...]:
    """The holidays from `since` to `until`, each a day from midnight to midnight in `zone`."""
    years = range(since.astimezone(zone).year, until.astimezone(zone).year + 1)
    days = holidays.country_holidays(country, subdiv=subdivision or None, years=years, language=_LANGUAGE)
    found = []
    for day, name in sorted(days.items()):
        starts_at, ends_at = midnight(day, zone), midnight(day + ONE_DAY, zone)
        if since < ends_at and starts_at < until:
            category = AcademicEvent.Category.HOLIDAY.value
            found.append(Found(f"{name}/{day}", name, name, category, starts_at, ends_at, all_day=True))
    return tuple(found)
