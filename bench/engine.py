"""What durability costs: a run's step through the engine against the same step through bare DBOS.

Both in one process, on one PostgreSQL, in one go; the ratio counts, not the milliseconds. Our step writes its
journal twice and two ledger entries, each in a transaction of its own that is flushed to disk.
"""

import os
import secrets
import statistics
import tempfile
import time
from pathlib import Path

from schoolkeeper.connectors.postgres.binaries import find
from schoolkeeper.connectors.postgres.cluster import Cluster

STEPS = 200


def main() -> None:
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
            measure()
        finally:
            cluster.stop()


def measure() -> None:
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
        for _ in range(STEPS):
            DBOS.run_step({"name": "nothing"}, lambda: None)
        return time.perf_counter() - begin

    @DBOS.workflow()
    def ours(key: str) -> float:
        engine = durable.DurableEngine()
        begin = time.perf_counter()
        for number in range(STEPS):
            assert engine.do(stages.perform, key, str(number)) is None
        return time.perf_counter() - begin

    figures = []
    for _ in range(3):
        run = request("database.analyze", "bench", by="bench")
        run.started_at = timezone.now()
        run.save()
        StepRecord.objects.bulk_create(
            StepRecord(run=run, position=n, key=str(n), says="", action={"verb": "analyze", "arguments": {}})
            for n in range(STEPS)
        )
        assert case.open_case(str(run.key)).task.spec.id == "database.analyze"
        figures.append((bare() / STEPS * 1000, ours(str(run.key)) / STEPS * 1000))
    bare_ms, ours_ms = (statistics.median(column) for column in zip(*figures, strict=True))
    print(f"engine: one step {ours_ms:.1f} ms, a bare DBOS step {bare_ms:.1f} ms: {ours_ms / bare_ms:.1f} times")
    DBOS.destroy()


if __name__ == "__main__":
    main()
