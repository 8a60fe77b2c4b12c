"""Remove the sets that the rule of retention no longer keeps, and what no set needs."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from schoolkeeper.catalogue.backup.prune.assessing import assessed
from schoolkeeper.catalogue.backup.prune.choosing import PruneOptions, keeping, leaving, objection
from schoolkeeper.catalogue.backup.prune.concluding import removal
from schoolkeeper.catalogue.backup.prune.facts import PruneFacts
from schoolkeeper.catalogue.backup.prune.forecast import growth_bytes_per_day
from schoolkeeper.catalogue.backup.prune.judging import verdicts
from schoolkeeper.catalogue.backup.prune.removing import remove_set, sweep
from schoolkeeper.catalogue.task import SystemTask
from schoolkeeper.connectors.act import Act
from schoolkeeper.connectors.look import Look
from schoolkeeper.kernel.errors import Permanent
from schoolkeeper.kernel.evidence import Evidence
from schoolkeeper.kernel.finding import Finding, Level
from schoolkeeper.kernel.measurement import Measurement
from schoolkeeper.kernel.plan import Action, Step
from schoolkeeper.kernel.spec import Cadence, Kind, Risk, Spec, Undo


class Prune(SystemTask[PruneOptions, PruneFacts]):
    spec = Spec(
        id="backup.prune",
        version=1,
        title="Remove backup sets that are no longer kept",
        summary="Follows the rule of retention (days, weeks, months, years) and says when the store will be full.",
        kind=Kind.PREVENTIVE,
        risk=Risk.ROUTINE,
        undo=Undo.BY_RULE,
        reads=frozenset({"store"}),
        writes=frozenset({"store"}),
        cadence=Cadence.WEEKLY,
        after=frozenset({"backup.drill", "backup.verify"}),
        requirements=frozenset({"M048"}),
        findings={
            "refused": "More would be removed than the rule's limits allow",
            "kept": "What stays and why",
            "harmed": "A set that was to stay is gone or no longer whole",
            "store_full_on": "The store will soon be full",
        },
        home=Path(__file__).parent,
    )
    options = PruneOptions
    facts = PruneFacts

    def assess(self, look: Look, options: PruneOptions) -> PruneFacts:
        return assessed(look, options)

    def judge(self, facts: PruneFacts, options: PruneOptions) -> Sequence[Finding]:
        staying = keeping(facts, options)
        return [
            self.finding(
                suffix, level, says, subject=subject, hint=hint, data={"kept": staying} if suffix == "kept" else {}
            )
            for suffix, level, says, subject, hint in verdicts(facts, options)
        ]

    def plan(self, facts: PruneFacts, options: PruneOptions) -> Sequence[Step]:
        if facts.unsound or objection(facts, options):
            return ()
        going = leaving(facts, options)
        steps = [
            Step(
                key=f"remove:{one.id}",
                says=f"Remove the set {one.id}, taken {one.taken_at:%Y-%m-%d %H:%M} UTC: no reason keeps it.",
                action=Action(verb="remove", arguments={"store": facts.store, "set": one.id}),
            )
            for one in going
        ]
        if going or facts.unneeded:
            says = f"Remove the objects that no set needs ({facts.freed_bytes / 1e6:,.1f} MB)."
            steps.append(
                Step(key="sweep", says=says, action=Action(verb="sweep", arguments={"store": facts.store}))
            )
        return tuple(steps)

    def apply(self, action: Action, act: Act) -> Mapping[str, object]:
        store = act.store(str(action.arguments["store"]))
        match action.verb:
            case "remove":
                return remove_set(store, str(action.arguments["set"]))
            case "sweep":
                return sweep(act, store)
        raise Permanent(f"{self.spec.id} knows no action {action.verb!r}")

    def verify(self, before: PruneFacts, after: PruneFacts, options: PruneOptions) -> Sequence[Finding]:
        """What was to stay is there, and as whole as before."""
        now = {one.id: one.whole for one in after.sets}
        stay = {one.id: one.whole for one in before.sets if one.id in keeping(before, options)}
        harmed = [one for one, whole in stay.items() if one not in now or (whole and not now[one])]
        hint = "Take another set with backup.create at once, and find out who else writes to the store."
        return [
            self.finding("harmed", Level.ERROR, f"The set {one} is not as it was.", subject=one, hint=hint)
            for one in harmed
        ]

    def measure(self, facts: PruneFacts) -> Sequence[Measurement]:
        numbers = [
            Measurement("backup.store_bytes", facts.store_bytes, facts.store),
            Measurement("backup.sets_count", len(facts.sets), facts.store),
        ]
        growth = growth_bytes_per_day(facts.left, facts.today)
        if growth is not None:
            numbers.append(Measurement("backup.store_growth_bytes", growth, facts.store))
        return numbers

    def evidence_of_change(
        self, before: PruneFacts, after: PruneFacts, options: PruneOptions
    ) -> Sequence[Evidence]:
        return [removal(before, after, options)]
