"""The stages of a run. Each may be repeated after a crash and then changes nothing that is done already.

They take and return JSON values, because the engine keeps them between restarts. Facts, plans and findings
travel through the run's rows.
"""

import contextlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from pydantic_core import to_jsonable_python

from schoolkeeper.connectors.scratch_servers import release
from schoolkeeper.engine import approvals, gate, holding
from schoolkeeper.engine.case import Case, open_case
from schoolkeeper.engine.failure import Failed, Failure, guarded
from schoolkeeper.engine.knowledge import catalogue
from schoolkeeper.engine.models import Hold, HostLock, WriterLock
from schoolkeeper.engine.verdict import outcome_of, summary
from schoolkeeper.kernel.canonical import digest
from schoolkeeper.kernel.evidence import Evidence
from schoolkeeper.kernel.failpoints import failpoint
from schoolkeeper.kernel.finding import Finding, Level
from schoolkeeper.kernel.outcome import Outcome
from schoolkeeper.kernel.plan import Action, plan_digest
from schoolkeeper.kernel.spec import Spec
from schoolkeeper.records import evidence, findings, ledger, measurements
from schoolkeeper.records.models import Run, StepRecord

Answer = dict[str, Any]


def begin(key: str) -> str | None:
    """Take the run from the queue; its outcome if it has ended already, and nothing is left to do."""
    now = timezone.now()
    Run.objects.filter(key=key, started_at=None).update(started_at=now)
    Run.objects.filter(key=key).exclude(state=Run.State.ENDED).update(state=Run.State.RUNNING)
    run = Run.objects.get(key=key)
    if run.state == Run.State.ENDED:
        return run.outcome
    _note(run, "run.started", {})
    return None


def assess(key: str, which: Literal["before", "after"]) -> Failure | None:
    """Look, and keep the facts in the run."""

    def look() -> Answer:
        case = open_case(key)
        with case.look() as look:
            facts = case.task.assess(look, case.options)
        stored = _storable(facts.model_dump(mode="json"))
        return {"facts": stored, "digest": case.bound(case.facts(stored))}

    try:
        seen = guarded(look)
    except Failed as failed:
        return failed.failure
    run = Run.objects.get(key=key)
    if which == "before":
        Run.objects.filter(key=key).update(facts_before=seen["facts"], facts_digest=seen["digest"])
    else:
        Run.objects.filter(key=key).update(facts_after=seen["facts"])
    _note(run, f"run.assessed_{which}", {"facts": seen["digest"]})
    return None


def _storable(value: Any) -> Any:
    """PostgreSQL keeps every character in JSON but U+0000, which broken log lines do contain."""
    match value:
        case str():
            return value.replace("\0", "\ufffd")
        case dict():
            return {_storable(name): _storable(item) for name, item in value.items()}
        case list():
            return [_storable(item) for item in value]
        case _:
            return value


def decide(key: str) -> Answer:
    """Make the plan and keep its steps. `{"steps": [key, …]}` or `{"failure": …}`."""
    case = open_case(key)
    try:
        steps = guarded(lambda: case.task.plan(case.facts(case.run.facts_before), case.options))
    except Failed as failed:
        return {"failure": failed.failure, "steps": []}
    planned = plan_digest(steps)
    if case.run.steps.exclude(state=StepRecord.State.PLANNED).exists():
        says = "Steps of this run were begun already, so it cannot be planned again."
        return {"failure": {"kind": "permanent", "says": says}, "steps": []}
    with transaction.atomic():
        case.run.steps.all().delete()
        StepRecord.objects.bulk_create(
            StepRecord(
                run=case.run,
                position=position,
                key=step.key,
                says=step.says,
                action=to_jsonable_python(step.action),
                inverse=to_jsonable_python(step.inverse),
            )
            for position, step in enumerate(steps, start=1)
        )
        Run.objects.filter(key=key).update(plan_digest=planned)
        _note(case.run, "run.planned", {"steps": len(steps), "plan": planned})
    return {"steps": [step.key for step in steps]}


def permit(key: str) -> Answer:
    """Ask the gate, then for approval: `{"answer": "go" | "wait" | "no", "says": …}`."""
    case, now = open_case(key), timezone.now()
    if gate.needs_approval(case.task.spec):
        state, says = approvals.state_for(case, now)
        if state == "no":
            return _refused(key, gate.Refusal("approval", says))
        if state == "open":
            Run.objects.filter(key=key).update(state=Run.State.WAITING)
            _note(case.run, "approval.requested", {"plan": case.run.plan_digest})
            return {"answer": "wait", "says": "Waiting for approval."}
    refusal = gate.refusal(case, now)
    return _refused(key, refusal) if refusal else {"answer": "go", "says": ""}


