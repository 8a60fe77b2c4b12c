"""Bring the whole ERP back from a set: database and folders, compared before anything is replaced."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from schoolkeeper.catalogue.recover.system.carrying import carry_out
from schoolkeeper.catalogue.recover.system.facts import RecoverFacts, SystemOptions
from schoolkeeper.catalogue.recover.system.guarding import objections
from schoolkeeper.catalogue.recover.system.judging import not_in_place, verdicts
from schoolkeeper.catalogue.recover.system.looking import look_around
from schoolkeeper.catalogue.recover.system.planning import steps
from schoolkeeper.catalogue.task import SystemTask
from schoolkeeper.connectors.act import Act
from schoolkeeper.connectors.databases.kinds import ANY_DATABASE
from schoolkeeper.connectors.engines.kinds import ENGINE_KINDS
from schoolkeeper.connectors.look import Look
from schoolkeeper.kernel.evidence import Evidence
from schoolkeeper.kernel.finding import Finding, Level
from schoolkeeper.kernel.measurement import Measurement
from schoolkeeper.kernel.plan import Action, Step
from schoolkeeper.kernel.spec import Kind, Risk, Spec, Undo

# What is told of a recovery and says nothing about what came back.
NO_DIFFERENCE = frozenset({"by_hand", "maintenance", "let_in"})


class RecoverSystem(SystemTask[SystemOptions, RecoverFacts]):
    spec = Spec(
        id="recover.system",
        version=1,
        title="Recover the whole ERP",
        summary="Brings database and folders back from a set, compares them, then puts them in their places.",
        kind=Kind.CORRECTIVE,
        risk=Risk.DESTRUCTIVE,
        undo=Undo.STEPWISE,
        reads=frozenset({ANY_DATABASE, "store"}),
        reads_if_there=frozenset({"files", "web"}) | ENGINE_KINDS,
        writes=frozenset({ANY_DATABASE, "files", "scratch"}),
        cadence=None,
        requirements=frozenset({"M013", "M014", "M015", "M060"}),
        findings={
            "refused": "The recovery is refused",
            "differs": "Something came back otherwise than it was saved",
            "integrity": "The recovered data breaks a rule of the product",
            "by_hand": "Something must be set by hand",
            "role_made": "A role was made that may not sign in yet",
            "let_in": "An account could not be kept out",
            "maintenance": "Maintenance mode could not be switched",
            "space_unseen": "Nobody could see how much room there is",
            "not_in_place": "What was restored is not what users see",
            "left_aside": "What was replaced still lies aside",
        },
        home=Path(__file__).parent,
    )
    options = SystemOptions
    facts = RecoverFacts

    def assess(self, look: Look, options: SystemOptions) -> RecoverFacts:
        return look_around(look, options)

    def judge(self, facts: RecoverFacts, options: SystemOptions) -> Sequence[Finding]:
        return [
            self.finding(suffix, level, says, subject=subject, hint=hint)
            for suffix, level, says, subject, hint in verdicts(facts, options)
        ]

    def plan(self, facts: RecoverFacts, options: SystemOptions) -> Sequence[Step]:
        if facts.is_concluded or objections(facts, options):
            return ()
        return tuple(steps(facts, options))

    def apply(self, action: Action, act: Act) -> Mapping[str, object]:
        return carry_out(action, act)

    def verify(self, before: RecoverFacts, after: RecoverFacts, options: SystemOptions) -> Sequence[Finding]:
        """Content was compared before it changed places, because users write as soon as it is open. Now the server
        and the file system are asked whether it is that content that stands under the ERP's names."""
        if after.live is None:
            says = "The recovery did not come to its end."
            return [self.finding("not_in_place", Level.ERROR, says, subject="database")]
        return [
            self.finding(suffix, level, says, subject=subject, hint=hint)
            for suffix, level, says, subject, hint in not_in_place(after.live)
        ]

    def measure(self, facts: RecoverFacts) -> Sequence[Measurement]:
        record = facts.record
        if record is None or record.concluded_at is None:
            return ()
        seconds = (record.concluded_at - record.started_at).total_seconds()
        return [Measurement("recover.system_seconds", seconds)]

    def evidence(self, facts: RecoverFacts) -> Sequence[Evidence]:
        record, chosen, live = facts.record, facts.chosen, facts.live
        if record is None or chosen is None or live is None:
            return ()
        grave = [fault for fault in record.faults if fault.level != "info" and fault.code not in NO_DIFFERENCE]
        in_place = not list(not_in_place(live))
        says = (
            f"{facts.system} is as {chosen.system} was at {chosen.taken_at:%Y-%m-%d %H:%M} UTC (set {chosen.id}): "
            f"{chosen.rows:,} rows and {sum(one.files for one in facts.wanted_folders):,} files were compared; "
            f"{len(grave)} differences."
        )
        data = {
            "set": chosen.id,
            "manifest_sha256": chosen.manifest_sha256,
            "taken_at": chosen.taken_at.isoformat(),
            "rows": chosen.rows,
            "files": sum(one.files for one in facts.wanted_folders),
            "differences": len(grave),
            "accepted": [fault.subject for fault in grave],
        }
        return [Evidence("recovery", record.tag, in_place, says, data)]
