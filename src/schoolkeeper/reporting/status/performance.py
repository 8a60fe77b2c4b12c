"""How it performed: a few series as lines, with their lowest, middle and highest value, and the change."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from schoolkeeper.reporting.status.period import Period

STRETCHES = 84
"""Points of a line; a week then has one for every two hours."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A series of measurements that the report shows, as people call it; `name` ends with its unit."""

    name: str
    title: str
    unit: str


METRICS = (
    Metric("web.latency_ms", "Response time", "ms"),
    Metric("host.cpu_percent", "Processor use", "%"),
    Metric("host.memory_percent", "Memory use", "%"),
    Metric("host.disk_percent", "Disk use", "%"),
    Metric("database.connections_count", "Database connections", ""),
)


@dataclass(frozen=True, slots=True)
class Spread:
    """The values of one series in one period."""

    count: int
    lowest: float
    median: float
    highest: float


@dataclass(frozen=True, slots=True)
class Point:
    """The mean of one stretch of time that begins `at`."""

    at: datetime
    mean: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One subject of one metric; `before` is None when the period before has no value."""

    subject: str
    now: Spread
    before: Spread | None
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """A metric with its series, the highest median first; no series means that it was not measured."""

    metric: Metric
    series: tuple[Series, ...]


def collect(system: str, period: Period) -> tuple[Performance, ...]:
    """Every metric of METRICS, measured or not."""
    spreads = _spreads(system, period)
    points = _points(system, period)
    found: dict[str, list[Series]] = defaultdict(list)
    for (name, subject, is_current), spread in spreads.items():
        if is_current:
            series = Series(
                subject=subject,
                now=spread,
                before=spreads.get((name, subject, False)),
                points=tuple(points[name, subject]),
            )
            found[name].append(series)
    return tuple(
        Performance(
            metric=metric,
            series=tuple(sorted(found[metric.name], key=lambda one: (-one.now.median, one.subject))),
        )
        for metric in METRICS
    )


def _spreads(system: str, period: Period) -> dict[tuple[str, str, bool], Spread]:
    """By name, subject and whether it is of this period (or of the one before)."""
    query = """
        SELECT name, subject, at >= %s AS is_current, count(*), min(value),
               percentile_cont(0.5) WITHIN GROUP (ORDER BY value), max(value)
          FROM records_measurementrecord
         WHERE system = %s AND name = ANY(%s) AND at >= %s AND at <= %s
         GROUP BY name, subject, is_current"""
    names = [metric.name for metric in METRICS]
    with connection.cursor() as cursor:
        cursor.execute(query, [period.start, system, names, period.start_before, period.now])
        return {tuple(row[:3]): Spread(*row[3:]) for row in cursor.fetchall()}


def _points(system: str, period: Period) -> dict[tuple[str, str], list[Point]]:
    width = max((period.end - period.start) / STRETCHES, timedelta(minutes=1))
    query = """
        SELECT name, subject, date_bin(%s, at, %s) AS stretch, avg(value)
          FROM records_measurementrecord
         WHERE system = %s AND name = ANY(%s) AND at >= %s AND at <= %s
         GROUP BY name, subject, stretch ORDER BY stretch"""
    names = [metric.name for metric in METRICS]
    parameters: list[Any] = [width, period.start, system, names, period.start, period.now]
    found: dict[tuple[str, str], list[Point]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        for name, subject, stretch, mean in cursor.fetchall():
            found[name, subject].append(Point(stretch, mean))
    return found
