"""System status: how it is now, of what it consists, and how much of that was really seen."""

from __future__ import annotations

from collections.abc import Iterator

from schoolkeeper.reporting.status.collect import Status
from schoolkeeper.reporting.status.paper import Block, Cell, Column, Note, Section, Table
from schoolkeeper.reporting.status.sections.summary import health_in_words
from schoolkeeper.reporting.status.wording import LEVEL_WORDS, count, listed, moment, tone


def section(status: Status) -> Section:
    return Section("status", "System status", list(_blocks(status)))


def _blocks(status: Status) -> Iterator[Block]:
    condition, zone = status.condition, status.period.zone
    yield Note(health_in_words(status), tone(condition.level))
    if condition.stale and not condition.never_looked:
        titles = [
            f"{look.title} ({'last ' + moment(look.at, zone) if look.at else 'never'})" for look in condition.stale
        ]
        yield Note(f"Without a fresh answer: {listed(titles)}.", "unknown")
    yield _components(status)
    yield _versions(status)
    yield _looking(status)
    yield _machinery(status)


def _components(status: Status) -> Table:
    zone = status.period.zone
    return Table(
        title="Components",
        columns=(
            Column("Component", 1.6),
            Column("Kind"),
            Column("Where", 2.4),
            Column("State"),
            Column("Last looked at", 1.6),
        ),
        rows=[
            [
                Cell(part.name),
                Cell(part.kind),
                Cell(part.place or "–"),
                Cell(LEVEL_WORDS[part.level], tone(part.level)),
                Cell(
                    moment(part.looked_at, zone)
                    if part.looked_at
                    else "never"
                    if part.is_checked
                    else "by no check"
                ),
            ]
            for part in status.condition.components
        ],
        empty="The definition names no components.",
    )


def _versions(status: Status) -> Table:
    zone = status.period.zone
    return Table(
        title="Versions",
        columns=(Column("Of", 1.6), Column("Version", 2), Column("Seen", 1.6)),
        rows=[
            [Cell(version.of), Cell(version.version), Cell(moment(version.seen_at, zone))]
            for version in status.condition.versions
        ],
        empty="No version is known: no check has seen one.",
    )


def _looking(status: Status) -> Note:
    work = status.activities
    if not work.runs:
        return Note("In this period nothing was looked at.", "unknown")
    if not work.unknown:
        return Note(f"All of {count(work.runs, 'run')} could look at what they were to look at.")
    return Note(f"{work.unknown:,} of {count(work.runs, 'run')} could not look.", "unknown")


def _machinery(status: Status) -> Note:
    condition, zone = status.condition, status.period.zone
    workers = (
        f"At work: {listed(list(condition.workers))}."
        if condition.workers
        else "No worker is at work: nothing is run."
    )
    if not condition.holds:
        return Note(f"{workers} Automation is not locked.", "" if condition.workers else "warning")
    held = listed([f"run {hold.run} ({moment(hold.since, zone)})" for hold in condition.holds])
    return Note(f"{workers} Automation is locked since {held}: a person must look first.", "error")
