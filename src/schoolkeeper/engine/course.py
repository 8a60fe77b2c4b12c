"""The order of a run's stages, the same under the durable engine and in a test."""

from collections.abc import Callable
from typing import Any, Protocol

from schoolkeeper.engine import stages
from schoolkeeper.engine.failure import Failure, retry_delay_seconds
from schoolkeeper.engine.verdict import outcome_of_failure
from schoolkeeper.kernel.outcome import Outcome
from schoolkeeper.kernel.spec import Risk


class Engine(Protocol):
    """How stages are called: durably, each at least once and its answer kept; or just so, in a test."""

    def do(self, stage: Callable[..., Any], *arguments: Any) -> Any: ...

    def wait(self, seconds: float) -> None: ...


def carry_out(engine: Engine, key: str, risk: Risk) -> str:
    """Carry a run from its beginning to its outcome, or to the point where a person must say yes ("waiting")."""
    if ended := engine.do(stages.begin, key):
        return str(ended)
    if failure := engine.do(stages.assess, key, "before"):
        return _end(engine, key, outcome_of_failure(failure), failure["says"])
    plan = engine.do(stages.decide, key)
    if failure := plan.get("failure"):
        return _end(engine, key, outcome_of_failure(failure), failure["says"])
    if not plan["steps"]:
        return _end(engine, key)
    permission = engine.do(stages.permit, key)
    if permission["answer"] == "wait":
        return "waiting"
    if permission["answer"] == "no":
        return _end(engine, key, Outcome.REFUSED, permission["says"])
    for step_key in plan["steps"]:
        if failure := _repeatedly(engine, stages.perform, key, step_key, risk):
            if failure["kind"] == "refused":
                return _end(engine, key, Outcome.REFUSED, failure["says"])
            outcome = Outcome.ERRORED if failure["kind"] == "unforeseen" else Outcome.FAILED
            return _take_back(engine, key, risk, outcome, failure["says"])
    if failure := engine.do(stages.assess, key, "after"):
        return _take_back(
            engine, key, risk, Outcome.UNDONE, f"The result could not be looked at: {failure['says']}"
        )
    if reason := engine.do(stages.verify, key):
        return _take_back(engine, key, risk, Outcome.UNDONE, reason)
    return _end(engine, key)


def _repeatedly(
    engine: Engine, stage: Callable[[str, str], Failure | None], key: str, step_key: str, risk: Risk
) -> Failure | None:
    """Call a step's stage until it succeeds or is not to be tried again."""
    attempt = 1
    while failure := engine.do(stage, key, step_key):
        delay_seconds = retry_delay_seconds(failure, risk, attempt)
        if delay_seconds is None:
            broken: Failure = failure
            return broken
        engine.wait(delay_seconds)
        attempt += 1
    return None


def _take_back(engine: Engine, key: str, risk: Risk, outcome: Outcome, says: str) -> str:
    """Inverses of the started steps, in reverse order. `outcome` is what it is if that succeeds."""
    steps = engine.do(stages.steps_to_take_back, key)
    for step_key in steps:
        if failure := _repeatedly(engine, stages.take_back, key, step_key, risk):
            return _end(
                engine, key, Outcome.UNDO_FAILED, f"{says} Taking back {step_key} failed: {failure['says']}"
            )
    if outcome is Outcome.UNDONE and not steps:
        outcome = Outcome.FAILED  # nothing could be taken back, so nothing was undone
    if steps:
        says = f"{says.rstrip('.')}. What had been done was taken back."
    return _end(engine, key, outcome, says)


def _end(engine: Engine, key: str, outcome: Outcome | None = None, says: str = "") -> str:
    ended: str = engine.do(stages.conclude, key, outcome.value if outcome else None, says)
    return ended
