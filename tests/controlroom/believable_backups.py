"""Backups, proofs, readings and removals as the tasks themselves leave them in the records."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from schoolkeeper.engine.knowledge import catalogue
from schoolkeeper.engine.verdict import outcome_of, summary
from schoolkeeper.kernel.plan import Step
from schoolkeeper.records import evidence, findings, measurements
from schoolkeeper.records.models import Run, StepRecord
from tests.controlroom.believable import asked_for, note

SECONDS = {"prepare": 41.0, "restore": 1284.0, "compare": 402.0, "integrity": 18.0, "files": 366.0, "start": 58.0}
COUNTS: Mapping[str, Mapping[str, int]] = {
    "restore": {"restored": 1},
    "compare": {"tables": 24, "rows": 148_210, "objects": 311, "sequences": 22, "checked": 96},
    "integrity": {"assertions": 14},
    "files": {"files": 612, "named_files": 598},
    "start": {"journey_steps": 9, "golden_records": 6},
}
ROW_GONE = {"code": "rows_differ", "subject": "public.grade", "expected": "48,210 rows", "found": "48,209 rows"}
MIB = 2**20
FREE = 240 * 1024 * MIB


def key_of(system: str, taken_at: datetime) -> str:
    """The id that a system's set of that time gets."""
    digest = hashlib.sha256(f"{system} {taken_at}".encode()).hexdigest()
    return f"{taken_at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{digest[:8]}"


def take(system: str, at: datetime, *, new_mib: float = 640, first: bool = False, own: Any = None) -> str:
    """A set that was complete at that time."""
    facts = _facts("backup.create", "done")
    taken_at = at - timedelta(minutes=4)
    key = key_of(system, taken_at)
    set_ = facts["sets"][-1] | {"id": key, "taken_at": taken_at.isoformat(), "completed_at": at.isoformat()}
    set_ |= {"tables": 24, "rows": 148_210, "files": 612}
    set_ |= {"size_bytes": 42_188 * MIB, "new_bytes": round(new_mib * MIB)}
    set_ |= {"changed": 0, "vanished": 0, "outside": 0, "not_transactional": [], "full_because": {}}
    if first:
        set_["full_because"] = dict.fromkeys(("database", "uploads"), "there is no earlier set of it")
    facts |= {"set_id": key, "now": at.isoformat(), "sets": [set_ | (own or {})], "free_bytes": FREE}
    facts["components"] = ["uploads"]
    results: dict[str, dict[str, Any]] = {
        "take:database": {"tables": 24, "rows": 148_210, "new_bytes": round(new_mib * 0.3 * MIB)},
        "take:uploads": {"files": 612, "new_bytes": round(new_mib * 0.7 * MIB), "added": 7},
        "seal": {"set": key},
    }
    _carried_out(system, "backup.create", {**facts, "sets": []}, facts, results, at, timedelta(minutes=4))
    return key


@dataclass
class Tried:
    """How a drill went: a share of the usual time, and what was found, by phase."""

    pace: float = 1.0
    faults: Mapping[str, Sequence[Mapping[str, str]]] = field(default_factory=dict)


def prove(system: str, key: str, taken_at: datetime, at: datetime, tried: Tried | None = None) -> Run:
    """A drill of a set that ended at that time."""
    tried = tried or Tried()
    phases = _phases(tried)
    seconds = sum(phase["seconds"] for phase in phases)
    before = _drill_facts(key, taken_at, at)
    proof = _facts("backup.drill", "holds")["proof"]
    proof |= {"set": key, "concluded_at": at.isoformat(), "holds": not tried.faults, "phases": phases}
    results = {
        phase["name"]: {"seconds": phase["seconds"], **phase["counts"], "faults": len(phase["faults"])}
        for phase in phases
    }
    after = {**before, "proof": proof}
    return _carried_out(system, "backup.drill", before, after, results, at, timedelta(seconds=seconds + 3))


def proving(system: str, key: str, taken_at: datetime, at: datetime) -> Run:
    """A drill that is comparing."""
    task = catalogue().find("backup.drill")
    facts = task.facts.model_validate(_drill_facts(key, taken_at, at))
    run = asked_for(system, "backup.drill", at - timedelta(minutes=24), by="keeper")
    run.state, run.started_at = Run.State.RUNNING, at - timedelta(minutes=24)
    run.facts_digest, run.plan_digest = facts.digest(), "b" * 64
    run.save()
    started_at = run.started_at
    for position, step in enumerate(task.plan(facts, task.options()), start=1):
        length = timedelta(seconds=SECONDS.get(step.key, 1))
        state = ("done", "done", "started")[position - 1] if position <= 3 else "planned"
        result = {"seconds": length.total_seconds(), **COUNTS.get(step.key, {}), "faults": 0}
        _add_step(run, position, step, started_at, state, length, result)
        started_at += length
    return run


def read_back(system: str, keys: Sequence[str], at: datetime, case: str = "holds", **more: Any) -> Run:
    """A reading of the whole store; `case` names the decision file that says what was found."""
    facts = _facts("backup.verify", case)
    sets = [{**facts["sets"][-1], "id": key, "taken_at": (at - timedelta(hours=1)).isoformat()} for key in keys]
    facts |= {
        "now": at.isoformat(),
        "sets": sets,
        "objects": 412,
        "bytes": 166_900 * MIB,
        "store_bytes": 166_900 * MIB,
    }
    if facts["copies"]:
        facts["copies"] = [{**copy, "newest_at": at.isoformat()} for copy in facts["copies"]]
    return _carried_out(system, "backup.verify", {**facts, **more}, None, {}, at, timedelta(minutes=11))


