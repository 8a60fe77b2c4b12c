"""Keeping measurements, and reading them back as series."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from schoolkeeper.kernel.measurement import Measurement
from schoolkeeper.records.models import LatestMeasurement, MeasurementRecord, Run

LONGEST_SUBJECT = 300
"""What the column holds."""


@transaction.atomic
def keep(run: Run, measurements: Sequence[Measurement], at: datetime) -> None:
    """Take down a run's numbers, each series once: a repeated call changes nothing, not even at another time."""
    values = {(one.name, _cut(one.subject)): one.value for one in measurements}
    kept = set(
        MeasurementRecord.objects.filter(
            system=run.system,
            name__in={name for name, _ in values},
            # No run was measured before it was asked for; this lets the index pass over years of history.
            at__gte=min(at, run.requested_at) - timedelta(days=1),
            run_id=run.pk,
        ).values_list("name", "subject")
    )
    rows = [
        {"system": run.system, "name": name, "subject": subject, "at": at, "value": value}
        for (name, subject), value in values.items()
        if (name, subject) not in kept
    ]
    MeasurementRecord.objects.bulk_create(MeasurementRecord(**row, run_id=run.pk) for row in rows)
    LatestMeasurement.objects.bulk_create(
        [LatestMeasurement(**row) for row in rows],
        update_conflicts=True,
        unique_fields=["system", "name", "subject"],
        update_fields=["at", "value"],
    )


def _cut(subject: str) -> str:
    """A subject that fits; what is cut off lives on in a digest, so that different subjects stay different."""
    if len(subject) <= LONGEST_SUBJECT:
        return subject
    digest = hashlib.sha256(subject.encode()).hexdigest()[:16]
    return f"{subject[: LONGEST_SUBJECT - 17]}…{digest}"


@dataclass(frozen=True, slots=True)
class Point:
    """The mean and the highest value of one stretch of time."""

    at: datetime
    mean: float
    highest: float


def series(
    system: str, name: str, *, since: datetime, until: datetime, points: int = 60, subject: str | None = None
) -> list[Point]:
    """A series in at most `points` equal stretches; stretches without a value are left out.

    `subject` None takes all subjects together.
    """
    width = max((until - since) / points, timedelta(seconds=1))
    where = "" if subject is None else "AND subject = %s"
    parameters: list[Any] = [width, since, system, name, since, until] + ([] if subject is None else [subject])
    query = f"""
        SELECT date_bin(%s, at, %s) AS stretch, avg(value), max(value)
          FROM records_measurementrecord
         WHERE system = %s AND name = %s AND at >= %s AND at < %s {where}
         GROUP BY stretch ORDER BY stretch"""  # noqa: S608  # `where` is one of two constants
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return [Point(*row) for row in cursor.fetchall()]


def latest(system: str) -> dict[tuple[str, str], LatestMeasurement]:
    """The newest measurement of each series of a system, by (name, subject)."""
    return {(row.name, row.subject): row for row in LatestMeasurement.objects.filter(system=system)}
