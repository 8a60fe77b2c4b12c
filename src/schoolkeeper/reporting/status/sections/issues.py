"""Findings and their resolution."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

from schoolkeeper.reporting.status.collect import Status
from schoolkeeper.reporting.status.issues import Issue
from schoolkeeper.reporting.status.paper import Block, Cell, Column, Note, Section, Table
from schoolkeeper.reporting.status.wording import LEVEL_WORDS, count, moment, span, tone

_MOST_ROWS = 50


def section(status: Status) -> Section:
    return Section("findings", "Findings and their resolution", list(_blocks(status)))


def _blocks(status: Status) -> Iterator[Block]:
    issues = status.issues
    opened, resolved = len(issues.opened), len(issues.resolved)
    said = f"{count(opened, 'finding')} opened, {resolved:,} resolved, {len(issues.open):,} open now."
    times = [issue.took.total_seconds() for issue in issues.resolved if issue.took is not None]
    if times:
        said += f" Half of those resolved took at most {span(median(times))}; the longest {span(max(times))}."
    yield Note(said)
    yield _open(status)
    yield _resolved(status)
    yield _silenced(status)


def _open(status: Status) -> Table:
    shown = sorted(status.issues.open, key=lambda issue: issue.silenced)
    return Table(
        title=f"Still open, the worst first{_cut(shown)}",
        columns=(Column("Level", 1.1), Column("Finding", 5.2), Column("First seen", 1.7), Column("Age", 1.1)),
        rows=[
            [
                Cell(
                    "silenced" if issue.silenced else LEVEL_WORDS[issue.level],
                    "" if issue.silenced else tone(issue.level),
                ),
                _finding(issue, status),
                Cell(moment(issue.first_seen, status.period.zone), note=f"seen {count(issue.times_seen, 'time')}"),
                Cell(span(status.period.now - issue.first_seen)),
            ]
            for issue in shown[:_MOST_ROWS]
        ],
        empty="Nothing is open."
        if status.activities.runs
        else "Nothing is open, but nothing was looked at either.",
    )


def _resolved(status: Status) -> Table:
    shown = status.issues.resolved
    return Table(
        title=f"Resolved in this period{_cut(shown)}",
        columns=(Column("Level", 1.1), Column("Finding", 5.2), Column("Resolved", 1.7), Column("Took", 1.1)),
        rows=[
            [
                Cell(LEVEL_WORDS[issue.level]),
                _finding(issue, status),
                Cell(moment(issue.resolved_at, status.period.zone) if issue.resolved_at else "–"),
                Cell(span(issue.took)),
            ]
            for issue in shown[:_MOST_ROWS]
        ],
        empty="Nothing was resolved in this period.",
    )


def _silenced(status: Status) -> Table:
    return Table(
        title="Silenced",
        columns=(Column("Finding", 2.6), Column("Reason", 3.2), Column("By", 1.4), Column("Until", 1.7)),
        rows=[
            [
                Cell(
                    status.titles.get(silence.code, silence.code),
                    note=" · ".join(part for part in (silence.code, silence.subject) if part),
                ),
                Cell(silence.reason, note=f"covers {count(silence.open_findings, 'open finding')}"),
                Cell(silence.by),
                Cell(moment(silence.until, status.period.zone)),
            ]
            for silence in status.issues.silenced
        ],
        empty="Nothing is silenced.",
    )


def _finding(issue: Issue, status: Status) -> Cell:
    title = status.titles.get(issue.code, issue.code)
    place = " · ".join(part for part in (issue.code, issue.subject) if part)
    return Cell(f"{title}: {issue.says}", note=place + (f" · {issue.hint}" if issue.hint else ""))


def _cut(shown: Sequence[Issue]) -> str:
    return f" (the first {_MOST_ROWS} of {len(shown):,})" if len(shown) > _MOST_ROWS else ""
