"""The life of findings: seen, seen again, resolved, silenced."""

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from schoolkeeper.kernel.finding import Finding, Level
from schoolkeeper.records.models import FindingRecord, Run, Silence


@transaction.atomic
def observe(run: Run, codes: Collection[str], findings: Sequence[Finding], now: datetime) -> None:
    """Take down what a run saw; open findings among `codes` that it did not see again are resolved.

    A run that could not look at everything resolves only its own earlier "could not look": what nobody could
    see may still be true.
    """
    seen = {(finding.code, finding.subject) for finding in findings}
    blind = any(finding.level is Level.UNKNOWN for finding in findings)
    for finding in findings:
        _take_down(run, finding, now)
    earlier = FindingRecord.objects.filter(system=run.system, code__in=codes, resolved_at=None)
    if blind:
        earlier = earlier.filter(level=Level.UNKNOWN)
    gone = [row.pk for row in earlier if (row.code, row.subject) not in seen]
    FindingRecord.objects.filter(pk__in=gone).update(resolved_at=now)


def open_findings() -> QuerySet[FindingRecord]:
    """Findings that are not resolved, worst first, each with `silenced` (bool) as of the database's now."""
    silences = Silence.objects.filter(
        Q(subject="") | Q(subject=OuterRef("subject")),
        system=OuterRef("system"),
        code=OuterRef("code"),
        until__gt=Now(),
    )
    return FindingRecord.objects.filter(resolved_at=None).annotate(silenced=Exists(silences))


def _take_down(run: Run, finding: Finding, now: datetime) -> None:
    wording = {
        "level": finding.level,
        "says": finding.says,
        "hint": finding.hint,
        "data": dict(finding.data),
        "last_seen": now,
        "run": run,
    }
    identity = {"system": run.system, "code": finding.code, "subject": finding.subject[:500]}
    row, new = FindingRecord.objects.get_or_create(
        **identity, resolved_at=None, defaults={"task": run.task, "first_seen": now, **wording}
    )
    if not new and row.run_id != run.pk:
        FindingRecord.objects.filter(pk=row.pk).update(times_seen=F("times_seen") + 1, **wording)
