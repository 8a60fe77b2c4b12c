"""A control room full of believable records, for tests and pictures.

Findings, measurements and evidence come from the tasks themselves, which judge the facts of their own decision
files; only the times are made up. There are no people: users are called like their roles.
"""

import json
import math
import random
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import Group, User
from pydantic_core import to_jsonable_python

from schoolkeeper.connectors.system import System
from schoolkeeper.controlroom.roles import ROLES
from schoolkeeper.engine.knowledge import catalogue
from schoolkeeper.engine.models import Approval
from schoolkeeper.engine.verdict import outcome_of, summary
from schoolkeeper.estate import care
from schoolkeeper.kernel.evidence import Evidence
from schoolkeeper.records import evidence, findings, ledger, measurements
from schoolkeeper.records.models import MeasurementRecord, Run, StepRecord
from tests.controlroom.browser import PASSWORD

RANDOM = random.Random(2026)

COMPONENTS: dict[str, Any] = {
    "web": {"kind": "web", "url": "https://erp.example.org"},
    "database": {"kind": "postgres", "dsn": "env:ERP_DSN"},
    "host": {"kind": "host", "address": "local"},
    "uploads": {"kind": "files", "path": "/srv/erp/uploads"},
    "physical": {"kind": "pgbackrest", "stanza": "erp", "config": "/etc/pgbackrest/pgbackrest.conf"},
    "logs": {"kind": "logs", "sources": {"access": "/srv/erp/logs/access.log"}},
    "backups": {
        "kind": "store",
        "path": "/srv/backups",
        "recipients": ["age18n7thfm48flqyq3lk267aa9u6n9afggadkpd60j8tgw6nwwqs3vsky3j7w"],
    },
}


def people() -> dict[str, User]:
    """One user for each role, by role."""
    made = {}
    for role in ROLES:
        user = User.objects.create_user(role, password=PASSWORD, is_staff=True)
        user.groups.add(Group.objects.get(name=role))
        made[role] = user
    return made


def take_into_care(slug: str, name: str, now: datetime, **more: Any) -> System:
    """A system in production with all kinds of components."""
    known = {"profile": "smart-education-erp", "environment": "production", "timezone": "Asia/Tashkent"}
    system = System.model_validate({"slug": slug, "name": name, "components": COMPONENTS, **known, **more})
    care.apply(system, by="administrator", at=now)
    return system


@dataclass
class Told:
    """How a run went that is to be put into the records."""

    task: str
    case: str = "well"
    by: str = "programme"
    seconds: float = 2.4


def ended(system: str, told: Told, at: datetime) -> Run:
    """A run of a task that ended at a time, having seen the facts of one of its decision files."""
    task = catalogue().find(told.task)
    facts, options = facts_of(told.task, told.case)
    seen = task.judge(facts, options)
    steps = task.plan(facts, options)
    outcome = outcome_of(seen, steps=len(steps), changes_something=task.spec.changes_something)
    run = asked_for(system, told.task, at - timedelta(seconds=told.seconds + 1), by=told.by)
    run.state, run.outcome = Run.State.ENDED, outcome.value
    run.says = summary(seen, task.evidence(facts), steps=len(steps))
    run.started_at, run.ended_at = at - timedelta(seconds=told.seconds), at
    run.facts_before, run.facts_digest = facts.model_dump(mode="json"), facts.digest()
    if steps:
        run.plan_digest, run.facts_after = "0" * 64, run.facts_before
    run.save()
    for position, step in enumerate(steps, start=1):
        add_step(run, position, step.says, StepRecord.State.DONE, at - timedelta(seconds=1))
    findings.observe(run, task.spec.codes, seen, at)
    measurements.keep(run, task.measure(facts), at)
    evidence.keep(run, task.evidence(facts), at)
    note(run, "run.ended", {"outcome": run.outcome, "says": run.says, "findings": len(seen)}, at)
    return run


def blind(system: str, task_id: str, at: datetime) -> Run:
    """A run that could not look."""
    run = asked_for(system, task_id, at - timedelta(seconds=11))
    run.state, run.outcome, run.started_at, run.ended_at = (
        Run.State.ENDED,
        "unknown",
        at - timedelta(seconds=10),
        at,
    )
    run.says = "database: connection refused at 10.0.3.7:5432"
    run.save()
    note(run, "run.ended", {"outcome": "unknown", "says": run.says, "findings": 1}, at)
    return run


def asked_for(system: str, task_id: str, at: datetime, by: str = "programme") -> Run:
    """A run in the queue."""
    spec = catalogue().find(task_id).spec
    occasion = "daily programme" if by == "programme" else "on demand"
    run = Run.objects.create(
        key=uuid.uuid4(),
        system=system,
        task=task_id,
        spec_version=spec.version,
        requested_by=by,
        occasion=occasion,
        requested_at=at,
    )
    ledger.append(
        "run.requested",
        actor=by,
        system=system,
        subject=f"run {run.pk}",
        data={"task": task_id, "version": spec.version, "occasion": occasion},
        once=f"{run.key}:requested",
        at=at,
    )
    return run


