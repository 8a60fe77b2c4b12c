"""A plan is data: what a person approves is what is carried out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from schoolkeeper.kernel.canonical import digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What to do: a verb that the task understands and JSON arguments."""

    verb: str
    arguments: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One change. `key` is unique and stable within the plan; `says` is the sentence that a person approves.

    `inverse` takes the step back and must tolerate that the step never happened, or happened halfway.
    """

    key: str
    says: str
    action: Action
    inverse: Action | None = None


def plan_digest(steps: Sequence[Step]) -> str:
    """What an approval is bound to: everything but the wording."""
    return digest([[step.key, step.action, step.inverse] for step in steps])
