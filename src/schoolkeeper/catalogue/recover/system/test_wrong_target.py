"""Ways to recover into the wrong place. Each is refused, says why, and changes nothing."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from schoolkeeper.catalogue.backup.create.task import Create
from schoolkeeper.catalogue.backup.drill.task import Drill
from schoolkeeper.catalogue.backup.test_arrange import (
    PROFILE,
    School,
    back_up,
    carry_out,
    codes,
    drill,
    dump_of,
    findings,
    manifest_of,
    read_list,
    reseal_dump,
    reseal_list,
    rewrite_manifest,
)
from schoolkeeper.catalogue.recover.system.facts import RecoverFacts, SystemOptions
from schoolkeeper.catalogue.recover.system.task import RecoverSystem
from schoolkeeper.catalogue.recover.test_recovery import a_school, beside, databases, state_of
from schoolkeeper.connectors.postgres.binaries import find
from schoolkeeper.connectors.postgres.cluster import SCRATCH_SETTINGS, Cluster
from schoolkeeper.connectors.postgres.cluster_roles import create_database, create_role
from schoolkeeper.kernel.finding import Level
from schoolkeeper.profiles.model import Rehearsal
from schoolkeeper.testing import Subject
from schoolkeeper.testing.arrange import secret_file
from schoolkeeper.testing.plugin import HOME

RIGHT = {"confirm": "test-college", "rename_aside": True, "unproven": True}
STARTED = PROFILE.model_copy(update={"rehearsal": Rehearsal(run=["erp"])})


@pytest.fixture
def school(database: str, cluster: Cluster) -> Iterator[School]:
    with a_school(database, cluster) as school:
        yield school


def on(school: School, **answers: object) -> Subject:
    subject = school.subject(RecoverSystem(), STARTED)
    subject.options = SystemOptions.model_validate({**RIGHT, **answers})
    return subject


def change_system(subject: Subject, **changes: object) -> Subject:
    subject.system = subject.system.model_copy(update=changes)
    return subject


def change_component(subject: Subject, name: str, **changes: object) -> Subject:
    component = subject.system.components[name].model_copy(update=changes)
    return change_system(subject, components={**subject.system.components, name: component})


def change_manifest(school: School, set_id: str, **changes: object) -> None:
    rewrite_manifest(school, manifest_of(school, set_id).model_copy(update=changes))


def change_source(school: School, set_id: str, **changes: object) -> None:
    part = manifest_of(school, set_id).database
    source = part.source.model_copy(update=changes)
    change_manifest(school, set_id, database=part.model_copy(update={"source": source}))


def answers(**given: object) -> Callable[[School, str], Subject]:
    return lambda school, set_id: on(school, **given)


def manifest(**changes: object) -> Callable[[School, str], Subject]:
    def arrange(school: School, set_id: str) -> Subject:
        change_manifest(school, set_id, **changes)
        return on(school)

    return arrange


def source(**changes: object) -> Callable[[School, str], Subject]:
    def arrange(school: School, set_id: str) -> Subject:
        change_source(school, set_id, **changes)
        return on(school)

    return arrange


def moved(where: str, **options: object) -> Callable[[School, str], Subject]:
    """The system is in another environment than the set."""
    was = "staging" if where == "production" else "production"

    def arrange(school: School, set_id: str) -> Subject:
        change_manifest(school, set_id, environment=was)
        return change_system(on(school, **options), environment=where)

    return arrange


def torn_manifest(school: School, set_id: str) -> Subject:
    school.path(set_id, "manifest.json").write_text('{"format":')
    return on(school)


def older_format(school: School, set_id: str) -> Subject:
    path = school.path(set_id, "manifest.json")
    path.write_text(path.read_text().replace("schoolkeeper-backup-set/2", "schoolkeeper-backup-set/1"))
    return on(school)


def not_understood_by_a_drill(school: School, set_id: str) -> Subject:
    """Its newest proof fails: a constraint is gone from the dump."""
    reseal_dump(school, set_id, dump_of(school, set_id).replace(b"\tGiven77\t", b"\tGiven78\t"))
    assert drill(school)
    return on(school, unproven=False)


def missing_extension(school: School, set_id: str) -> Subject:
    text = read_list(school, set_id, "database.contents")
    reseal_list(school, set_id, "database.contents", text.replace(b'"plpgsql":"version', b'"postgis":"version'))
    return on(school)


def full_disk(school: School, set_id: str) -> Subject:
    part = manifest_of(school, set_id).database
    change_manifest(school, set_id, database=part.model_copy(update={"dump_bytes": 10**16}))
    return on(school)


def held_elsewhere(school: School, set_id: str) -> Subject:
    (first, *others) = manifest_of(school, set_id).files
    held = {"component": "barman", "engine": "barman", "copy_id": "7"}
    part = type(first).model_validate({**first.model_dump(), "held": held})
    change_manifest(school, set_id, files=[part, *others])
    return on(school)


def without_a_key(school: School, set_id: str) -> Subject:
    return change_component(on(school), "backups", identity=None)


def linked_folder(school: School, set_id: str) -> Subject:
    (school.folder / "linked").symlink_to(school.uploads)
    return change_component(on(school), "uploads", path=school.folder / "linked")


def mounted_folder(school: School, set_id: str) -> Subject:
    return change_component(on(school), "uploads", path=Path("/proc"))


def a_file(school: School, set_id: str) -> Subject:
    return change_component(on(school), "uploads", path=school.uploads / "photos" / "1.jpg")


def no_parent(school: School, set_id: str) -> Subject:
    return change_component(on(school), "uploads", path=school.folder / "disk" / "uploads")


def undefined_folder(school: School, set_id: str) -> Subject:
    subject = on(school)
    rest = {name: one for name, one in subject.system.components.items() if name != "uploads"}
    return change_system(subject, components=rest)


def sets_of_another_product(school: School, set_id: str) -> Subject:
    return change_system(on(school), profile="moodle")


def clone_onto_its_own_source(school: School, set_id: str) -> Subject:
    subject = on(school, source="test-college", into="training", confirm="training")
    return change_system(subject, slug="training", environment="staging")


def clone_into_production(school: School, set_id: str) -> Subject:
    subject = on(school, source="test-college", into="training", confirm="training")
    return change_system(subject, slug="training", environment="production")


def clone_that_would_act(school: School, set_id: str) -> Subject:
    subject = clone_onto_its_own_source(school, set_id)
    subject.profile = PROFILE
    return subject


WAYS: dict[str, tuple[Callable[[School, str], Subject], str]] = {
    "another slug": (answers(confirm="test-colege"), "confirm"),
    "nothing typed": (answers(confirm=""), "confirm"),
    "blanks around it": (answers(confirm=" test-college "), "confirm"),
    "another case": (answers(confirm="Test-College"), "confirm"),
    "a line's end": (answers(confirm="test-college\n"), "confirm"),
    "a set that is not there": (answers(set="20200101T000000Z-00000000"), "set"),
    "a set of another system": (manifest(system="north-college"), "set"),
    "a damaged manifest": (torn_manifest, "set"),
    "an older format": (older_format, "set"),
    "a set of another product": (manifest(profile="moodle"), "profile"),
    "a system of another product": (sets_of_another_product, "profile"),
    "another database product": (source(product="mariadb"), "product"),
    "staging into production": (moved("production"), "environment"),
    "staging into production, said twice": (moved("production", into="test-college"), "environment"),
    "production into staging": (moved("staging"), "into"),
    "production into staging, other name": (moved("staging", into="staging"), "into"),
    "into somewhere else": (answers(into="training"), "into"),
    "another server": (source(system_identifier="7000000000000000000"), "identity"),
    "a server of unknown identity": (source(system_identifier=None), "identity"),
    "another database of the server": (source(database="erp"), "identity"),
    "a clone onto its own source": (clone_onto_its_own_source, "identity"),
    "a clone into production": (clone_into_production, "environment"),
    "a clone that would act": (clone_that_would_act, "neutralise"),
    "a database that is not empty": (answers(rename_aside=False), "database"),
    "a folder that is not empty": (answers(rename_aside=False), "folder uploads"),
    "a folder that is a link": (linked_folder, "folder uploads"),
    "a folder that is a file system": (mounted_folder, "folder uploads"),
    "a folder that is a file": (a_file, "folder uploads"),
    "a folder whose disk is not mounted": (no_parent, "folder uploads"),
    "a folder that is not defined": (undefined_folder, "folder uploads"),
    "a full disk": (full_disk, "space"),
    "a set that nobody proved": (answers(unproven=False), "proof"),
    "a set that is proven bad": (not_understood_by_a_drill, "proof"),
    "a key that nobody has": (without_a_key, "key"),
    "a newer server's set": (source(server_major=99), "version"),
    "an extension that is missing": (missing_extension, "extension postgis"),
    "a part that another tool keeps": (held_elsewhere, "held"),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_wrong_way_is_refused(school: School, cluster: Cluster, way: str) -> None:
    arrange, rule = WAYS[way]
    subject = arrange(school, back_up(school))
    assert_refused(subject, rule, school, cluster)


def recovered(subject: Subject) -> RecoverFacts:
    facts = subject.assess()
    assert isinstance(facts, RecoverFacts)
    return facts


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def assert_refused(subject: Subject, rule: str, school: School, cluster: Cluster) -> str:
    """Looks, decides and would act; the sentence that says why not."""
    before, there = state_of(school), databases(cluster)
    around = names_in(school.folder)
    steps = subject.plan()
    assert steps == ()
    subject.apply(steps)
    found = findings(subject, subject.assess(), Level.ERROR)
    assert ("refused", rule) in codes(found)
    assert (state_of(school), databases(cluster), names_in(school.folder)) == (before, there, around)
    return next(one.says for one in found if one.subject == rule)


def test_a_proven_set_needs_no_excuse(school: School) -> None:
    back_up(school)
    carry_out(school.subject(Drill()))
    subject = on(school, unproven=False)
    assert findings(subject, subject.assess(), Level.ERROR) == []
    assert subject.plan()


def test_a_role_without_the_rights(school: School, cluster: Cluster) -> None:
    back_up(school)
    name = f"clerk_{school.database.rpartition('_')[2]}"
    with cluster.connect() as connection:
        create_role(connection, name, "secret")
    dsn = f"postgresql://{name}:secret@{school.database.partition('@')[2]}"
    subject = change_component(on(school), "database", dsn=secret_file(school.folder, "clerk", dsn))
    with psycopg.connect(school.database):
        says = assert_refused(subject, "rights", school, cluster)
    for lacking in ("CREATEDB", "membership in schoolkeeper, who owns the database", "sessions of schoolkeeper"):
        assert lacking in says
    admin = secret_file(school.folder, "admin", school.database)
    assert change_component(subject, "database", admin_dsn=admin).plan()
    with cluster.connect() as connection:
        connection.execute(f"DROP ROLE {name}".encode())


def test_a_role_that_only_reads(school: School, cluster: Cluster) -> None:
    back_up(school)
    name = f"reader_{school.database.rpartition('_')[2]}"
    with cluster.connect() as connection:
        create_role(connection, name, "secret", superuser=True)
        connection.execute(f"ALTER ROLE {name} SET default_transaction_read_only = on".encode())
    dsn = f"postgresql://{name}:secret@{school.database.partition('@')[2]}"
    subject = change_component(on(school), "database", dsn=secret_file(school.folder, "reader", dsn))
    assert_refused(subject, "read_only", school, cluster)
    with cluster.connect() as connection:
        connection.execute(f"DROP ROLE {name}".encode())


def test_a_database_that_another_system_is_backed_up_from(school: School, cluster: Cluster) -> None:
    """The set is of a lost server; the definition names a database that is a neighbour's, and empty by chance."""
    neighbour = change_system(school.subject(Create()), slug="south-college")
    carry_out(neighbour)
    change_source(school, back_up(school), system_identifier="7000000000000000000")
    subject = on(school, new_server=True)
    assert "south-college" in assert_refused(subject, "shared", school, cluster)
    assert_refused(subject, "new_server", school, cluster)


