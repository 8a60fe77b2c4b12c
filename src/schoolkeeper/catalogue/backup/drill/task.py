"""Prove that a backup set restores: bring it back on a scratch server and compare all of it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from pydantic import Field

from schoolkeeper.catalogue.backup.drill import asserting, comparing, filing, rehearsing, restoring
from schoolkeeper.catalogue.backup.drill.choosing import choose, obstacle
from schoolkeeper.catalogue.backup.drill.concluding import conclude, evidence_of
from schoolkeeper.catalogue.backup.drill.facts import PHASES, DrillFacts, KeyFacts
from schoolkeeper.catalogue.backup.drill.judging import verdicts
from schoolkeeper.catalogue.backup.drill.proofs import proof_of, read_proofs
from schoolkeeper.catalogue.backup.drill.scratch import Rehearsal
from schoolkeeper.catalogue.task import SystemTask
from schoolkeeper.connectors.act import Act
from schoolkeeper.connectors.engines.kinds import ENGINE_KINDS
from schoolkeeper.connectors.look import Look
from schoolkeeper.connectors.scratch_servers import release
from schoolkeeper.connectors.store.look import StoredSet, StoreLook
from schoolkeeper.kernel.errors import Permanent, Unreachable
from schoolkeeper.kernel.evidence import Evidence
from schoolkeeper.kernel.facts import Options
from schoolkeeper.kernel.finding import Finding
from schoolkeeper.kernel.measurement import Measurement
from schoolkeeper.kernel.plan import Action, Step
from schoolkeeper.kernel.spec import Cadence, Event, Kind, Risk, Spec, Undo

WORK = {
    "prepare": restoring.prepare,
    "restore": restoring.restore,
    "compare": comparing.compare,
    "integrity": asserting.integrity,
    "files": filing.files,
    "start": rehearsing.start,
}
SAYS = {
    "prepare": "Make a scratch server of the same PostgreSQL version.",
    "restore": "Restore the database of the set into it.",
    "compare": "Compare every table, object and sequence with what was saved.",
    "integrity": "Ask the copy what always holds in a sound database.",
    "files": "Bring every folder back, compare every file, and look for those that the database names.",
    "start": "Start the ERP on the copy, cut off from the world, sign in and find the golden records.",
}


class DrillOptions(Options):
    set: str = Field("", description="The set to prove; empty: the newest that was never tried, else the newest")
    proof_age_limit_days: int = Field(35, ge=1, description="A last proof older than this is reported")
    key_age_limit_days: int = Field(190, ge=1, description="A key that opened no set for so long is reported")


class Drill(SystemTask[DrillOptions, DrillFacts]):
    spec = Spec(
        id="backup.drill",
        version=1,
        title="Prove a backup set",
        summary="Restores a whole set, compares all of it with the source, starts the ERP on it and signs in.",
        kind=Kind.PREVENTIVE,
        risk=Risk.ROUTINE,
        undo=Undo.STEPWISE,
        reads=frozenset({"store"}),
        reads_if_there=ENGINE_KINDS,
        writes=frozenset({"scratch", "store"}),
        cadence=Cadence.MONTHLY,
        after_events=frozenset(Event),
        after=frozenset({"backup.create"}),
        requirements=frozenset({"M028", "M045", "M046", "M047", "M070", "M071", "M072"}),
        findings={
            "no_set": "There is no backup set to prove",
            "not_proven": "No set was proven lately",
            "damaged_part": "A part of the set is damaged",
            "cannot_open": "The set cannot be opened",
            "extension_missing": "An extension is missing where the set is restored",
            "restore_failed": "The database could not be restored",
            "rows_differ": "A restored table has another number of rows",
            "content_differs": "A restored table has another content",
            "schema_differs": "A restored object differs",
            "integrity": "The restored copy breaks a rule of the product",
            "not_compared": "Something could not be compared",
            "corrupt": "The restored database is broken inside",
            "unchecked": "Something could not be checked more deeply",
            "missing_folder": "A folder is missing from the set",
            "damaged_file": "A file of the set is damaged",
            "missing_file": "A file is missing from the set",
            "different_file": "A file has another content",
            "erp_does_not_start": "The restored ERP does not start",
            "journey_fails": "The restored ERP does not work",
            "golden_differs": "The restored ERP shows another record than production did",
            "not_started": "The restored ERP was not started",
            "not_isolated": "The restored ERP could reach the outside",
            "key_not_checked": "A private key was not seen to open a set for long",
            "damaged_proof": "The record of a proof cannot be read",
            "too_slow": "The restore takes longer than the target",
        },
        home=Path(__file__).parent,
    )
    options = DrillOptions
    facts = DrillFacts

    def assess(self, look: Look, options: DrillOptions) -> DrillFacts:
        store = look.store()
        sets = store.sets()
        proofs = read_proofs(store, sets)
        chosen = choose(proofs, sets, look.run.key, options.set)
        newest = proofs.newest_that_holds()
        return DrillFacts(
            now=look.run.now,
            rto=look.system.rto,
            rpo=look.system.rpo,
            size_bytes=chosen.manifest.size_bytes if chosen and chosen.manifest else None,
            tools=chosen.manifest.tools if chosen and chosen.manifest else {},
            set=chosen.id if chosen else "",
            taken_at=chosen.manifest.taken_at if chosen and chosen.manifest else None,
            unsound=chosen.fault if chosen else "",
            obstacle=obstacle(store, chosen),
            proof=proofs.of(chosen.id, look.run.key) if chosen else None,
            last_proven_at=newest.concluded_at if newest else None,
            damaged_proofs=proofs.damaged,
            keys=_keys(store, chosen),
        )

    def judge(self, facts: DrillFacts, options: DrillOptions) -> Sequence[Finding]:
        return [
            self.finding(suffix, level, says, subject=subject, hint=hint)
            for suffix, level, says, subject, hint in verdicts(
                facts, timedelta(days=options.proof_age_limit_days), timedelta(days=options.key_age_limit_days)
            )
        ]

    def plan(self, facts: DrillFacts, options: DrillOptions) -> Sequence[Step]:
        if not facts.set or facts.unsound or facts.obstacle or facts.proof is not None:
            return ()
        arguments = {"set": facts.set}
        clear = Action(verb="clear", arguments=arguments)
        return (
            *(
                Step(key=name, says=SAYS[name], action=Action(verb=name, arguments=arguments), inverse=clear)
                for name in PHASES
            ),
            Step(
                key="conclude",
                says="Remove the scratch server and write down what was found.",
                action=Action(verb="conclude", arguments=arguments),
                inverse=Action(verb="withdraw", arguments=arguments),
            ),
        )

    def apply(self, action: Action, act: Act) -> Mapping[str, object]:
        set_id, store = str(action.arguments["set"]), act.store()
        match action.verb:
            case "clear":
                release(act.run.workspace)
            case "withdraw":
                store.withdraw_proof(set_id, act.run.key)
            case _ if proof_of(store, set_id, act.run.key) is not None:
                release(act.run.workspace)  # concluded; only the cleaning up may have been interrupted
            case "conclude":
                conclude(Rehearsal(act, set_id))
            case verb if verb in WORK:
                phase = Rehearsal(act, set_id).carry_out(verb, WORK[verb])
                return {"seconds": phase.seconds, **phase.counts, "faults": len(phase.faults)}
            case verb:
                raise Permanent(f"{self.spec.id} knows no action {verb!r}")
        return {}

    def measure(self, facts: DrillFacts) -> Sequence[Measurement]:
        if facts.proof is None:
            return ()
        return [
            Measurement("backup.restore_seconds", facts.proof.phase_seconds("restore")),
            Measurement("backup.recovery_seconds", facts.proof.recovery_seconds),
            Measurement("backup.proof_seconds", facts.proof.seconds),
        ]

    def evidence(self, facts: DrillFacts) -> Sequence[Evidence]:
        return [] if facts.proof is None else [evidence_of(facts.proof, facts)]


def _keys(store: StoreLook, chosen: StoredSet | None) -> list[KeyFacts]:
    """The keys that open the chosen set, but for the one that the drill itself has."""
    if chosen is None or chosen.manifest is None:
        return []
    try:
        own = str(store.identity().to_public())
    except Unreachable:
        own = ""
    checks = store.key_checks()
    return [
        KeyFacts(recipient=one, checked_at=checks[one].checked_at if one in checks else None)
        for one in chosen.manifest.recipients
        if one != own
    ]
