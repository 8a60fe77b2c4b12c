"""Which backup sets should be in the store that they were taken into, and which were missed there."""

from django.db.models import QuerySet
from django.db.models.fields.json import KeyTextTransform

from schoolkeeper.records.models import EvidenceRecord, StepRecord

MAIN_STORE = "backups"
"""The store that sets are taken into; others hold copies."""


def removals() -> QuerySet[StepRecord]:
    """The steps with which the rule of retention takes sets away from the main store, carried out or not."""
    return StepRecord.objects.filter(
        run__task="backup.prune", action__verb="remove", action__arguments__store=MAIN_STORE
    )


def recorded(system: str) -> frozenset[str]:
    """The sets that were taken and that nothing of ours has begun to take away since."""
    taken = EvidenceRecord.objects.filter(system=system, kind="backup-set", holds=True)
    begun = removals().filter(run__system=system).exclude(state=StepRecord.State.PLANNED)
    gone = begun.values_list(KeyTextTransform("set", "action__arguments"), flat=True)
    return frozenset(taken.exclude(key__in=gone).values_list("key", flat=True))


def missed(system: str) -> frozenset[str]:
    """The sets that the newest reading of the main store did not find: no proof of theirs helps anybody."""
    readings = EvidenceRecord.objects.filter(system=system, kind="verification", key=MAIN_STORE)
    newest = readings.order_by("-at").values_list("data", flat=True).first()
    return frozenset(newest.get("gone", ())) if newest else frozenset()
