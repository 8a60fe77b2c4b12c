"""From what was collected to the report as it is read."""

from __future__ import annotations

from schoolkeeper.reporting.status.collect import Status
from schoolkeeper.reporting.status.paper import Paper
from schoolkeeper.reporting.status.sections import (
    activities,
    backups,
    condition,
    evidence,
    issues,
    performance,
    summary,
)
from schoolkeeper.reporting.status.wording import days, moment, offset

_LENGTHS = {"day": "Daily", "week": "Weekly", "month": "Monthly"}


def paper(status: Status) -> Paper:
    """The whole report, in the order in which it is read."""
    system, period = status.system, status.period
    about = [system.institution, f"{system.slug}, {system.environment}"]
    return Paper(
        title=system.name,
        subject=" · ".join(part for part in about if part),
        period=f"{_LENGTHS[period.length]} status report: {days(period.first, period.last)}",
        made=f"Made {moment(period.now, period.zone)}. All times: {offset(period.now, period.zone)}.",
        made_at=period.now,
        tiles=summary.tiles(status),
        decisions=summary.decisions(status),
        sections=[
            activities.section(status),
            condition.section(status),
            performance.section(status),
            issues.section(status),
            backups.section(status),
            evidence.section(status),
        ],
        attachment=status.head.line().decode(),
    )
