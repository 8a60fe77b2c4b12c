"""What systems are called, and where they stand on the clock."""

from dataclasses import dataclass

from django.conf import settings

from schoolkeeper.estate.models import SystemRecord


@dataclass(frozen=True, slots=True)
class SystemName:
    """`in_care` is False for a system of which only records are left."""

    slug: str
    name: str
    zone: str
    in_care: bool = True


class Names:
    """The names of all systems, read at once. Records outlive systems, so any slug has a name here."""

    def __init__(self) -> None:
        rows = SystemRecord.objects.values_list("slug", "name", "timezone")
        self._names = {slug: SystemName(slug, name, zone) for slug, name, zone in rows}

    def __getitem__(self, slug: str) -> SystemName:
        return self._names.get(slug) or SystemName(slug, slug or "Schoolkeeper", settings.TIME_ZONE, in_care=False)

    def choices(self) -> list[SystemName]:
        """All systems in care, by name."""
        return sorted(self._names.values(), key=lambda system: system.name)
