"""What the programme costs: a year of occurrences, a round with 5,000 due, and how late work begins.

Beside each stands a floor, measured in the same run on the same PostgreSQL: bare rows from `generate_series`, bare
runs by COPY, and a workflow that is put into a DBOS queue at the very moment. The ratio counts, not the seconds.

    python -m bench.programme --systems 10000     makes all 33 million rows
"""

import argparse
import gc
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from bench._control_plane import control_plane

FULL = 10_000
TASKS, DAILY = 40, 9  # the other 31 are weekly and rarer
DUE, PER_SYSTEM = 5_000, 4
RUNS, EVERY_SECONDS = 100, 0.5
NOW = datetime(2027, 1, 4, tzinfo=UTC)
TASK = "health.host"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--systems", type=int, default=300)
    wanted = parser.parse_args()
    with control_plane(settings={}):
        measure(wanted.systems)


def measure(systems: int) -> None:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    how_late()
    know_many_tasks()
    enrol("s", max(systems, DUE // PER_SYSTEM))
    a_year(systems)
    gc.freeze()  # as a worker does when it has started
    a_round()


def know_many_tasks() -> None:
    from schoolkeeper.catalogue.registry import Catalogue
    from schoolkeeper.engine import knowledge

    one = knowledge.catalogue()[TASK]
    known = {TASK: one} | {f"bench.t{number}": one for number in range(TASKS + PER_SYSTEM)}
    knowledge.catalogue.cache_clear()
    knowledge.build = lambda listed: Catalogue(known)  # type: ignore[assignment]


def enrol(prefix: str, count: int) -> None:
    """Systems in care, each with a machine of its own."""
    from schoolkeeper.connectors.system import System
    from schoolkeeper.estate.models import SystemRecord

    for number in range(count):
        slug = f"{prefix}{number}"
        system = System.model_validate(
            {
                "slug": slug,
                "name": slug,
                "profile": "smart-education-erp",
                "environment": "scratch",
                "timezone": "Asia/Tashkent",
                "components": {"host": {"kind": "host"}},
            }
        )
        definition = system.model_dump(mode="json")
        if prefix == "s":
            definition["components"]["host"]["address"] = slug
        SystemRecord.objects.create(
            slug=slug,
            name=slug,
            profile=system.profile,
            environment=system.environment,
            timezone=system.timezone,
            definition=definition,
            applied_at=NOW,
            applied_by="bench",
        )


def entries(pairs: Sequence[tuple[str, str, str]]) -> list[int]:
    """Entries of these systems, tasks and rules: their numbers."""
    from schoolkeeper.kernel.spec import Risk
    from schoolkeeper.programme.models import Entry
    from schoolkeeper.programme.usual import usual_time

    made = Entry.objects.bulk_create(
        (
            Entry(
                system=system,
                task=task,
                rule=rule,
                at=usual_time(system, risk=Risk.ROUTINE),
                zone="Asia/Tashkent",
                late_after_minutes=240,
                missed_after_minutes=1200,
            )
            for system, task, rule in pairs
        ),
        batch_size=5000,
    )
    return [entry.pk for entry in made]


def a_year(systems: int) -> None:
    """Everything that falls due in a year, made ahead."""
    from django.db import connection

    from schoolkeeper.kernel.spec import Cadence
    from schoolkeeper.programme import ahead
    from schoolkeeper.programme.usual import TASKS as USUAL

    rarer = (Cadence.WEEKLY, Cadence.MONTHLY, Cadence.QUARTERLY, Cadence.ANNUAL)
    cadences = [*[Cadence.DAILY] * DAILY, *(rarer * TASKS)][:TASKS]
    entries(
        [
            (f"s{system}", f"bench.t{number}", USUAL[cadence].rule)
            for system in range(systems)
            for number, cadence in enumerate(cadences)
        ]
    )
    with told() as seconds:
        made = ahead.make_ahead(NOW)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE floor (LIKE programme_occurrence INCLUDING ALL)")
        with told() as floor:
            cursor.execute(
                "INSERT INTO floor (entry_id, due_at, not_before, late_at, missed_at, state, cause, reason, says, "
                "waived_by) SELECT n / 80, at, at, at, at, 'due', '', '', '', '' FROM (SELECT n, %s + n % 80 * "
                "interval '1 day' AS at FROM generate_series(1, %s) AS n) AS given".replace("% 80", "%% 80"),
                [NOW, made],
            )
        cursor.execute("DROP TABLE floor")
        cursor.execute("VACUUM (ANALYZE) programme_entry, programme_occurrence")
    print(
        f"programme: {made:,} occurrences of {systems} systems x {TASKS} tasks in {seconds[0]:.1f} s, "
        f"{made / seconds[0]:,.0f}/s (of {FULL:,} systems: {FULL / systems * seconds[0] / 60:.0f} min); bare rows "
        f"{made / floor[0]:,.0f}/s: {seconds[0] / floor[0]:.1f} times"
    )


def a_round() -> None:
    """One round that starts 5,000, and the one that ends them."""
    from schoolkeeper.engine.models import Worker
    from schoolkeeper.engine.presence import beat
    from schoolkeeper.programme.models import Occurrence
    from schoolkeeper.programme.scheduler import round as scheduler
    from schoolkeeper.programme.scheduler.clock import Clock
    from schoolkeeper.programme.scheduler.starting import BACKLOG_PER_WORKER
    from schoolkeeper.records.models import Run

    ids = entries(
        [(f"s{n // PER_SYSTEM}", f"bench.t{TASKS + n % PER_SYSTEM}", "") for n in range(DUE)],
    )
    for number in range(DUE // BACKLOG_PER_WORKER):  # a round starts what the workers have room for
        beat(f"bench-{number}")
    figures: list[tuple[float, float, float]] = []
    for minute in (9, 6, 3):
        due_at = NOW - timedelta(minutes=minute)
        Occurrence.objects.bulk_create(
            Occurrence(entry_id=pk, due_at=due_at, not_before=due_at, late_at=NOW, missed_at=NOW) for pk in ids
        )
        Worker.objects.update(heartbeat_at=datetime.now(UTC))
        with told() as start:
            done = scheduler.turn(Clock(due_at, due_at.timestamp(), "boot"), "bench")
        assert done is not None
        assert done.started == DUE, done
        Run.objects.update(state=Run.State.ENDED, outcome="ok", started_at=due_at, ended_at=due_at)
        later = due_at + timedelta(seconds=1)
        with told() as end:
            done = scheduler.turn(Clock(later, later.timestamp(), "boot"), "bench")
        assert done is not None
        assert done.ended == DUE, done
        figures.append((start[0], end[0], copied()))
    start_s, end_s, floor_s = (statistics.median(column) for column in zip(*figures, strict=True))
    print(
        f"programme: a round that starts {DUE:,} takes {start_s:.2f} s, one that ends them {end_s:.2f} s; "
        f"bare runs by COPY {floor_s:.2f} s: {start_s / floor_s:.1f} times"
    )


def copied() -> float:
    """Seconds for as many runs, without their entries in the ledger and without the occurrences."""
    from django.db import connection

    rows = [
        (
            uuid4(),
            f"s{n // PER_SYSTEM}",
            "bench.t1",
            1,
            "{}",
            "programme",
            "bench",
            "queued",
            "",
            "",
            "",
            NOW,
            "",
            "",
        )
        for n in range(DUE)
    ]
    columns = (
        "key, system, task, spec_version, options, requested_by, occasion, state, outcome, says, refused_by, "
        "requested_at, facts_digest, plan_digest"
    )
    with connection.cursor() as cursor:
        with told() as seconds, cursor.copy(f"COPY records_run ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute("DELETE FROM records_run WHERE occasion = 'bench'")
    return seconds[0]


def how_late() -> None:
    """From the due time to the first stage of the run, with two real workers that have capacity."""
    from dbos import DBOS

    from schoolkeeper.engine import durable
    from schoolkeeper.programme.models import Entry, Occurrence
    from schoolkeeper.programme.scheduler.looking_ahead import look_ahead

    enrol("late", RUNS)
    look_ahead(datetime.now(UTC))
    ids = Entry.objects.filter(task=TASK).values_list("pk", flat=True)
    command = [sys.executable, "-m", "schoolkeeper.server.worker"]
    workers = [subprocess.Popen([*command, f"bench-{number}"], stderr=subprocess.DEVNULL) for number in (1, 2)]
    try:
        time.sleep(8)  # their start is not measured
        begin = datetime.now(UTC) + timedelta(seconds=2)
        day = timedelta(days=1)
        for number, pk in enumerate(ids):
            due_at = begin + number * timedelta(seconds=EVERY_SECONDS)
            Occurrence.objects.create(
                entry_id=pk,
                due_at=due_at,
                not_before=due_at,
                late_at=due_at + day,
                missed_at=due_at + day,
                cause="bench",
            )
        ours = Occurrence.objects.filter(cause="bench")
        while ours.filter(state=Occurrence.State.DUE).exists() or ours.filter(run__started_at=None).exists():
            time.sleep(0.5)
        late = [(one.run.started_at - one.due_at).total_seconds() for one in ours.select_related("run")]
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.wait(30)
    durable.launch("bench-peer")
    begun: dict[str, float] = {}

    @DBOS.workflow(name="bench_begins")
    def begins(key: str) -> None:
        begun[key] = time.time()

    DBOS.register_queue("bench", polling_interval_sec=durable.POLLING_SECONDS)
    asked = {}
    for number in range(RUNS):
        asked[str(number)] = time.time()
        DBOS.enqueue_workflow("bench", begins, str(number))
        time.sleep(EVERY_SECONDS / 5)
    while len(begun) < RUNS:
        time.sleep(0.2)
    bare = [begun[key] - asked[key] for key in asked]
    DBOS.destroy()
    ours_p99, bare_p99 = (sorted(column)[-1 - RUNS // 100] for column in (late, bare))
    print(
        f"programme: work begins {statistics.median(late):.2f} s after it is due, p99 {ours_p99:.2f} s; "
        f"a bare DBOS queue {statistics.median(bare):.2f} and {bare_p99:.2f} s: {ours_p99 / bare_p99:.1f} times"
    )


@contextmanager
def told() -> Iterator[list[float]]:
    seconds, begin = [0.0], time.perf_counter()
    yield seconds
    seconds[0] = time.perf_counter() - begin


if __name__ == "__main__":
    main()