def _refused(key: str, refusal: gate.Refusal) -> Answer:
    Run.objects.filter(key=key).update(refused_by=refusal.rule)
    return {"answer": "no", "says": refusal.says}


def perform(key: str, step_key: str) -> Failure | None:
    """Carry out one step, journalled before and after."""
    case = open_case(key)
    step = case.run.steps.get(key=step_key)
    if step.state == StepRecord.State.DONE:
        return None
    if failure := _other_target(case) or _permitted_no_more(case) or _other_writer(case):
        return failure
    failpoint(f"engine.step.before:{step_key}")
    _journal(case.run, step, StepRecord.State.STARTED, {"step": step_key, "action": digest(step.action)})
    failpoint(f"engine.step.started:{step_key}")
    try:
        result = _apply(case, step.action)
    except Failed as failed:
        step.error = failed.failure["says"]
        _journal(case.run, step, StepRecord.State.FAILED, {"step": step_key, "attempt": step.attempts})
        return failed.failure
    failpoint(f"engine.step.applied:{step_key}")
    step.result = result
    _journal(case.run, step, StepRecord.State.DONE, {"step": step_key, "result": digest(result)})
    failpoint(f"engine.step.done:{step_key}")
    return None


def has_begun_to_change(key: str) -> bool:
    """Whether any step of the run was started."""
    return StepRecord.objects.filter(run__key=key).exclude(state=StepRecord.State.PLANNED).exists()


def steps_to_take_back(key: str) -> list[str]:
    """Keys of the started steps that have an inverse, the last first."""
    started = (StepRecord.State.STARTED, StepRecord.State.DONE, StepRecord.State.FAILED)
    steps = StepRecord.objects.filter(run__key=key, state__in=started, inverse__isnull=False)
    return list(steps.order_by("-position").values_list("key", flat=True))


def take_back(key: str, step_key: str) -> Failure | None:
    """Carry out the inverse of one step, journalled."""
    case = open_case(key)
    step = case.run.steps.get(key=step_key)
    if failure := _other_target(case) or _other_writer(case):
        return failure
    try:
        _apply(case, step.inverse)
    except Failed as failed:
        step.error = failed.failure["says"]
        _journal(case.run, step, StepRecord.State.UNDO_FAILED, {"step": step_key})
        return failed.failure
    _journal(case.run, step, StepRecord.State.UNDONE, {"step": step_key})
    return None


def verify(key: str) -> str | None:
    """Whether the change did what it promised: None, or the reason why not."""
    case = open_case(key)
    before, after = case.facts(case.run.facts_before), case.facts(case.run.facts_after)
    try:
        left = guarded(lambda: case.task.plan(after, case.options))
        verdict = guarded(lambda: case.task.verify(before, after, case.options))
    except Failed as failed:
        return f"The result could not be verified: {failed.failure['says']}"
    if left:
        # Its key, not its sentence: this goes into the ledger, and a sentence may tell a pupil's grade.
        return f"After the change there is still something to do: step {left[0].key}."
    wrong = [finding for finding in verdict if finding.level >= Level.ERROR]
    return wrong[0].says if wrong else None


def conclude(key: str, outcome: str | None, says: str) -> str:
    """End the run: findings, measurements, evidence, ledger; release what it held.

    `outcome` None means that nothing went wrong in the engine: the findings say how it ended.
    """
    run = Run.objects.get(key=key)
    with transaction.atomic():  # with its end: nobody would ever take from a run that has ended what it holds
        if run.state != Run.State.ENDED:
            _settle(run, Outcome(outcome) if outcome else None, says)
        holding.release(key)
        WriterLock.objects.filter(run=run).delete()
        HostLock.objects.filter(run=run).delete()
    ledger.sign_head(settings.SCHOOLKEEPER_HOME, settings.SCHOOLKEEPER_INSTANCE)
    with contextlib.suppress(OSError):
        release(settings.SCHOOLKEEPER_HOME / "runs" / key)
    return Run.objects.get(key=key).outcome


