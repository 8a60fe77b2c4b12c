"""The laws L1–L9 that every task keeps, ours and others'."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from schoolkeeper.catalogue.registry import spec_faults
from schoolkeeper.catalogue.task import AnyTask
from schoolkeeper.connectors.act import Act
from schoolkeeper.connectors.look import Look
from schoolkeeper.connectors.run_context import RunContext
from schoolkeeper.connectors.store.signatures import Signer
from schoolkeeper.connectors.system import System
from schoolkeeper.kernel.errors import Unreachable
from schoolkeeper.kernel.facts import Facts, Options
from schoolkeeper.kernel.finding import Level
from schoolkeeper.kernel.plan import Step
from schoolkeeper.kernel.spec import IMPLICIT_FINDINGS, Undo
from schoolkeeper.profiles.model import Profile
from schoolkeeper.testing import decisions

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@dataclass
class Subject:
    """A task and a real target on which it has something to do.

    `fingerprint` digests everything of the target that the task must leave alone while it looks.
    `unreachable` is the same system with its components pointing at nothing.
    """

    task: AnyTask
    system: System
    unreachable: System
    profile: Profile
    home: Path
    fingerprint: Callable[[], str]
    options: Options = field(default_factory=Options)
    now: datetime = NOON
    signer: Signer | None = None
    recorded_sets: Callable[[], frozenset[str]] | None = None

    def context(self) -> RunContext:
        return RunContext("conformance", self.now, self.now, self.home, self.signer, self.recorded_sets)

    def assess(self, system: System | None = None) -> Facts:
        with Look(system or self.system, self.profile, self.context(), self.task.spec) as look:
            facts: Facts = self.task.assess(look, self.options)
        return facts

    def plan(self) -> Sequence[Step]:
        steps: Sequence[Step] = self.task.plan(self.assess(), self.options)
        return steps

    def apply(self, steps: Sequence[Step]) -> None:
        with Act(self.system, self.profile, self.context(), self.task.spec) as act:
            for step in steps:
                self.task.apply(step.action, act)

    def take_back(self, steps: Sequence[Step]) -> None:
        with Act(self.system, self.profile, self.context(), self.task.spec) as act:
            for step in reversed(steps):
                if step.inverse is not None:
                    self.task.apply(step.inverse, act)


class Conformance:
    """Subclass it in the task's own test file and give it a `subject` fixture."""

    @pytest.fixture
    def subject(self) -> Iterator[Subject]:
        raise NotImplementedError("a task's test gives the conformance kit a real target")

    def test_l1_looking_changes_nothing(self, subject: Subject) -> None:
        before = subject.fingerprint()
        subject.assess()
        assert subject.fingerprint() == before

    def test_l2_the_plan_is_deterministic(self, subject: Subject) -> None:
        facts = subject.assess()
        again = subject.task.facts.model_validate_json(facts.model_dump_json())
        assert again.digest() == facts.digest() == subject.assess().digest()
        assert subject.task.plan(again, subject.options) == subject.task.plan(facts, subject.options)

    def test_l3_after_the_change_there_is_nothing_left_to_do(self, subject: Subject) -> None:
        before = subject.assess()
        subject.apply(subject.task.plan(before, subject.options))
        after = subject.assess()
        assert subject.task.plan(after, subject.options) == ()
        verdict = subject.task.verify(before, after, subject.options)
        assert [finding for finding in verdict if finding.level >= Level.ERROR] == []

    def test_l4_a_step_twice_equals_once(self, subject: Subject) -> None:
        steps = subject.plan()
        subject.apply(steps)
        once = subject.assess().digest()
        subject.apply(steps)
        assert subject.assess().digest() == once

    def test_l5_without_writes_there_are_no_steps(self, subject: Subject) -> None:
        steps = subject.plan()
        assert bool(steps) == subject.task.spec.changes_something, "give the subject something to do"
        assert len({step.key for step in steps}) == len(steps), "step keys are unique"

    def test_l6_stepwise_means_that_inverses_restore_the_facts(self, subject: Subject) -> None:
        steps = subject.plan()
        if subject.task.spec.undo is not Undo.STEPWISE:
            assert all(step.inverse is None for step in steps), "only STEPWISE promises inverses"
            return
        assert all(step.inverse is not None for step in steps)
        before = subject.assess().digest()
        subject.take_back(steps)
        assert subject.assess().digest() == before, "an inverse tolerates that its step never happened"
        subject.apply(steps)
        subject.take_back(steps)
        assert subject.assess().digest() == before

    def test_l7_a_failure_between_steps_ends_before_or_after(self, subject: Subject) -> None:
        steps = subject.plan()
        before = subject.assess().digest()
        for done in range(len(steps) + 1):
            subject.apply(steps[:done])
            if subject.task.spec.undo is Undo.STEPWISE:
                subject.take_back(steps[: done + 1])
                assert subject.assess().digest() == before, f"failed before step {done + 1}"
        subject.apply(steps)
        assert subject.plan() == ()

    def test_l8_every_finding_code_is_decided_and_documented(self, subject: Subject) -> None:
        task = subject.task
        assert list(spec_faults(task.spec)) == []
        covered = {code for path in decisions.fixtures(task) for code in decisions.codes(path)}
        implicit = {f"{task.spec.id}.{suffix}" for suffix in IMPLICIT_FINDINGS}
        assert task.spec.codes - covered <= implicit, "a code without a decision file"
        for path in decisions.fixtures(task):
            decisions.check(task, path)

    def test_l9_an_unreachable_target_is_unknown(self, subject: Subject) -> None:
        try:
            facts = subject.assess(subject.unreachable)
        except Unreachable:
            return
        levels = {finding.level for finding in subject.task.judge(facts, subject.options)}
        assert Level.UNKNOWN in levels
