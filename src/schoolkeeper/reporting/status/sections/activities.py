"""Maintenance activities: what was run and how it ended, and the days on which nobody looked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from schoolkeeper.reporting.status import charts
from schoolkeeper.reporting.status.activities import Day, Mark, TaskActivity, Trouble
from schoolkeeper.reporting.status.collect import Status
from schoolkeeper.reporting.status.paper import Block, Cell, Column, Figure, Figures, Note, Section, Table
from schoolkeeper.reporting.status.wording import (
    OUTCOME_WORDS,
    count,
    days,
    listed,
    moment,
    outcome_tone,
    span,
)

_LEGEND = "•  done    ×  failed or refused    ?  could not look    …  not finished    –  not run    empty: not due"
_MOST_TROUBLES = 40


def section(status: Status) -> Section:
    return Section("activities", "Maintenance activities", list(_blocks(status)))


def _blocks(status: Status) -> Iterator[Block]:
    work = status.activities
    if not work.days or not work.days[0].marks:
        yield Note("No daily task fits the components of this system.", "warning")
    elif work.runs:
        yield Figures([Figure("The daily programme", charts.calendar(work.days), _LEGEND)], is_wide=True)
        yield Note(gaps_in_words(work.days), "warning" if any(day.missing for day in work.days) else "ok")
    else:
        yield Note("No task was run in this period: nothing was looked at. " + gaps_in_words(work.days), "unknown")
        return
    yield Table(
        title="Runs by task",
        columns=(
            Column("Task", 3.4),
            *(Column(name, 1, is_number=True) for name in ("Runs", "Went well", "Failed", "Could not look")),
            Column("Refused", 1, is_number=True),
            Column("Open", 1, is_number=True),
            Column("Typical time", 1.3, is_number=True),
            Column("Longest", 1.3, is_number=True),
        ),
        rows=[_task(task) for task in work.tasks],
        empty="No runs.",
    )
    yield _troubles(work.trouble, status)


def gaps_in_words(listed_days: Sequence[Day]) -> str:
    """Which days the daily programme left out, wholly or in part."""
    empty = [day.day for day in listed_days if day.is_empty]
    partly = [day for day in listed_days if day.missing and not day.is_empty]
    said = []
    if empty:
        said.append(f"The daily programme was not run on {listed(list(_stretches(empty)))}.")
    for day in partly[:5]:
        said.append(f"Left out on {days(day.day, day.day)}: {listed(list(day.missing))}.")
    if len(partly) > 5:
        said.append(f"Left out in part on {count(len(partly) - 5, 'more day')}.")
    if not said:
        due = any(mark is not Mark.BEFORE for day in listed_days for _, mark in day.marks)
        said.append("The daily programme has no gaps." if due else "The system was not in care yet.")
    return " ".join(said)


def _stretches(gaps: Sequence[date]) -> Iterator[str]:
    """Days that follow each other are named together."""
    first = last = gaps[0]
    for day in gaps[1:]:
        if day - last > timedelta(days=1):
            yield days(first, last)
            first = day
        last = day
    yield days(first, last)


def _task(task: TaskActivity) -> list[Cell]:
    return [
        Cell(task.title),
        Cell(f"{task.runs:,}"),
        Cell(f"{task.good:,}"),
        Cell(f"{task.trouble:,}", "error" if task.trouble else ""),
        Cell(f"{task.unknown:,}", "unknown" if task.unknown else ""),
        Cell(f"{task.refused:,}", "warning" if task.refused else ""),
        Cell(f"{task.unfinished:,}"),
        Cell(span(task.median_seconds)),
        Cell(span(task.longest_seconds)),
    ]


def _troubles(troubles: Sequence[Trouble], status: Status) -> Table:
    more = len(troubles) - _MOST_TROUBLES
    return Table(
        title="Runs that did not go well" + (f" (the newest {_MOST_TROUBLES}; {more:,} more)" if more > 0 else ""),
        columns=(Column("Task", 2), Column("Outcome", 1.2), Column("Reason", 4), Column("Last", 1.6)),
        rows=[
            [
                Cell(trouble.title),
                Cell(OUTCOME_WORDS[trouble.outcome], outcome_tone(trouble.outcome)),
                Cell(trouble.reason or "No reason was recorded."),
                Cell(
                    moment(trouble.last_at, status.period.zone),
                    note=f"run {trouble.last_run}" + (f", {trouble.times:,} times" if trouble.times > 1 else ""),
                ),
            ]
            for trouble in troubles[:_MOST_TROUBLES]
        ],
        empty="Every run that ended went well." if status.activities.good else "No runs.",
    )
