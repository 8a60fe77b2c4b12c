"""Take a backup set of everything that a system needs to live again."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from pydantic import Field

from schoolkeeper.catalogue.backup.create import taking
from schoolkeeper.catalogue.backup.create.contents import SetContents
from schoolkeeper.catalogue.backup.create.facts import CreateFacts, SetFacts
from schoolkeeper.catalogue.backup.create.judging import verdicts
from schoolkeeper.catalogue.backup.create.sealing import components_of, seal, set_id_of
from schoolkeeper.catalogue.task import SystemTask
from schoolkeeper.connectors.act import Act
from schoolkeeper.connectors.databases.kinds import ANY_DATABASE
from schoolkeeper.connectors.engines.kinds import ENGINE_KINDS
from schoolkeeper.connectors.gentle import Pace, gently
from schoolkeeper.connectors.look import Look
from schoolkeeper.connectors.store.look import StoreLook
from schoolkeeper.connectors.store.manifest import Manifest
from schoolkeeper.kernel.errors import Permanent
from schoolkeeper.kernel.evidence import Evidence
from schoolkeeper.kernel.facts import Options
from schoolkeeper.kernel.finding import Finding, Level
from schoolkeeper.kernel.measurement import Measurement
from schoolkeeper.kernel.plan import Action, Step
from schoolkeeper.kernel.spec import Cadence, Kind, Risk, Spec, Undo

DATABASE = "database"


class CreateOptions(Options):
    limit_mb_per_second: int = Field(
        0, ge=0, description="Read no faster than this, so that users feel nothing; 0: no limit"
    )


class Create(SystemTask[CreateOptions, CreateFacts]):
    spec = Spec(
        id="backup.create",
        version=1,
        title="Take a backup set",
        summary="Saves database, files and versions as one encrypted set that opens with standard tools alone.",
        kind=Kind.PREVENTIVE,
        risk=Risk.ROUTINE,
        undo=Undo.STEPWISE,
        reads=frozenset({ANY_DATABASE, "store"}),
        reads_if_there=frozenset({"files", "web"}),
        writes=frozenset({"store"}),
        writes_if_there=ENGINE_KINDS,
        cadence=Cadence.DAILY,
        requirements=frozenset({"M058", "M069"}),
        findings={
            "no_set": "There is no backup set",
            "overdue": "The newest backup set is older than the target",
            "store_space": "The store is nearly full",
            "changed_while_read": "Files changed while they were read",
            "damaged": "A backup set is damaged",
            "not_covered": "Something is not backed up",
            "attributes": "Access control lists or other attributes are not in the set",
            "not_consistent": "Tables cannot be saved as of one moment",
            "stored_in_full": "Nothing of an earlier set could be used",
        },
        home=Path(__file__).parent,
    )
    options = CreateOptions
    facts = CreateFacts

    def assess(self, look: Look, options: CreateOptions) -> CreateFacts:
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
            damaged=_damaged(store, own) if own else [],
            contents=SetContents.of(own) if own else SetContents(),
            database=DATABASE,
            database_bytes=look.database(DATABASE).size_bytes(),
            free_bytes=store.free_bytes(),
        )

    def judge(self, facts: CreateFacts, options: CreateOptions) -> Sequence[Finding]:
        return [
            self.finding(suffix, level, says, subject=subject, hint=hint)
            for suffix, level, says, subject, hint in verdicts(facts)
        ]

    def plan(self, facts: CreateFacts, options: CreateOptions) -> Sequence[Step]:
        if facts.own is not None:
            return ()
        says = f"Save the database ({facts.database_bytes / 1e6:,.0f} MB) with counts and digests of its tables."
        limit = {"limit_mb_per_second": options.limit_mb_per_second}
        return (
            _step("take:database", says, "take_database", component=facts.database, part=taking.DATABASE, **limit),
            *(
                _step(
                    f"take:{component}",
                    f"Save what is new in the files of {component}.",
                    "take_files",
                    component=component,
                    part=taking.files_part(component),
                    **limit,
                )
                for component in facts.components
            ),
            _step("seal", "Write the manifest: from here on the set counts.", "seal", components=facts.components),
        )

    def apply(self, action: Action, act: Act) -> Mapping[str, object]:
        set_id, arguments = set_id_of(act.run), action.arguments
        match action.verb:
            case "take_database" | "take_files":
                take = taking.take_database if action.verb == "take_database" else taking.take_files
                limit = arguments["limit_mb_per_second"]
                pace = Pace(float(str(limit)) * 1e6 if limit else None)
                return gently(lambda: take(act, set_id, str(arguments["component"]), pace))
            case "seal":
                return seal(act, set_id)
            case "unseal":
                act.store().unseal(set_id)
            case "discard":
                act.store().discard(set_id, str(arguments["part"]))
            case verb:
                raise Permanent(f"{self.spec.id} knows no action {verb!r}")
        return {}

    def verify(self, before: CreateFacts, after: CreateFacts, options: CreateOptions) -> Sequence[Finding]:
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
            Measurement("backup.new_bytes", newest.new_bytes),
        ]
        if facts.free_bytes is not None:
            numbers.append(Measurement("backup.store_free_bytes", facts.free_bytes))
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
            f"{own.size_bytes / 1e6:,.1f} MB, {own.new_bytes / 1e6:,.1f} MB of it new; "
            f"{'all that is new was read back' if holds else 'parts are damaged'}."
        )
        data = {**own.model_dump(mode="json"), **facts.contents.model_dump(mode="json")}
        return [Evidence("backup-set", own.id, holds, says, data)]


def _sorted_out(store: StoreLook, set_id: str) -> tuple[dict[str, Manifest], dict[str, str]]:
    """The manifests of the sets that look sound without being read, and what is wrong with the others.

    The set of this run is read anyway.
    """
    sound: dict[str, Manifest] = {}
    faults: dict[str, str] = {}
    sizes = store.sizes()
    for one in store.sets():
        if one.manifest is None:
            faults[one.id] = one.fault
        elif one.id != set_id and (fault := next(filter(None, _unlike(store, one.manifest, sizes)), "")):
            faults[one.id] = fault
        else:
            sound[one.id] = one.manifest
    return sound, faults


def _unlike(store: StoreLook, manifest: Manifest, sizes: Mapping[str, int]) -> Iterator[str]:
    return (store.unlike(part, sizes) for part in manifest.parts)


def _damaged(store: StoreLook, own: Manifest) -> list[str]:
    """What is wrong with this run's set: what it wrote is read back, what it took over is looked for."""
    sizes = store.sizes()
    faults = (store.damage(part) if own.set in part.name else store.unlike(part, sizes) for part in own.parts)
    return [fault for fault in faults if fault]


def _step(key: str, says: str, verb: str, **arguments: object) -> Step:
    return Step(
        key=key,
        says=says,
        action=Action(verb=verb, arguments=arguments),
        inverse=Action(verb="unseal" if verb == "seal" else "discard", arguments=arguments),
    )
