"""Numbers over time for the charts of one system: all series by one query."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from schoolkeeper.records.measurements import Point

_GOOD = ["ok", "nothing_to_do"]
_BLIND = ["unknown", "refused"]


def series(
    system: str, names: Sequence[str], *, since: datetime, until: datetime, points: int = 60
) -> dict[tuple[str, str], list[Point]]:
    """Points by (name, subject), in at most `points` equal stretches each; empty stretches are left out."""
    query = """
        SELECT name, subject, date_bin(%s, at, %s) AS stretch, avg(value), max(value)
          FROM records_measurementrecord
         WHERE system = %s AND name = ANY(%s) AND at >= %s AND at < %s
         GROUP BY name, subject, stretch ORDER BY name, subject, stretch"""
    parameters: list[Any] = [(until - since) / points, since, system, list(names), since, until]
    found: dict[tuple[str, str], list[Point]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        for name, subject, at, mean, highest in cursor.fetchall():
            found[name, subject].append(Point(at, mean, highest))
    return dict(found)


def outcomes(system: str, zone: str, now: datetime, days: int = 30) -> tuple[list[str], dict[str, list[int]]]:
    """Runs a day in the system's zone for so many days up to today, as good, bad and unknown."""
    query = """
        SELECT (ended_at AT TIME ZONE %s)::date AS day,
               CASE WHEN outcome = ANY(%s) THEN 'good' WHEN outcome = ANY(%s) THEN 'unknown' ELSE 'bad' END AS how,
               count(*)
          FROM records_run WHERE system = %s AND ended_at >= %s GROUP BY day, how"""
    today = now.astimezone(ZoneInfo(zone)).date()
    dates = [today - timedelta(days=back) for back in reversed(range(days))]
    counts = {how: [0] * days for how in ("good", "bad", "unknown")}
    with connection.cursor() as cursor:
        cursor.execute(query, [zone, _GOOD, _BLIND, system, now - timedelta(days=days + 1)])
        for day, how, count in cursor.fetchall():
            if day in dates:
                counts[how][dates.index(day)] = count
    return [f"{date:%d %b}" for date in dates], counts