def waiting(system: str, at: datetime, by: str = "keeper") -> Run:
    """A run whose plan waits for an approver."""
    run = going_on(system, at, by=by)
    run.state, run.plan_digest = Run.State.WAITING, "b" * 64
    run.save()
    StepRecord.objects.filter(run=run).update(state="planned", started_at=None, ended_at=None, result=None)
    Approval.objects.create(
        run=run,
        task=run.task,
        spec_version=run.spec_version,
        facts_digest=run.facts_digest,
        plan_digest=run.plan_digest,
        requested_at=at,
        expires_at=at + timedelta(hours=24),
    )
    return run


def going_on(system: str, at: datetime, by: str = "keeper") -> Run:
    """A run in the middle of its steps."""
    run = asked_for(system, "database.analyze", at, by=by)
    run.state, run.started_at = Run.State.RUNNING, at + timedelta(seconds=1)
    run.facts_digest, run.plan_digest = "a" * 64, "b" * 64
    run.save()
    for position, table in enumerate(("public.attendance", "public.grade", "public.invoice"), start=1):
        state = (StepRecord.State.DONE, StepRecord.State.STARTED, StepRecord.State.PLANNED)[position - 1]
        add_step(run, position, f"Refresh the statistics of {table}.", state, at + timedelta(seconds=position))
    return run


def add_step(run: Run, position: int, says: str, state: str, at: datetime) -> StepRecord:
    """One step of a run's plan."""
    is_done, is_planned = state == StepRecord.State.DONE, state == StepRecord.State.PLANNED
    return StepRecord.objects.create(
        run=run,
        position=position,
        key=f"step-{position}",
        says=says,
        action={"verb": "analyze", "arguments": {}},
        state=state,
        attempts=0 if is_planned else 1,
        started_at=None if is_planned else at,
        ended_at=at + timedelta(seconds=0.7) if is_done else None,
        result={"rows": 48_210, "elapsed_seconds": 0.7} if is_done else None,
    )


def backup(system: str, run: Run, at: datetime, proven_at: datetime | None, *, holds: bool = True) -> str:
    """A backup set, and its proof if it was tried."""
    key = f"{system}-{at:%Y%m%dT%H%M%SZ}"
    size = {"tables": 24, "rows": 148_210, "files": 612}
    data = {**size, "taken_at": at.isoformat(), "size_bytes": 18_400_000, "new_bytes": 1_200_000}
    says = "24 tables with 148,210 rows and 612 files in 17.5 MiB, encrypted."
    evidence.keep(run, [Evidence("backup-set", key, True, says, data)], at)
    if proven_at:
        proof = {**size, "seconds": 14.2, "phases": {"fetch_seconds": 1.1, "restore_seconds": 9.4}, "faults": []}
        said = "Restored into a scratch server: 24 tables, 148,210 rows and 612 files are as they were."
        if not holds:
            said, proof["faults"] = "One table differs: public.grade has 48,209 rows, 48,210 were saved.", ["rows"]
        evidence.keep(run, [Evidence("proof", key, holds, said, proof)], proven_at)
    return key


def history(system: str, now: datetime, days: int = 8) -> None:
    """Numbers of the last days, as a school uses them: more by day, less by night and on Sundays."""
    run = Run.objects.filter(system=system).order_by("id").first()
    rows = []
    for hour in range(days * 24, 0, -1):
        at = now - timedelta(hours=hour)
        busy = max(0.0, math.sin((at.hour - 3) / 24 * 2 * math.pi)) * (0.2 if at.weekday() == 6 else 1)
        for name, subject, low, range_ in (
            ("web.latency_ms", "front page", 60, 140),
            ("web.latency_ms", "sign-in", 90, 260),
            ("host.cpu_percent", "", 6, 60),
            ("host.memory_percent", "", 44, 18),
            ("host.disk_percent", "/", 61 + (days * 24 - hour) / 60, 1),
            ("host.disk_percent", "/srv", 38, 2),
            ("database.connections_count", "", 8, 40),
        ):
            value = low + range_ * busy * RANDOM.uniform(0.7, 1.2)
            rows.append(
                MeasurementRecord(
                    system=system, name=name, subject=subject, at=at, value=value, run_id=run.pk if run else 0
                )
            )
    MeasurementRecord.objects.bulk_create(rows)


def facts_of(task_id: str, case: str) -> tuple[Any, Any]:
    """The facts and options of a task's decision file."""
    task = catalogue().find(task_id)
    text = (task.spec.home / "fixtures" / f"{case}.json").read_text(encoding="utf-8")
    decision = json.loads(text)
    return task.facts.model_validate(decision["facts"]), task.options.model_validate(decision.get("options", {}))


def note(run: Run, kind: str, data: dict[str, Any], at: datetime) -> None:
    ledger.append(
        kind,
        actor=f"run {run.pk}",
        system=run.system,
        subject=run.task,
        data=to_jsonable_python(data),
        once=f"{run.key}:{kind}:",
        at=at,
    )
