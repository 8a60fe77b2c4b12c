"""What durability costs: a run's step through the engine against the same step through bare DBOS.

Both in one process, on one PostgreSQL, in one go; the ratio counts, not the milliseconds. Our step writes its
journal twice and two ledger entries, each in a transaction of its own that is flushed to disk.
"""

import argparse
import secrets
import statistics
import time

from bench._control_plane import control_plane


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=200)
    steps = parser.parse_args().steps
    with control_plane(settings={}):
        measure(steps)


def measure(steps: int) -> None:
    import django

    django.setup()
    from dbos import DBOS
    from django.core.management import call_command
    from django.utils import timezone

    from schoolkeeper.catalogue.database.analyze.task import Analyze
    from schoolkeeper.connectors.system import System
    from schoolkeeper.engine import case, durable, stages
    from schoolkeeper.engine.care import take_into_care
    from schoolkeeper.engine.request import request
    from schoolkeeper.records.models import StepRecord

    call_command("migrate", verbosity=0)
    Analyze.apply = lambda self, action, act: {}  # type: ignore[method-assign]  # nothing, so that only the engine counts
    system = {"slug": "bench", "name": "Bench", "profile": "smart-education-erp", "environment": "scratch"}
    take_into_care(System.model_validate(system), by="bench")
    durable.launch(f"bench-{secrets.token_hex(4)}")

    @DBOS.workflow()
    def bare() -> float:
        begin = time.perf_counter()
        for _ in range(steps):
            DBOS.run_step({"name": "nothing"}, lambda: None)
        return time.perf_counter() - begin

    @DBOS.workflow()
    def ours(key: str) -> float:
        engine = durable.DurableEngine()
        begin = time.perf_counter()
        for number in range(steps):
            assert engine.do(stages.perform, key, str(number)) is None
        return time.perf_counter() - begin

    figures = []
    for _ in range(3):
        run = request("database.analyze", "bench", by="bench")
        run.started_at, run.facts_before = timezone.now(), {"tables": []}
        run.save()
        seen = case.open_case(str(run.key))
        run.facts_digest = seen.bound(seen.facts(run.facts_before))
        run.save()
        StepRecord.objects.bulk_create(
            StepRecord(run=run, position=n, key=str(n), says="", action={"verb": "analyze", "arguments": {}})
            for n in range(steps)
        )
        figures.append((bare() / steps * 1000, ours(str(run.key)) / steps * 1000))
    bare_ms, ours_ms = (statistics.median(column) for column in zip(*figures, strict=True))
    print(f"engine: one step {ours_ms:.1f} ms, a bare DBOS step {bare_ms:.1f} ms: {ours_ms / bare_ms:.1f} times")
    DBOS.destroy()


if __name__ == "__main__":
    main()
