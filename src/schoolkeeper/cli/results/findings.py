"""Findings: those that are open, and passing over one for a while."""

from datetime import UTC, datetime

from django.utils import timezone

from schoolkeeper.cli.results.finding_lines import FindingLine
from schoolkeeper.estate.care import find
from schoolkeeper.kernel.errors import Invalid
from schoolkeeper.kernel.finding import Level
from schoolkeeper.records import silences
from schoolkeeper.records.findings import open_findings
from schoolkeeper.records.models import FindingRecord


def findings(*, system: str | None, level: str | None, everything: bool) -> tuple[FindingLine, ...]:
    """Open findings, worst first, without the silenced and those below WARNING; `everything` shows these too.

    `level` keeps those at that level or worse. Raises Invalid for an unknown system or level.
    """
    rows = open_findings()
    if system is not None:
        rows = rows.filter(system=find(system).slug)
    lowest = _level(level) if level else (Level.OK if everything else Level.WARNING)
    rows = rows.filter(level__gte=lowest)
    lines = (_line(row) for row in rows)
    return tuple(line for line in lines if everything or not line.silenced)


def silence(code: str, system: str, *, subject: str | None, reason: str, until: datetime, by: str) -> None:
    """Pass over an open finding until that day begins in UTC; with subject None all of its code.

    Raises Invalid when no such finding is open, Refused without a reason or with an end that is past or too far.
    """
    find(system)
    spoken = open_findings().filter(system=system)
    found = spoken.filter(code=code, **({} if subject is None else {"subject": subject})).first()
    if found is None:
        known = sorted({f"{row.code} {row.subject}".strip() for row in spoken}) or ["none"]
        raise Invalid(
            f"finding {code} {subject or ''}".strip(),
            [f"it is not open on {system}; open are: {', '.join(known)}"],
        )
    silences.silence(
        found,
        every_subject=subject is None,
        reason=reason,
        until=until.replace(tzinfo=UTC),
        by=by,
        now=timezone.now(),
    )


def _level(text: str) -> Level:
    try:
        return Level[text.upper()]
    except KeyError:
        known = ", ".join(level.name.lower() for level in Level)
        raise Invalid("level", [f"there is no level {text!r}; known are: {known}"]) from None


def _line(row: FindingRecord) -> FindingLine:
    return FindingLine(
        system=row.system,
        level=Level(row.level).name.lower(),
        code=row.code,
        subject=row.subject,
        says=row.says,
        hint=row.hint,
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        times_seen=row.times_seen,
        silenced=bool(getattr(row, "silenced", False)),
    )
