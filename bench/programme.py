"""What the programme costs: making a year of occurrences, and a round of the scheduler with 5,000 due.

Beside each stands a floor, measured in the same run on the same PostgreSQL: the bare rows from `generate_series`,
and bare runs by COPY. The ratio counts, not the seconds.

    python bench/programme.py --systems 10000     makes all 33 million rows
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from schoolkeeper.connectors.postgres.binaries import find
from schoolkeeper.connectors.postgres.cluster import Cluster

TASKS, DUE, PER_SYSTEM = 40, 5_000, 4
DAILY = 9  # then 8 of each rarer cadence, but 7 a year
LOOKING = ("health.host", "health.web", "health.database", "logs.errors")
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


def a_round() -> None:
    """A round that finds 5,000 occurrences due, of 1,250 systems, and starts them all."""
    from django.db import connection

    from schoolkeeper.engine.presence import beat
    from schoolkeeper.programme.models import Entry, Occurrence
    from schoolkeeper.programme.scheduler.clock import Clock
    from schoolkeeper.programme.scheduler.round import turn
    from schoolkeeper.programme.scheduler.starting import BACKLOG_PER_WORKER
    from schoolkeeper.records.models import Run

    clock = Clock.read()
    entries = Entry.objects.bulk_create(
        Entry(
            system=f"s{number}",
            task=task,
            rule="",
            at=NOW.time(),
            zone="UTC",
            late_after_minutes=240,
            missed_after_minutes=1200,
        )
        for number in range(DUE // PER_SYSTEM)
        for task in LOOKING
    )
    Occurrence.objects.bulk_create(
        Occurrence(
            entry=entry,
            due_at=clock.now,
            not_before=clock.now,
            late_at=clock.now + timedelta(hours=4),
            missed_at=clock.now + timedelta(hours=20),
        )
        for entry in entries
    )
    for number in range(DUE // BACKLOG_PER_WORKER):  # a round starts what the workers have room for
        beat(f"bench-{number}")
    with told() as seconds:
        done = turn(clock, "bench")
    assert done is not None
    assert done.started == DUE, done
    columns = "key, system, task, spec_version, options, requested_by, occasion, state, outcome, says, refused_by"
    into = f"COPY records_run ({columns}, requested_at, facts_digest, plan_digest) FROM STDIN"
    with connection.cursor() as cursor, told() as floor, cursor.copy(into) as copy:
        for number in range(DUE):
            texts = ("", "queued", "", "", "")
            copy.write_row((uuid4(), f"s{number}", LOOKING[0], 1, "{}", "floor", *texts, clock.now, "", ""))
    Run.objects.filter(requested_by="floor").delete()
    print(
        f"programme: a round that starts {DUE:,} of {DUE // PER_SYSTEM:,} systems {seconds[0]:.2f} s (aim: 1.00 "
        f"or less), bare runs by COPY {floor[0]:.2f} s: {seconds[0] / floor[0]:.1f} times"
    )


@contextmanager
def told() -> Iterator[list[float]]:
    seconds, begin = [0.0], time.perf_counter()
    yield seconds
    seconds[0] = time.perf_counter() - begin


if __name__ == "__main__":
    main()