@pytest.fixture
def elsewhere() -> Iterator[Cluster]:
    """Another server, of a newer version."""
    folder = Path(tempfile.mkdtemp(dir=HOME))
    folder.chmod(0o711)
    with Cluster(folder / "postgres", find(18), settings=SCRATCH_SETTINGS) as server:
        yield server
    shutil.rmtree(folder)


def on_server(school: School, server: Cluster, folder: Path, **answers: object) -> Subject:
    """The definition names a database of the same name on another server, and folders of another machine."""
    folder.mkdir()
    name = school.database.rpartition("/")[2]
    subject = change_component(on(school, **answers), "database", dsn=secret_file(folder, "dsn", server.dsn(name)))
    for component in ("uploads", "configuration"):
        subject = change_component(subject, component, path=folder / component)
    return subject


def test_a_lost_server_is_replaced_only_when_that_is_said(
    school: School, cluster: Cluster, elsewhere: Cluster
) -> None:
    """On a newer PostgreSQL that has neither the database's name nor its roles."""
    set_id = back_up(school)
    before = state_of(school)
    subject = on_server(school, elsewhere, school.folder / "new", rename_aside=False)
    assert "the target is the database" in assert_refused(subject, "identity", school, cluster)
    subject.options = SystemOptions(confirm="test-college", unproven=True, new_server=True)
    facts = subject.assess()
    steps = subject.plan()
    assert steps
    subject.apply(steps)
    after = subject.assess()
    role = f"registrar_{school.database.rpartition('_')[2]}"
    assert codes(findings(subject, after)) >= {("role_made", role)}
    assert subject.task.verify(facts, after, subject.options) == []
    there = School(school.folder / "new", elsewhere.dsn(school.database.rpartition("/")[2]), school.identity)
    assert state_of(there) == before
    assert subject.task.evidence(after)[0].data["set"] == set_id
    subject.take_back(steps)
    kept = [one.name for one in recovered(subject).left]
    assert len(kept) == 3
    assert sorted(databases(elsewhere)) == sorted([kept[0], "postgres", "template0", "template1"])
    assert {str(path) for path in (school.folder / "new").iterdir()} == {*kept[1:], str(school.folder / "new/dsn")}


