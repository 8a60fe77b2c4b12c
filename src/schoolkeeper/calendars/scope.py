"""Which rows are about a system: its own, its institution's, and those of everybody."""

from django.db.models import Q


def about(system: str, institution: str) -> Q:
    """The rows of a `Scoped` table that bind a system."""
    found = Q(system=system) | Q(system="", institution="")
    return found | Q(system="", institution=institution) if institution else found
