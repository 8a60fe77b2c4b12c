"""Read what is stored: every object of every set, and whatever else lies there."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import Field

from schoolkeeper.catalogue.backup.create.earlier import DAMAGED
from schoolkeeper.catalogue.backup.verify.assessing import STORE, assessed
from schoolkeeper.catalogue.backup.verify.concluding import verification
from schoolkeeper.catalogue.backup.verify.facts import VerifyFacts
from schoolkeeper.catalogue.backup.verify.judging import verdicts
from schoolkeeper.catalogue.task import SystemTask
from schoolkeeper.connectors.act import Act
from schoolkeeper.connectors.gentle import Pace
from schoolkeeper.connectors.look import Look
from schoolkeeper.connectors.store.look import PACKS
from schoolkeeper.kernel.errors import Permanent
from schoolkeeper.kernel.evidence import Evidence
from schoolkeeper.kernel.facts import Options
from schoolkeeper.kernel.finding import Finding
from schoolkeeper.kernel.measurement import Measurement
from schoolkeeper.kernel.plan import Action, Step
from schoolkeeper.kernel.spec import Cadence, Kind, Risk, Spec, Undo


class VerifyOptions(Options):
    store: str = Field(STORE, description="The store to verify, by the name of its component")
    read_share_percent: int = Field(
        100,
        ge=1,
        le=100,
        description="Read at most this share of the objects each day, in turn",
    )
    limit_mb_per_second: int = Field(
        0, ge=0, description="Read no faster than this, so that users feel nothing; 0: no limit"
    )


class Verify(SystemTask[VerifyOptions, VerifyFacts]):
    spec = Spec(
        id="backup.verify",
        version=1,
        title="Verify the backup sets",
        summary="Reads every object of every set, compares it with its manifest, and checks the 3-2-1 rule.",
        kind=Kind.PREVENTIVE,
        risk=Risk.ROUTINE,
        undo=Undo.STEPWISE,
        reads=frozenset({"store"}),
        writes=frozenset({"store"}),
        cadence=Cadence.DAILY,
        after=frozenset({"backup.create", "backup.copy"}),
        requirements=frozenset({"M028", "M048"}),
        findings={
            "no_set": "There is no backup set",
            "overdue": "The newest whole set is older than the target",
            "gone": "Sets are gone that nothing of ours removed",
            "unsound": "A set has no sound manifest",
            "not_ours": "A set or a proof may be of somebody else",
            "unsigned": "Sets are not signed",
            "damaged": "A stored object is damaged or gone",
            "not_read": "Something was not read this time",
            "orphans": "Objects that no set needs",
            "stray_proofs": "Proofs of sets that are gone",
            "foreign": "Objects that are not ours",
            "lock_short": "The newest set is not locked for long enough",
            "three_two_one": "The 3-2-1 rule is not kept",
        },
        home=Path(__file__).parent,
    )
    options = VerifyOptions
    facts = VerifyFacts

    def assess(self, look: Look, options: VerifyOptions) -> VerifyFacts:
        share, limit = options.read_share_percent, options.limit_mb_per_second
        return assessed(look, options.store, share, Pace(limit * 1e6 if limit else None))

    def judge(self, facts: VerifyFacts, options: VerifyOptions) -> Sequence[Finding]:
        return [
            self.finding(suffix, level, says, subject=subject, hint=hint)
            for suffix, level, says, subject, hint in verdicts(facts)
        ]

    def plan(self, facts: VerifyFacts, options: VerifyOptions) -> Sequence[Step]:
        """Marks keep the next set from building on a damaged pack; nothing else is changed."""
        damaged = [one.name for one in facts.damaged if one.is_there and one.name.startswith(PACKS)]
        fresh = [_step("mark", "unmark", name, facts.store) for name in damaged if name not in facts.marked]
        return (*fresh, *(_step("unmark", "mark", name, facts.store) for name in facts.mended))

    def apply(self, action: Action, act: Act) -> Mapping[str, object]:
        store, mark = act.store(str(action.arguments["store"])), f"{action.arguments['pack']}{DAMAGED}"
        match action.verb:
            case "mark":
                store.put(mark, b"")
            case "unmark":
                store.delete(mark)
            case verb:
                raise Permanent(f"{self.spec.id} knows no action {verb!r}")
        return {}

    def measure(self, facts: VerifyFacts) -> Sequence[Measurement]:
        return [
            Measurement("backup.verified_bytes", facts.bytes, facts.store),
            Measurement("backup.orphan_bytes", facts.orphans.bytes, facts.store),
            Measurement("backup.store_bytes", facts.store_bytes, facts.store),
            Measurement("backup.sets_count", len(facts.sets), facts.store),
        ]

    def evidence(self, facts: VerifyFacts) -> Sequence[Evidence]:
        return [verification(facts)]


def _step(verb: str, inverse: str, pack: str, store: str) -> Step:
    arguments = {"pack": pack, "store": store}
    says = f"Mark {pack}, so that no further set builds on it." if verb == "mark" else f"Take the mark off {pack}."
    return Step(
        key=f"{verb}:{pack}",
        says=says,
        action=Action(verb=verb, arguments=arguments),
        inverse=Action(verb=inverse, arguments=arguments),
    )
