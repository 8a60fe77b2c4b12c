"""The life of findings: seen, seen again, resolved, silenced."""

import json
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from schoolkeeper.kernel.canonical import canonical, digest
from schoolkeeper.kernel.finding import Finding, Level
from schoolkeeper.kernel.spec import IMPLICIT_FINDINGS
from schoolkeeper.records.models import FindingRecord, Run, Silence

LONGEST_SUBJECT = 500
_NOTE = """
INSERT INTO records_findingrecord AS row
       (first_seen, last_seen, system, code, subject, task, level, says, hint, data, times_seen)
SELECT %s, %s, given.*
  FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::smallint[], %s::text[], %s::text[], %s::jsonb[],
              %s::integer[]) AS given
    ON CONFLICT (system, code, subject) WHERE resolved_at IS NULL
    DO UPDATE SET last_seen = excluded.last_seen, level = excluded.level, says = excluded.says, run_id = NULL,
                  hint = excluded.hint, data = excluded.data, times_seen = row.times_seen + excluded.times_seen
"""


@transaction.atomic
def observe(
    run: Run,
    codes: Collection[str],
    findings: Sequence[Finding],
    now: datetime,
    *,
    complete: bool = True,
    target: Collection[str] = (),
) -> None:
    """Take down what a run saw; open findings among `codes` that it did not see again are resolved.

    Nothing is resolved that may still be true: a run that was broken off (not `complete`) resolves nothing, one
    that could not look at everything only what the engine itself had said of earlier runs, and none what a run
    that began later has seen. `target` names the options that choose what a run looks at: only findings of runs
    with the same are resolved.
    """
    told = [_storable(finding) for finding in findings]
    seen = {(finding.code, finding.subject) for finding in told}
    for finding in told:
        _take_down(run, finding, now)
    if not complete:
        return
    resolvable = set(codes)
    if any(finding.level is Level.UNKNOWN for finding in told):
        resolvable = {code for code in codes if code.rpartition(".")[2] in IMPLICIT_FINDINGS}
    earlier = FindingRecord.objects.filter(
        system=run.system, code__in=resolvable, resolved_at=None, last_seen__lte=run.started_at or now
    ).select_related("run")
    gone = [
        row.pk
        for row in earlier
        if (row.code, row.subject) not in seen
        and all(row.run is None or row.run.options.get(name) == run.options.get(name) for name in target)
    ]
    FindingRecord.objects.filter(pk__in=gone).update(resolved_at=now)


@dataclass(frozen=True, slots=True)
class Noted:
    """What was found without a run, because there was none."""

    system: str
    task: str
    finding: Finding


def note(system: str, task: str, finding: Finding, now: datetime) -> None:
    """Take down one such finding."""
    note_many([Noted(system, task, finding)], now)


def note_many(noted: Sequence[Noted], now: datetime) -> None:
    """Take down what was found without a run, thousands in one statement; the task's next success resolves it."""
    newest, times = dict[tuple[str, str, str], Noted](), Counter[tuple[str, str, str]]()
    for one in noted:
        finding = _storable(one.finding)
        identity = (one.system, finding.code, finding.subject)
        newest[identity], times[identity] = replace(one, finding=finding), times[identity] + 1
    if not newest:
        return
    rows = [
        (
            *identity,
            one.task,
            int(one.finding.level),
            one.finding.says,
            one.finding.hint,
            canonical(one.finding.data),
        )
        for identity, one in sorted(newest.items())
    ]
    columns = [list(column) for column in zip(*rows, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, [now, now, *columns, [times[identity] for identity in sorted(newest)]])


def resolve(system: str, code: str, now: datetime) -> int:
    """Resolve open findings of a code, because a person says so; how many."""
    return FindingRecord.objects.filter(system=system, code=code, resolved_at=None).update(resolved_at=now)


def reword(system: str, finding: Finding) -> None:
    """Let an open finding say something else, without that it was seen again."""
    told = _storable(finding)
    FindingRecord.objects.filter(system=system, code=told.code, subject=told.subject, resolved_at=None).update(
        says=told.says, hint=told.hint, data=told.data
    )


def not_seen_after(now: datetime) -> None:
    """After a clock that was ahead: what it told was seen by now, else no run until then could resolve it."""
    FindingRecord.objects.filter(resolved_at=None, last_seen__gt=now).update(last_seen=now)


def open_findings() -> QuerySet[FindingRecord]:
    """Findings that are not resolved, worst first, each with `silenced` (bool) as of the database's now."""
    silences = Silence.objects.filter(
        Q(every_subject=True) | Q(subject=OuterRef("subject")),
        system=OuterRef("system"),
        code=OuterRef("code"),
        until__gt=Now(),
    )
    return FindingRecord.objects.filter(resolved_at=None).annotate(silenced=Exists(silences))


def _storable(finding: Finding) -> Finding:
    """The finding as the table can hold it: PostgreSQL knows no U+0000, and a long subject gets a digest."""
    subject = finding.subject.replace("\0", "\ufffd")
    if len(subject) > LONGEST_SUBJECT:
        subject = f"{subject[: LONGEST_SUBJECT - 13]}…{digest(subject)[:12]}"
    data = json.loads(canonical(finding.data).replace("\\u0000", "\\ufffd"))
    return replace(
        finding,
        subject=subject,
        says=finding.says.replace("\0", "\ufffd"),
        hint=finding.hint.replace("\0", "\ufffd"),
        data=data,
    )


def _take_down(run: Run, finding: Finding, now: datetime) -> None:
    wording = {
        "level": finding.level,
        "says": finding.says,
        "hint": finding.hint,
        "data": finding.data,
        "last_seen": now,
        "run": run,
    }
    identity = {"system": run.system, "code": finding.code, "subject": finding.subject}
    row, new = FindingRecord.objects.get_or_create(
        **identity, resolved_at=None, defaults={"task": run.task, "first_seen": now, **wording}
    )
    if not new and row.run_id != run.pk:
        FindingRecord.objects.filter(pk=row.pk).update(times_seen=F("times_seen") + 1, **wording)
