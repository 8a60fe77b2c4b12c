"""Taking a system into care, with its entry in the ledger."""

from django.db import transaction
from django.utils import timezone

from schoolkeeper.connectors.system import System
from schoolkeeper.estate import care
from schoolkeeper.kernel.canonical import digest
from schoolkeeper.records import ledger


@transaction.atomic
def take_into_care(system: System, *, by: str) -> tuple[care.Change, ...]:
    """Store a definition and note what changed, both or neither; the changes, none if it was so already."""
    changes = care.apply(system, by=by, at=timezone.now())
    if changes:
        ledger.append(
            "system.applied",
            actor=by,
            system=system.slug,
            subject=system.name,
            data={"changes": [str(change) for change in changes], "definition": digest(system)},
        )
    return changes
