"""What a freeze or a window is about, and by which clock it is told: a system, an institution, or all."""

from collections import Counter

from django.conf import settings

from schoolkeeper.calendars.models import Scoped
from schoolkeeper.estate.models import SystemRecord

EVERYTHING = "All systems"
_SYSTEM, _INSTITUTION = "system:", "institution:"


class Places:
    """All systems and institutions in care, read at once. A place is written as system:SLUG or institution:NAME;
    "" is all."""

    def __init__(self) -> None:
        rows = SystemRecord.objects.values_list("slug", "name", "institution", "timezone").order_by("name")
        self._systems = {slug: (name, zone) for slug, name, _, zone in rows}
        zones: dict[str, Counter[str]] = {}
        for _, _, institution, zone in rows:
            if institution:
                zones.setdefault(institution, Counter())[zone] += 1
        self._institutions = {name: counted.most_common(1)[0][0] for name, counted in sorted(zones.items())}

    def choices(self) -> list[tuple[str, str]]:
        """Every place with its name, for a form."""
        return [
            ("", EVERYTHING),
            *((f"{_INSTITUTION}{name}", f"All systems of {name}") for name in self._institutions),
            *((f"{_SYSTEM}{slug}", name) for slug, (name, _) in self._systems.items()),
        ]

    def zone(self, place: str) -> str:
        """The zone of a place: of an institution that of most of its systems, of all this installation's own."""
        if place.startswith(_SYSTEM):
            known = self._systems.get(place.removeprefix(_SYSTEM))
            return known[1] if known else str(settings.TIME_ZONE)
        return self._institutions.get(place.removeprefix(_INSTITUTION), str(settings.TIME_ZONE))

    def name_of(self, record: Scoped) -> str:
        if record.system:
            known = self._systems.get(record.system)
            return known[0] if known else record.system
        return f"All of {record.institution}" if record.institution else EVERYTHING

    def zone_of(self, record: Scoped) -> str:
        return self.zone(place_of(record))


def place_of(record: Scoped) -> str:
    if record.system:
        return f"{_SYSTEM}{record.system}"
    return f"{_INSTITUTION}{record.institution}" if record.institution else ""


def scope(place: str) -> dict[str, str]:
    """A place as the two fields of a scoped row."""
    return {
        "system": place.removeprefix(_SYSTEM) if place.startswith(_SYSTEM) else "",
        "institution": place.removeprefix(_INSTITUTION) if place.startswith(_INSTITUTION) else "",
    }
