"""What the author of a task writes: five stages, of which only `assess` looks and only `apply` changes."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, Generic, TypeVar

from schoolkeeper.kernel.evidence import Evidence
from schoolkeeper.kernel.facts import Facts, Options
from schoolkeeper.kernel.finding import Finding, Level
from schoolkeeper.kernel.measurement import Measurement
from schoolkeeper.kernel.plan import Action, Step
from schoolkeeper.kernel.spec import IMPLICIT_FINDINGS, Spec

LookT = TypeVar("LookT")
ActT = TypeVar("ActT")
OptionsT = TypeVar("OptionsT", bound=Options)
FactsT = TypeVar("FactsT", bound=Facts)


class Task(ABC, Generic[LookT, ActT, OptionsT, FactsT]):
    """One thing we know how to do to a system.

    `judge`, `plan`, `verify`, `measure`, `evidence` and `evidence_of_change` are pure: facts in, data out. There
    is no dry-run flag anywhere: a dry run is assess + judge + plan.
    """

    spec: ClassVar[Spec]
    options: type[OptionsT]
    facts: type[FactsT]

    @abstractmethod
    def assess(self, look: LookT, options: OptionsT) -> FactsT:
        """See how things are. Raises Unreachable when that cannot be seen."""

    @abstractmethod
    def judge(self, facts: FactsT, options: OptionsT) -> Sequence[Finding]:
        """What a person should know about these facts."""

    def plan(self, facts: FactsT, options: OptionsT) -> Sequence[Step]:
        """The changes that these facts call for; empty means that there is nothing to do."""
        return ()

    def apply(self, action: Action, act: ActT) -> Mapping[str, object]:
        """Carry out one action (a step's, or an inverse); doing it twice equals doing it once.

        Returns JSON values for the journal. Raises Temporary to be tried again, Permanent when it cannot work.
        """
        raise NotImplementedError(f"{self.spec.id} plans no steps, so there is nothing to apply")

    def verify(self, before: FactsT, after: FactsT, options: OptionsT) -> Sequence[Finding]:
        """Did the change do what it promised? Findings at ERROR take it back. Never trusts the word of `apply`."""
        return ()

    def measure(self, facts: FactsT) -> Sequence[Measurement]:
        """The numbers in these facts that are worth keeping."""
        return ()

    def evidence(self, facts: FactsT) -> Sequence[Evidence]:
        """What later readers may rely on, read from the facts after the run."""
        return ()

    def evidence_of_change(self, before: FactsT, after: FactsT, options: OptionsT) -> Sequence[Evidence]:
        """What later readers may rely on of the change itself, once it was verified: what is gone afterwards can
        be told only with the facts from before."""
        return ()

    def finding(
        self,
        suffix: str,
        level: Level,
        says: str,
        *,
        subject: str = "",
        hint: str = "",
        data: Mapping[str, object] | None = None,
    ) -> Finding:
        """A finding under this task's id. Raises KeyError when the Spec does not declare `suffix`."""
        if suffix not in IMPLICIT_FINDINGS:
            self.spec.findings[suffix]
        code = f"{self.spec.id}.{suffix}"
        return Finding(code=code, level=level, says=says, subject=subject, hint=hint, data=data or {})
