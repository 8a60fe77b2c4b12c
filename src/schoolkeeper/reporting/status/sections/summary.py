"""What a head of IT reads in twenty seconds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from schoolkeeper.kernel.finding import Level
from schoolkeeper.reporting.status.collect import Status
from schoolkeeper.reporting.status.paper import Tile
from schoolkeeper.reporting.status.wording import count, days, listed, moment, span, tone

_HEADLINES = {
    Level.OK: "Well",
    Level.INFO: "Well",
    Level.WARNING: "Needs care",
    Level.ERROR: "In trouble",
    Level.UNKNOWN: "Unknown in part",
}
_ENDING_SOON = timedelta(days=7)


def tiles(status: Status) -> tuple[Tile, ...]:
    """Health, work done, findings, and the backup that could be relied on."""
    return _health(status), _work(status), _findings(status), _backup(status)


def decisions(status: Status) -> list[str]:
    """What waits for a person, each in one sentence."""
    return list(_decisions(status))


def health_in_words(status: Status) -> str:
    """What the level of the system rests on."""
    condition = status.condition
    if condition.never_looked:
        return "Nothing has been looked at yet, so nothing is known."
    parts = []
    counts = Counter(issue.level for issue in status.issues.speaking)
    if counts[Level.ERROR]:
        parts.append(count(counts[Level.ERROR], "error"))
    if counts[Level.WARNING]:
        parts.append(count(counts[Level.WARNING], "warning"))
    if counts[Level.UNKNOWN]:
        parts.append(f"{count(counts[Level.UNKNOWN], 'thing')} that could not be looked at")
    if condition.stale:
        parts.append(f"{count(len(condition.stale), 'daily check')} without a fresh answer")
    if condition.holds:
        parts.append("automation is locked")
    return f"Open now: {listed(parts)}." if parts else "Every daily check has a fresh answer and none complains."


def _health(status: Status) -> Tile:
    level = status.condition.level
    word = "Unknown" if status.condition.never_looked else _HEADLINES[level]
    if level is Level.UNKNOWN and any(issue.level is Level.ERROR for issue in status.issues.speaking):
        return Tile("Health now", "In trouble, partly unknown", health_in_words(status), "error")
    return Tile("Health now", word, health_in_words(status), tone(level))


def _work(status: Status) -> Tile:
    work = status.activities
    gaps = sum(day.is_empty for day in work.days)
    if not work.runs:
        return Tile("Work done", "Nothing", "No task was run: nothing was looked at in this period.", "unknown")
    bad = sum(task.trouble + task.unknown + task.refused for task in work.tasks)
    open_ = work.runs - work.good - bad
    said = f"{work.good:,} went well" + (f", {bad:,} did not" if bad else "")
    said += f", {open_:,} not finished" if open_ else ""
    gap = f"; {count(gaps, 'day')} without the daily programme" if gaps else ""
    return Tile("Work done", count(work.runs, "run"), f"{said}{gap}.", "warning" if bad or gaps else "ok")


def _findings(status: Status) -> Tile:
    issues = status.issues
    unwell = len(issues.speaking)
    if not status.activities.runs and not unwell:
        return Tile("Open findings", "0", "Nothing was looked at, so nothing could be found.", "unknown")
    said = f"{len(issues.opened):,} new and {len(issues.resolved):,} resolved in this period"
    quiet = sum(issue.silenced for issue in issues.open)
    silenced = f"; {quiet:,} open but silenced" if quiet else ""
    worst = max((issue.level for issue in issues.speaking), default=Level.OK)
    return Tile("Open findings", f"{unwell:,}", f"{said}{silenced}.", tone(worst))


def _backup(status: Status) -> Tile:
    backups = status.backups
    if backups.age is None:
        return Tile("Last proven backup", "None", "No backup set has been proven by a restore.", "error")
    limit = f"the limit (RPO) is {span(backups.rpo)}"
    if backups.within_rpo:
        return Tile("Last proven backup", f"{span(backups.age)} old", f"Within bounds: {limit}.", "ok")
    return Tile("Last proven backup", f"{span(backups.age)} old", f"Too old: {limit}.", "error")


def _decisions(status: Status) -> Iterator[str]:
    zone = status.period.zone
    for run in status.waiting:
        asked = f"{run.asked_by} asked on {moment(run.since, zone)}"
        yield f"Approve or deny run {run.run}, “{run.title}”: {asked}."
    for hold in status.condition.holds:
        title = status.titles.get(hold.task, hold.task)
        yield (
            f"Clear the lock on automation: run {hold.run}, “{title}”, could not be taken back "
            f"({moment(hold.since, zone)})."
        )
    if not status.backups.within_rpo:
        yield "Decide how to get a proven backup: " + (
            f"the last one is older than {span(status.backups.rpo)}."
            if status.backups.age is not None
            else "there is none, and a failure now could lose everything."
        )
    gaps = [day.day for day in status.activities.days if day.is_empty]
    if len(gaps) == 1:
        yield f"Find out why the daily programme was not run on {days(gaps[0], gaps[0])}."
    elif gaps:
        yield f"Find out why the daily programme was not run on {count(len(gaps), 'day')} of this period."
    for silence in status.issues.silenced:
        if silence.until - status.period.now <= _ENDING_SOON:
            title = status.titles.get(silence.code, silence.code)
            yield f"“{title}” is silenced only until {moment(silence.until, zone)}: mend it or renew the silence."