def test_a_lost_server_is_left_as_it_was_when_nobody_was_let_in(school: School, elsewhere: Cluster) -> None:
    back_up(school)
    subject = on_server(school, elsewhere, school.folder / "new", rename_aside=False, new_server=True)
    steps = subject.plan()
    subject.apply(steps[:-1])
    subject.take_back(steps)
    assert databases(elsewhere) == ["postgres", "template0", "template1"]
    assert names_in(school.folder / "new") == ["dsn"]
    role = f"registrar_{school.database.rpartition('_')[2]}"
    with elsewhere.connect() as connection:
        assert connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [role]).fetchone() is None


def test_rights_on_another_server_than_the_erps(school: School, cluster: Cluster, elsewhere: Cluster) -> None:
    back_up(school)
    admin = secret_file(school.folder, "admin", elsewhere.dsn("postgres"))
    subject = change_component(on(school), "database", admin_dsn=admin)
    assert_refused(subject, "admin_dsn", school, cluster)


def test_a_copy_for_training_acts_in_nobodys_name(school: School, cluster: Cluster) -> None:
    """Its database and uploads are the source's, its configuration stays its own, and what would act is gone."""
    back_up(school)
    before = state_of(school)
    name = f"{school.database.rpartition('/')[2]}_training"
    with cluster.connect() as connection:
        create_database(connection, name)
    subject = on(school, source="test-college", into="training", confirm="training")
    subject = change_system(subject, slug="training", environment="staging")
    subject.profile = STARTED.model_copy(
        update={
            "rehearsal": Rehearsal.model_validate(
                {"run": ["erp"], "neutralise": {"sql": ["UPDATE person SET family = 'of the copy'"]}}
            )
        }
    )
    folder = school.folder / "training"
    (folder / "configuration").mkdir(parents=True)
    (folder / "configuration" / "erp.toml").write_text("secret = 'training'")
    copy = School(folder, beside(school.database, name), school.identity)
    dsn = secret_file(folder, "dsn", copy.database)
    subject = change_component(subject, "database", dsn=dsn)
    for component in ("uploads", "configuration"):
        subject = change_component(subject, component, path=folder / component)
    steps = subject.plan()
    assert "database:neutralise" in {step.key for step in steps}
    subject.apply(steps)
    assert subject.plan() == ()
    with psycopg.connect(copy.database) as connection:
        assert connection.execute("SELECT DISTINCT family FROM person").fetchall() == [("of the copy",)]
    assert (folder / "uploads" / "photos" / "1.jpg").read_text() == "one"
    assert (folder / "configuration" / "erp.toml").read_text() == "secret = 'training'"
    assert state_of(school) == before


def test_at_least_twenty_ways() -> None:
    assert len(WAYS) >= 20
