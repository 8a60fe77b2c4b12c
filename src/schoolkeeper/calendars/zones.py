"""By whose clock an institution lives: the zones of its systems."""

from collections import Counter
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from schoolkeeper.estate.models import SystemRecord


def is_zone(name: str) -> bool:
    """Whether this is the name of a zone in the IANA database."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return False
    return True


def zones_of(institution: str) -> tuple[ZoneInfo, ...]:
    """Every zone that systems of an institution are in, the commonest first; UTC where it has none in our care.

    An empty institution is all of them, as in every `Scoped` row.
    """
    systems = SystemRecord.objects.order_by()
    if institution:
        systems = systems.filter(institution=institution)
    counted = Counter(systems.values_list("timezone", flat=True))
    ranked = sorted(counted, key=lambda name: (-counted[name], name))
    return tuple(ZoneInfo(name) for name in ranked or ["UTC"])


def zone_of(institution: str) -> ZoneInfo:
    """The zone that most systems of an institution are in."""
    return zones_of(institution)[0]