def prune(system: str, gone: Sequence[str], at: datetime, staying: Sequence[tuple[str, datetime]] = ()) -> Run:
    """A run that took these sets away, and measured what each day leaves in the store."""
    facts = _facts("backup.prune", "all_kept")
    left = {(at - timedelta(days=back)).date().isoformat(): 604 * MIB for back in range(1, 40)}
    kept = [{**facts["sets"][-1], "id": key, "taken_at": taken.isoformat()} for key, taken in staying]
    facts |= {
        "now": at.isoformat(),
        "sets": kept or facts["sets"],
        "left": left,
        "store_bytes": 166_900 * MIB,
        "free_bytes": FREE,
    }
    run = _carried_out(system, "backup.prune", facts, None, {}, at, timedelta(seconds=9))
    for position, key in enumerate(gone, start=1):
        StepRecord.objects.create(
            run=run,
            position=position,
            key=f"remove:{key}",
            says=f"Remove the set {key}: no reason keeps it.",
            action={"verb": "remove", "arguments": {"store": "backups", "set": key}},
            state=StepRecord.State.DONE,
            attempts=1,
            started_at=at,
            ended_at=at,
            result={"removed": key},
        )
    return run


def protect(system: str, now: datetime, *, days: int = 26, fails: bool = False, slow: bool = False) -> list[str]:
    """Weeks of daily backups and proofs, as a school has them: a day was missed, some were not proven."""
    keys = []
    for back in range(days, -1, -1):
        at = now - timedelta(days=back, hours=3)
        if back == 9:
            continue
        key = take(system, at, new_mib=42_188 if back == days else 512 + back % 5 * 61, first=back == days)
        keys.append(key)
        if back % 7 in (5, 6) or (slow and back < 4):
            continue
        faults = {"compare": [ROW_GONE]} if fails and back == 0 else {}
        pace = (1 + (days - back) * 0.09 if slow else 0.86 + (back * 7 % 5) * 0.05) * (1 if back else 0.9)
        prove(system, key, at - timedelta(minutes=4), at + timedelta(minutes=50), Tried(pace, faults))
    staying = [(key, now - timedelta(days=3 - place)) for place, key in enumerate(keys[-4:-1])]
    prune(system, keys[:2], now - timedelta(days=2), staying)
    read_back(system, keys[2:], now - timedelta(hours=2), "one_store" if slow else "holds")
    return keys


def _phases(tried: Tried) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "seconds": round(seconds * tried.pace, 1),
            "counts": dict(COUNTS.get(name, {})),
            "faults": list(tried.faults.get(name, ())),
            "parts": {"start": 21.0} if name == "start" else {},
            "skipped": "",
        }
        for name, seconds in SECONDS.items()
    ]


def _drill_facts(key: str, taken_at: datetime, at: datetime) -> dict[str, Any]:
    facts = _facts("backup.drill", "holds")
    times = {"now": at.isoformat(), "last_proven_at": at.isoformat(), "taken_at": taken_at.isoformat()}
    return {**facts, **times, "set": key, "proof": None, "tools": {"pg_restore": "16.14"}}


def _facts(task_id: str, case: str) -> dict[str, Any]:
    text = (catalogue().find(task_id).spec.home / "fixtures" / f"{case}.json").read_text(encoding="utf-8")
    facts: dict[str, Any] = json.loads(text)["facts"]
    return facts


def _carried_out(
    system: str,
    task_id: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any] | None,
    results: Mapping[str, Mapping[str, Any]],
    at: datetime,
    length: timedelta,
) -> Run:
    """A run of a task that saw the one, changed what it planned on that, and then saw the other."""
    task = catalogue().find(task_id)
    options = task.options()
    first = task.facts.model_validate(before)
    last = task.facts.model_validate(after) if after else first
    steps = task.plan(first, options) if after else ()
    seen, left = task.judge(last, options), task.evidence(last)
    run = asked_for(system, task_id, at - length - timedelta(seconds=1))
    run.state, run.started_at, run.ended_at = Run.State.ENDED, at - length, at
    run.outcome = outcome_of(seen, steps=len(steps), changes_something=task.spec.changes_something).value
    run.says = summary(seen, left, steps=len(steps))
    run.facts_before, run.facts_digest = first.model_dump(mode="json"), first.digest()
    if steps:
        run.plan_digest, run.facts_after = "0" * 64, last.model_dump(mode="json")
    run.save()
    begun = at - length
    for position, step in enumerate(steps, start=1):
        result = results.get(step.key, {})
        took = timedelta(seconds=result.get("seconds", 2))
        _add_step(run, position, step, begun, "done", took, result)
        begun += took
    findings.observe(run, task.spec.codes, seen, at)
    measurements.keep(run, task.measure(last), at)
    evidence.keep(run, left, at)
    note(run, "run.ended", {"outcome": run.outcome, "says": run.says, "findings": len(seen)}, at)
    return run


def _add_step(
    run: Run, position: int, step: Step, at: datetime, state: str, took: timedelta, result: Mapping[str, Any]
) -> None:
    StepRecord.objects.create(
        run=run,
        position=position,
        key=step.key,
        says=step.says,
        action={"verb": step.action.verb, "arguments": dict(step.action.arguments)},
        state=state,
        attempts=0 if state == "planned" else 1,
        started_at=None if state == "planned" else at,
        ended_at=at + took if state == "done" else None,
        result=dict(result) if state == "done" else None,
    )
