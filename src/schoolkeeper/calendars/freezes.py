"""Freezes: which are in force for a system, what they bind, and making and lifting them."""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from schoolkeeper.calendars.entered import faults_of_stretch
from schoolkeeper.calendars.models import Freeze
from schoolkeeper.calendars.scope import about
from schoolkeeper.connectors.system import System
from schoolkeeper.kernel.errors import Invalid, Refused
from schoolkeeper.kernel.spec import Risk, Spec
from schoolkeeper.records import ledger


def of(system: System) -> QuerySet[Freeze]:
    """Every freeze of a system that nobody has lifted, past ones too."""
    return Freeze.objects.filter(about(system.slug, system.institution), lifted_at=None)


def in_force(system: System, now: datetime) -> list[Freeze]:
    """The freezes of a system at this moment, the one that ends last first."""
    return list(of(system).filter(starts_at__lte=now, ends_at__gt=now).order_by("-ends_at"))


def any_in_force(now: datetime) -> bool:
    """Whether anybody is frozen at this moment."""
    return Freeze.objects.filter(lifted_at=None, starts_at__lte=now, ends_at__gt=now).exists()


def binds(kind: str, spec: Spec) -> bool:
    """Whether a freeze of this kind forbids a task: a hard one every change of the ERP, a soft one what disturbs.

    Looking, and taking copies of the ERP, is never forbidden: a freeze makes nobody blind.
    """
    if not spec.changes_the_erp:
        return False
    return kind == Freeze.Kind.HARD or spec.risk >= Risk.DISRUPTIVE


@transaction.atomic
def declare(
    *,
    kind: str,
    title: str,
    starts_at: datetime,
    ends_at: datetime,
    by: str,
    now: datetime,
    system: str = "",
    institution: str = "",
) -> Freeze:
    """Make a freeze by hand. Raises Invalid listing every fault."""
    faults = []
    if kind not in Freeze.Kind.values:
        faults.append(f"kind: {kind!r} is neither hard nor soft")
    faults += faults_of_stretch(title, starts_at, ends_at, now, system, institution)
    if faults:
        raise Invalid("freeze", faults)
    freeze = Freeze.objects.create(
        kind=kind,
        title=title.strip(),
        starts_at=starts_at,
        ends_at=ends_at,
        system=system,
        institution=institution,
        made_by=by,
        made_at=now,
    )
    note(freeze, "freeze.declared", by)
    return freeze


@transaction.atomic
def lift(pk: int, *, by: str, reason: str, now: datetime) -> Freeze:
    """End a freeze before its time. Raises Refused without a reason, and when it is lifted already or over."""
    freeze = Freeze.objects.select_for_update().filter(pk=pk, lifted_at=None, ends_at__gt=now).first()
    if freeze is None:
        raise Refused(f"There is no freeze {pk} that could be lifted.")
    if not reason.strip():
        raise Refused("Say why it is lifted: the next person will ask.")
    freeze.lifted_at, freeze.lifted_by, freeze.lift_reason = now, by, reason.strip()
    freeze.save(update_fields=["lifted_at", "lifted_by", "lift_reason"])
    note(freeze, "freeze.lifted", by, reason=freeze.lift_reason)
    return freeze


def note(freeze: Freeze, kind: str, by: str, **more: str) -> None:
    """Take down in the ledger what became of a freeze."""
    data = {
        "freeze": freeze.pk,
        "kind": freeze.kind,
        "title": freeze.title,
        "institution": freeze.institution,
        "starts_at": freeze.starts_at.isoformat(),
        "ends_at": freeze.ends_at.isoformat(),
        **more,
    }
    ledger.append(kind, actor=by, system=freeze.system, subject=f"freeze {freeze.pk}", data=data)
