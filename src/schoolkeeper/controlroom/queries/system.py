"""What one system consists of."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from schoolkeeper.controlroom.wording import COMPONENTS
from schoolkeeper.records.models import Run


@dataclass(frozen=True, slots=True)
class Part:
    """One component as its definition says; secrets are named by their place, never shown."""

    name: str
    kind: str
    place: str


def components(definition: Mapping[str, Any]) -> list[Part]:
    """The components that a definition names, in its order."""
    parts = definition["components"]
    return [Part(name, COMPONENTS.get(part["kind"], part["kind"]), _place(part)) for name, part in parts.items()]


def version_seen(slug: str) -> str:
    """The ERP's version as the newest look at its pages tells it, "" when it does not."""
    looks = Run.objects.filter(system=slug, task="health.web", outcome__in=("ok", "failed")).order_by("-id")
    version = looks.values_list("facts_before__version", flat=True).first()
    return version if isinstance(version, str) else ""


def _place(part: dict[str, Any]) -> str:
    for key in ("url", "path", "address"):
        if part.get(key):
            return "this machine" if part[key] == "local" else str(part[key])
    if sources := part.get("sources"):
        return ", ".join(sources)
    return f"address kept in {part['dsn']}" if part.get("dsn") else ""