def _settle(run: Run, outcome: Outcome | None, says: str) -> None:
    """Judge what was seen last, and write down how the run ended.

    Only a run that came to its end knows how the system is now: it resolves findings, and its numbers and
    evidence count. Of one that was broken off, the findings from before it began are kept and nothing else.
    """
    now, spec = timezone.now(), _spec(run)
    complete = outcome is None
    seen: Sequence[Finding] = ()
    shown: Sequence[Evidence] = ()
    if spec is not None and outcome not in (Outcome.REFUSED, Outcome.UNKNOWN):
        try:
            seen, shown = guarded(lambda: _what_was_seen(run, now, complete=complete))
        except Failed as failed:
            complete, outcome, says = False, outcome or Outcome.ERRORED, says or failed.failure["says"]
    if outcome is None:
        steps = run.steps.count()
        changes_something = spec is not None and spec.changes_something
        outcome = outcome_of(seen, steps=steps, changes_something=changes_something)
        says = summary(seen, shown, steps=steps)
    else:
        seen = [*seen, *_finding_about(run, outcome, says)]
    if outcome is not Outcome.REFUSED:
        target = catalogue()[run.task].options.target if spec else ()
        findings.observe(run, spec.codes if spec else (), seen, now, complete=complete, target=target)
    if outcome is Outcome.UNDO_FAILED:
        Hold.objects.get_or_create(run=run, defaults={"system": run.system, "since": now})
    says = says.replace("\0", "\ufffd")
    Run.objects.filter(pk=run.pk).update(state=Run.State.ENDED, outcome=outcome.value, says=says, ended_at=now)
    _note(run, "run.ended", {"outcome": outcome.value, "says": says, "findings": len(seen)})


def _what_was_seen(run: Run, now: datetime, *, complete: bool) -> tuple[Sequence[Finding], Sequence[Evidence]]:
    """Judge the facts that hold: the newest of a run that came to its end, else those from before it began."""
    stored = (run.facts_after or run.facts_before) if complete else run.facts_before
    if stored is None:
        return (), ()
    case = open_case(str(run.key))
    facts = case.facts(stored)
    seen = case.task.judge(facts, case.options)
    if not complete:
        return seen, ()
    shown: Sequence[Evidence] = case.task.evidence(facts)
    if run.facts_after is not None:
        before = case.facts(run.facts_before)
        shown = [*shown, *case.task.evidence_of_change(before, facts, case.options)]
    measurements.keep(run, case.task.measure(facts), now)
    evidence.keep(run, shown, now)
    return seen, shown


def _spec(run: Run) -> Spec | None:
    """The task's declaration; None when this installation does not know the task (any more)."""
    task = catalogue().get(run.task)
    return task.spec if task is not None else None


def _permitted_no_more(case: Case) -> Failure | None:
    """Permission is of its moment: before the first step there may have been days without a worker."""
    if has_begun_to_change(str(case.run.key)):
        return None
    now = timezone.now()
    refusal = gate.refusal(case, now, gate.OF_THE_MOMENT)
    if gate.needs_approval(case.task.spec):
        state, says = approvals.state_for(case, now)
        refusal = gate.Refusal("approval", says) if state == "no" else refusal
    if refusal is None:
        return None
    return {"kind": "refused", "says": _refused(str(case.run.key), refusal)["says"]}


def _other_target(case: Case) -> Failure | None:
    """A run acts on what it looked at and what was approved, not on what a definition says by now."""
    if case.bound(case.facts(case.run.facts_before)) == case.run.facts_digest:
        return None
    says = f"The definition or profile of {case.system.slug} changed since this run looked; it goes no further."
    return {"kind": "permanent", "says": says}


def _other_writer(case: Case) -> Failure | None:
    """A run that is gone on with, after its worker was gone, must have the system to itself again."""
    if reason := holding.hold(case):
        return {"kind": "permanent", "says": reason}
    holding.note_change(case)
    return None


def _finding_about(run: Run, outcome: Outcome, says: str) -> list[Finding]:
    """What the engine itself has to say of a run that did not come to its end."""
    match outcome:
        case Outcome.UNKNOWN:
            return [Finding(code=f"{run.task}.unknown", level=Level.UNKNOWN, says=says)]
        case Outcome.FAILED | Outcome.ERRORED | Outcome.UNDONE | Outcome.UNDO_FAILED:
            return [Finding(code=f"{run.task}.failed", level=Level.ERROR, says=says)]
        case _:
            return []


def _apply(case: Case, action: Any) -> Answer:
    def work() -> Answer:
        with case.act() as act:
            result = case.task.apply(Action(verb=action["verb"], arguments=action["arguments"]), act)
        plain: Answer = to_jsonable_python(result)
        return plain

    return guarded(work)


@transaction.atomic
def _journal(run: Run, step: StepRecord, state: StepRecord.State, data: Answer) -> None:
    now = timezone.now()
    step.state = state
    if state is StepRecord.State.STARTED:
        step.attempts, step.started_at, step.ended_at, step.error = (
            step.attempts + 1,
            step.started_at or now,
            None,
            "",
        )
    else:
        step.ended_at = now
    step.save()
    _note(run, f"step.{state.value}", data, once=f"{step.key}:{step.attempts}")


def _note(run: Run, kind: str, data: Answer, once: str = "") -> None:
    ledger.append(
        kind,
        actor=f"run {run.pk}",
        system=run.system,
        subject=run.task,
        data=data,
        once=f"{run.key}:{kind}:{once}",
    )
