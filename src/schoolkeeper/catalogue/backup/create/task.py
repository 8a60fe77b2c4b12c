"""Take a backup set of everything that a system needs to live again."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from schoolkeeper.catalogue.backup.create import taking
from schoolkeeper.catalogue.backup.create.facts import CreateFacts, SetFacts
from schoolkeeper.catalogue.backup.create.judging import verdicts
from schoolkeeper.catalogue.backup.create.sealing import components_of, seal, set_id_of
from schoolkeeper.catalogue.task import SystemTask
from schoolkeeper.connectors.act import Act
from schoolkeeper.connectors.look import Look
from schoolkeeper.connectors.store.look import StoreLook
from schoolkeeper.connectors.store.manifest import Manifest
from schoolkeeper.kernel.errors import Permanent
from schoolkeeper.kernel.evidence import Evidence
from schoolkeeper.kernel.facts import NoOptions
from schoolkeeper.kernel.finding import Finding, Level
from schoolkeeper.kernel.measurement import Measurement
from schoolkeeper.kernel.plan import Action, Step
from schoolkeeper.kernel.spec import Cadence, Kind, Risk, Spec, Undo

DATABASE_SIZE = "SELECT pg_database_size(current_database()) AS size_bytes"


class Create(SystemTask[NoOptions, CreateFacts]):
    spec = Spec(
        id="backup.create",
        version=1,
        title="Take a backup set",
        summary="Saves database, files and versions as one encrypted set that opens with standard tools alone.",
        kind=Kind.PREVENTIVE,
        risk=Risk.ROUTINE,
        undo=Undo.STEPWISE,
        reads=frozenset({"postgres", "files", "web", "store"}),
        writes=frozenset({"store"}),
        cadence=Cadence.DAILY,
        requirements=frozenset({"M058", "M069"}),
        findings={
            "no_set": "There is no backup set",
            "overdue": "The newest backup set is older than the target",
            "store_space": "The store is nearly full",
            "changed_while_read": "Files changed while they were read",
            "damaged": "A backup set is damaged",
            "not_covered": "Something is not backed up",
        },
        home=Path(__file__).parent,
    )
    options = NoOptions
    facts = CreateFacts

    def assess(self, look: Look, options: NoOptions) -> CreateFacts:
        store, set_id, components = look.store(), set_id_of(look.run), components_of(look)
        for component in components:
            look.files(component)
        sound, faults = _sorted_out(store, set_id)
        own = sound.get(set_id)
        return CreateFacts(
            set_id=set_id,
            now=look.run.now,
            rpo=look.system.rpo,
            components=components,
            absent=[name for name in look.profile.backup.files if not look.has(name)],
            sets=[SetFacts.of(one, store.manifest_sha256(one.set)) for one in sound.values()],
            faults=faults,
            damaged=store.damaged(set_id, own) if own else [],
            database_bytes=look.postgres().row(DATABASE_SIZE)["size_bytes"],
            free_bytes=store.free_bytes(),
        )

    def judge(self, facts: CreateFacts, options: NoOptions) -> Sequence[Finding]:
        return [
            self.finding(suffix, level, says, subject=subject, hint=hint)
            for suffix, level, says, subject, hint in verdicts(facts)
        ]

    def plan(self, facts: CreateFacts, options: NoOptions) -> Sequence[Step]:
        if facts.own is not None:
            return ()
        says = f"Save the database ({facts.database_bytes / 1e6:,.0f} MB) with counts and digests of its tables."
        return (
            _step("take:database", says, "take_database", "discard", part=taking.DATABASE),
            *(
                _step(
                    f"take:{component}",
                    f"Save the files of {component}.",
                    "take_files",
                    "discard",
                    component=component,
                    part=taking.files_part(component),
                )
                for component in facts.components
            ),
            _step(
                "seal",
                "Write the manifest: from here on the set counts.",
                "seal",
                "unseal",
                components=facts.components,
            ),
        )

    def apply(self, action: Action, act: Act) -> Mapping[str, object]:
        set_id, arguments = set_id_of(act.run), action.arguments
        match action.verb:
            case "take_database":
                return taking.take_database(act, set_id)
            case "take_files":
                return taking.take_files(act, set_id, str(arguments["component"]))
            case "seal":
                return seal(act, set_id)
            case "unseal":
                act.store().unseal(set_id)
            case "discard":
                act.store().discard(set_id, str(arguments["part"]))
            case verb:
                raise Permanent(f"{self.spec.id} knows no action {verb!r}")
        return {}

    def verify(self, before: CreateFacts, after: CreateFacts, options: NoOptions) -> Sequence[Finding]:
        """Every part of this run's set was read back. What happens to other sets meanwhile is no reason to take
        this one back: an old one may go, and of a damaged one `judge` speaks."""
        findings = [finding for finding in self.judge(after, options) if finding.subject.startswith(after.set_id)]
        return [finding for finding in findings if finding.level >= Level.ERROR]

    def measure(self, facts: CreateFacts) -> Sequence[Measurement]:
        newest, own = facts.newest, facts.own
        if newest is None:
            return ()
        numbers = [
            Measurement("backup.set_bytes", newest.size_bytes),
            Measurement("backup.age_hours", facts.age(newest) / timedelta(hours=1)),
            Measurement("backup.store_free_bytes", facts.free_bytes),
        ]
        if own is not None:
            numbers.append(
                Measurement("backup.duration_seconds", (own.completed_at - own.taken_at).total_seconds())
            )
        return numbers

    def evidence(self, facts: CreateFacts) -> Sequence[Evidence]:
        own = facts.own
        if own is None:
            return ()
        holds = not facts.damaged
        says = (
            f"Backup set {own.id}: {own.tables:,} tables with {own.rows:,} rows and {own.files:,} files, "
            f"{own.size_bytes / 1e6:,.1f} MB; {'every part was read back' if holds else 'parts are damaged'}."
        )
        return [Evidence("backup-set", own.id, holds, says, own.model_dump(mode="json"))]


def _sorted_out(store: StoreLook, set_id: str) -> tuple[dict[str, Manifest], dict[str, str]]:
    """The manifests of the sets that look sound without being read, and what is wrong with the others.

    The set of this run is read anyway.
    """
    sound: dict[str, Manifest] = {}
    faults: dict[str, str] = {}
    for one in store.sets():
        if one.manifest is None:
            faults[one.id] = one.fault
        elif one.id != set_id and (fault := store.altered(one.id, one.manifest)):
            faults[one.id] = fault
        else:
            sound[one.id] = one.manifest
    return sound, faults


def _step(key: str, says: str, verb: str, inverse: str, **arguments: object) -> Step:
    return Step(
        key=key,
        says=says,
        action=Action(verb=verb, arguments=arguments),
        inverse=Action(verb=inverse, arguments=arguments),
    )
