"""Copy the sets of one store to the others: to another medium, to another building."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from pydantic import Field

from schoolkeeper.catalogue.backup.copy.assessing import Which, assessed
from schoolkeeper.catalogue.backup.copy.facts import CopyFacts, TargetFacts
from schoolkeeper.catalogue.backup.copy.judging import verdicts
from schoolkeeper.catalogue.backup.copy.sending import send_proofs, send_set
from schoolkeeper.catalogue.task import SystemTask
from schoolkeeper.connectors.act import Act
from schoolkeeper.connectors.gentle import Pace, gently
from schoolkeeper.connectors.look import Look
from schoolkeeper.kernel.errors import Permanent
from schoolkeeper.kernel.evidence import Evidence
from schoolkeeper.kernel.facts import Options
from schoolkeeper.kernel.finding import Finding
from schoolkeeper.kernel.measurement import Measurement
from schoolkeeper.kernel.plan import Action, Step
from schoolkeeper.kernel.spec import Cadence, Kind, Risk, Spec, Undo


class CopyOptions(Options):
    source: str = Field("backups", description="The store to copy from, by the name of its component")
    to: str = Field("", description="The store to copy to; empty: every other store of the system")
    which: Which = Field(
        "newer", description="The newest set; those newer than the newest one there; or all that are not there"
    )
    limit_mb_per_second: int = Field(
        0, ge=0, description="Send no faster than this, so that the line stays free for users; 0: no limit"
    )


class Copy(SystemTask[CopyOptions, CopyFacts]):
    spec = Spec(
        id="backup.copy",
        version=1,
        title="Copy backup sets to other stores",
        summary="Brings complete sets, with their proofs, to every other store, and reads back what it wrote.",
        kind=Kind.PREVENTIVE,
        risk=Risk.ROUTINE,
        undo=Undo.DERIVED,
        reads=frozenset({"store"}),
        writes=frozenset({"store"}),
        cadence=Cadence.DAILY,
        after=frozenset({"backup.create"}),
        requirements=frozenset({"M048", "M069"}),
        findings={
            "behind": "A store has no set as new as it should be",
            "incomplete": "A copy lacks what another tool keeps",
            "source_damaged": "A set is not copied because it is damaged",
            "differs": "Two stores hold different sets under one name",
            "target_full": "A store has no room for the copies",
        },
        home=Path(__file__).parent,
    )
    options = CopyOptions
    facts = CopyFacts

    def assess(self, look: Look, options: CopyOptions) -> CopyFacts:
        return assessed(look, options.source, options.to, options.which)

    def judge(self, facts: CopyFacts, options: CopyOptions) -> Sequence[Finding]:
        return [
            self.finding(suffix, level, says, subject=subject, hint=hint)
            for suffix, level, says, subject, hint in verdicts(facts)
        ]

    def plan(self, facts: CopyFacts, options: CopyOptions) -> Sequence[Step]:
        """The target that lacks least comes first: one that refuses then holds up no other."""
        limit = {"source": facts.source, "limit_mb_per_second": options.limit_mb_per_second}
        targets = [one for one in facts.targets if not one.is_too_small]
        return tuple(
            step
            for target in sorted(targets, key=lambda one: (len(one.sets), one.name))
            for step in _steps(target, limit)
        )

    def apply(self, action: Action, act: Act) -> Mapping[str, object]:
        given = action.arguments
        source, target = act.look.store(str(given["source"])), act.store(str(given["target"]))
        limit = given["limit_mb_per_second"]
        pace = Pace(float(str(limit)) * 1e6 if limit else None)
        match action.verb:
            case "send_set":
                return gently(lambda: send_set(source, target, str(given["set"]), pace))
            case "send_proofs":
                names = given["proofs"]
                assert isinstance(names, list)
                return gently(lambda: send_proofs(source, target, [str(name) for name in names]))
        raise Permanent(f"{self.spec.id} knows no action {action.verb!r}")

    def measure(self, facts: CopyFacts) -> Sequence[Measurement]:
        return [
            Measurement("backup.copy_age_hours", (facts.now - one.newest_at) / timedelta(hours=1), one.name)
            for one in facts.targets
            if one.newest_at is not None
        ]

    def evidence(self, facts: CopyFacts) -> Sequence[Evidence]:
        return [_evidence(facts, one) for one in facts.targets if facts.newest_at is not None]


def _steps(target: TargetFacts, limit: Mapping[str, object]) -> list[Step]:
    steps = [
        Step(
            key=f"copy:{target.name}:{one.set}",
            says=f"Copy the set {one.set} to {target.name} ({one.bytes / 1e6:,.1f} MB) and read it back.",
            action=Action(verb="send_set", arguments={**limit, "target": target.name, "set": one.set}),
        )
        for one in target.sets
    ]
    if target.proofs:
        arguments = {**limit, "target": target.name, "proofs": target.proofs}
        says = f"Copy {len(target.proofs)} records of proofs to {target.name}."
        steps.append(
            Step(key=f"proofs:{target.name}", says=says, action=Action(verb="send_proofs", arguments=arguments))
        )
    return steps


def _evidence(facts: CopyFacts, target: TargetFacts) -> Evidence:
    newest = target.newest_at == facts.newest_at and not target.differing
    newest_at = target.newest_at and target.newest_at.isoformat()
    has = f"a whole set of {target.newest_at:%Y-%m-%d %H:%M} UTC" if target.newest_at else "no whole set"
    lacks = [f"{one.part} ({one.by} keeps it{'' if one.offsite else ' beside the ERP'})" for one in target.held]
    without = f" without {', '.join(lacks)}" if lacks else ""
    says = (
        f"The store {target.name} has {has}{without}, {'the' if newest else 'NOT the'} newest of {facts.source}."
    )
    held = [one.model_dump(mode="json") for one in target.held]
    data = {"source": facts.source, "newest_at": newest_at, "held": held}
    return Evidence("copy", target.name, newest and not target.here, says, data)
