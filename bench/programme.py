"""What the programme costs: making a year of occurrences, a round with 5,000 due, and how late work begins.

Beside each stands a floor, measured in the same run on the same PostgreSQL: the bare rows from `generate_series`, the
bare runs by COPY, and a task that DBOS enqueues for itself. The ratio counts, not the seconds.

    python bench/programme.py --systems 10000     makes all 33 million rows
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from schoolkeeper.connectors.postgres.binaries import find
from schoolkeeper.connectors.postgres.cluster import Cluster

TASKS, DUE, PER_SYSTEM = 40, 5_000, 4
DAILY = 9  # then 8 of each rarer cadence, but 7 a year
LATE_RUNS = 120
FULL = 10_000
NOW = datetime(2027, 1, 4, tzinfo=UTC)
SYSTEM = {"profile": "smart-education-erp", "environment": "scratch"}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--systems", type=int, default=300)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="schoolkeeper-bench-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        cluster = Cluster(home / "postgres", find(16))
        cluster.initialise()
        cluster.start()
        try:
            with cluster.connect() as connection:
                connection.execute("CREATE DATABASE keeper")
            os.environ |= {
                "SCHOOLKEEPER_HOME": folder,
                "SCHOOLKEEPER_DATABASE_URL": cluster.dsn("keeper"),
                "DJANGO_SETTINGS_MODULE": "schoolkeeper.server.settings",
            }
            measure(wanted.systems)
        finally:
            cluster.stop()


def measure(systems: int) -> None:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    enrol(max(systems, DUE // PER_SYSTEM))
    a_year(systems)
    a_round()
    how_late()


def enrol(count: int) -> None:
    """Systems in care, as many as are measured with, each with a machine of its own."""
    from schoolkeeper.estate.models import SystemRecord

    SystemRecord.objects.bulk_create(
        SystemRecord(
            slug=f"s{number}",
            name=f"School {number}",
            timezone="Asia/Tashkent",
            definition={
                **SYSTEM,
                "slug": f"s{number}",
                "name": f"School {number}",
                "components": {"host": {"kind": "host", "address": f"host-{number}"}},
            },
            applied_at=NOW,
            applied_by="bench",
            **SYSTEM,
        )
        for number in range(count)
    )


def a_year(systems: int) -> None:
    """Everything that falls due in a year, made ahead."""
    from django.db import connection

    from schoolkeeper.kernel.spec import Cadence
    from schoolkeeper.programme import ahead
    from schoolkeeper.programme.models import Entry, Occurrence
    from schoolkeeper.programme.usual import TASKS as USUAL
    from schoolkeeper.programme.usual import usual_time

    cadences = [Cadence.DAILY] * DAILY
    for cadence in (Cadence.WEEKLY, Cadence.MONTHLY, Cadence.QUARTERLY, Cadence.ANNUAL):
        cadences += [cadence] * 8
    Entry.objects.bulk_create(
        (
            Entry(
                system=f"s{system}",
                task=f"bench.t{number}",
                rule=USUAL[cadence].rule,
                at=usual_time(f"s{system}", risk=None if number % 2 else USUAL and 0),  # type: ignore[arg-type]
                zone="Asia/Tashkent",
                late_after_minutes=240,
                missed_after_minutes=1200,
            )
            for system in range(systems)
            for number, cadence in enumerate(cadences[:TASKS])
        ),
        batch_size=5000,
    )
    with told() as seconds:
        made = ahead.make_ahead(NOW)
    assert made == Occurrence.objects.count()
    with connection.cursor() as cursor:
        cursor.execute("CREATE UNLOGGED TABLE floor (LIKE programme_occurrence INCLUDING ALL)")
        cursor.execute("ALTER TABLE floor SET LOGGED")
        with told() as floor:
            cursor.execute(
                "INSERT INTO floor (entry_id, due_at, not_before, late_at, missed_at, state, cause, reason, says, "
                "waived_by) SELECT n / 5000, at, at, at, at, 'due', '', '', '', '' FROM (SELECT n, %s + n * "
                "interval '1 minute' AS at FROM generate_series(1, %s) AS n) AS given",
                [NOW, made],
            )
        cursor.execute("DROP TABLE floor")
    full = FULL / systems * seconds[0] / 60
    print(
        f"programme: {made:,} occurrences of {systems} systems x {TASKS} tasks in {seconds[0]:.1f} s, "
        f"{made / seconds[0]:,.0f} rows/s ({FULL:,} systems: {full:.0f} min), bare rows {made / floor[0]:,.0f}/s: "
        f"{seconds[0] / floor[0]:.1f} times"
    )


@contextmanager
def told() -> Iterator[list[float]]:
    seconds, begin = [0.0], time.perf_counter()
    yield seconds
    seconds[0] = time.perf_counter() - begin
