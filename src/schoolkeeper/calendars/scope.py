"""Which rows are about a system: its own, its institution's, and those of everybody."""

from collections.abc import Iterable, Iterator
from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo

from django.db.models import Q

from schoolkeeper.estate.models import SystemRecord
from schoolkeeper.kernel.errors import Invalid


def about(system: str, institution: str) -> Q:
    """The rows of a `Scoped` table that bind a system."""
    found = Q(system=system) | Q(system="", institution="")
    return found | Q(system="", institution=institution) if institution else found


def faults_of(system: str, institution: str) -> Iterator[str]:
    """What is wrong with the two fields of a `Scoped` row: a name that nothing has would bind nothing."""
    records = SystemRecord.objects.all()
    if system and institution:
        yield "system: name a system or an institution, not both"
    if system and not records.filter(slug=system).exists():
        yield f"system: {system!r} is not in our care; known are: {_known(records.values_list('slug', flat=True))}"
    if institution and not records.filter(institution=institution).exists():
        known = _known(records.exclude(institution="").values_list("institution", flat=True))
        yield f"institution: no system in our care belongs to {institution!r}; known are: {known}"


def check(what: str, system: str = "", institution: str = "") -> None:
    """Raises Invalid when nothing in our care is called so."""
    if faults := list(faults_of(system, institution)):
        raise Invalid(what, faults)


def zone_of(system: str, institution: str) -> ZoneInfo | None:
    """By whose clock a `Scoped` row is meant: that of its systems; None where they have several or are none."""
    records = SystemRecord.objects.all()
    if system:
        records = records.filter(slug=system)
    elif institution:
        records = records.filter(institution=institution)
    names = set(records.values_list("timezone", flat=True))
    return ZoneInfo(names.pop()) if len(names) == 1 else None


def clock_of(system: str, institution: str = "") -> tzinfo:
    """By which clock times about these are shown; UTC where they have several."""
    return zone_of(system, institution) or UTC


def _known(names: Iterable[str]) -> str:
    return ", ".join(sorted(set(names))) or "none"
