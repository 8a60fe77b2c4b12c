"""A run with everything that belongs to it: task, system, profile, options."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from django.conf import settings
from django.utils import timezone

from schoolkeeper import profiles
from schoolkeeper.catalogue.task import AnyTask
from schoolkeeper.connectors.act import Act
from schoolkeeper.connectors.look import Look
from schoolkeeper.connectors.run_context import RunContext
from schoolkeeper.connectors.system import System
from schoolkeeper.engine.knowledge import catalogue
from schoolkeeper.estate.care import find
from schoolkeeper.kernel.canonical import digest
from schoolkeeper.kernel.facts import Facts, Options
from schoolkeeper.ledger.keys import KeySigner
from schoolkeeper.profiles.model import Profile
from schoolkeeper.records import sets
from schoolkeeper.records.ledger import signing_key
from schoolkeeper.records.models import Run


@dataclass(frozen=True, slots=True)
class Case:
    """What the stages of one run work on."""

    run: Run
    task: AnyTask
    system: System
    profile: Profile
    options: Options

    def context(self) -> RunContext:
        return RunContext(
            key=str(self.run.key),
            started_at=self.run.started_at or self.run.requested_at,
            now=timezone.now(),
            home=settings.SCHOOLKEEPER_HOME,
            signer=KeySigner(signing_key(settings.SCHOOLKEEPER_HOME)),
            recorded_sets=partial(sets.recorded, self.run.system),
        )

    def look(self) -> Look:
        return Look(self.system, self.profile, self.context(), self.task.spec)

    def act(self) -> Act:
        return Act(self.system, self.profile, self.context(), self.task.spec)

    def bound(self, facts: Facts) -> str:
        """What an approval binds to: the facts, and the system and profile that they are about."""
        return digest([facts.digest(), self.system, self.profile])

    def facts(self, stored: Any) -> Facts:
        """Facts as they were kept in the run."""
        facts: Facts = self.task.facts.model_validate(stored)
        return facts


def open_case(key: str) -> Case:
    """The case of the run with this key."""
    run = Run.objects.get(key=key)
    task = catalogue().find(run.task)
    system = find(run.system)
    return Case(run, task, system, profiles.load(system.profile), task.options.model_validate(run.options))
