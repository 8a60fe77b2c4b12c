"""Asking for a run."""

from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone

from schoolkeeper.catalogue.options import parse_options
from schoolkeeper.engine.knowledge import catalogue
from schoolkeeper.engine.own_database import replaces_own
from schoolkeeper.estate.care import find
from schoolkeeper.kernel.canonical import digest
from schoolkeeper.kernel.errors import Refused
from schoolkeeper.records import ledger
from schoolkeeper.records.models import Run


@transaction.atomic
def request(
    task_id: str,
    system: str,
    *,
    by: str,
    occasion: str = "on demand",
    options: Mapping[str, object] | None = None,
) -> Run:
    """Queue a run; a worker takes it from there.

    Raises Invalid for an unknown task or system or bad options, Refused for what no worker may do: replace the
    database that it works with.
    """
    spec = catalogue().find(task_id).spec
    if reason := replaces_own(spec, find(system), ask=False):
        raise Refused(reason)
    chosen = parse_options(catalogue().find(task_id), options or {}).model_dump(mode="json", exclude_defaults=True)
    run = Run.objects.create(
        system=system,
        task=task_id,
        spec_version=spec.version,
        options=chosen,
        requested_by=by,
        occasion=occasion,
        requested_at=timezone.now(),
    )
    ledger.append(
        "run.requested",
        actor=by,
        system=system,
        subject=f"run {run.pk}",
        data={"task": task_id, "version": spec.version, "options": digest(chosen), "occasion": occasion},
        once=f"{run.key}:requested",
    )
    return run
