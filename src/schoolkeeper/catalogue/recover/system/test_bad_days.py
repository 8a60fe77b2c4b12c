"""Bad days: what a recovery meets when more than the ERP is broken."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from schoolkeeper.catalogue.backup.test_arrange import (
    School,
    back_up,
    codes,
    findings,
    later,
    manifest_of,
    rewrite_manifest,
)
from schoolkeeper.catalogue.recover.system.facts import RecoverFacts, SystemOptions
from schoolkeeper.catalogue.recover.system.looking import administration_of
from schoolkeeper.catalogue.recover.system.recording import read_record, store_of
from schoolkeeper.catalogue.recover.system.task import RecoverSystem
from schoolkeeper.catalogue.recover.system.working import Recovery
from schoolkeeper.catalogue.recover.test_recovery import a_school, beside, databases, state_of
from schoolkeeper.connectors.act import Act
from schoolkeeper.connectors.databases.fault import Fault
from schoolkeeper.connectors.postgres.binaries import find
from schoolkeeper.connectors.postgres.cluster import SCRATCH_SETTINGS, Cluster
from schoolkeeper.connectors.postgres.cluster_roles import create_database, create_role
from schoolkeeper.connectors.postgres.swapping import DatabaseSwap
from schoolkeeper.kernel.errors import Permanent
from schoolkeeper.kernel.finding import Level
from schoolkeeper.testing import Subject
from schoolkeeper.testing.arrange import secret_file
from schoolkeeper.testing.plugin import HOME

OWNED = """
SELECT CASE c.relkind WHEN 'v' THEN 'VIEW ' WHEN 'm' THEN 'MATERIALIZED VIEW ' WHEN 'S' THEN 'SEQUENCE '
            ELSE 'TABLE ' END
       || c.oid::regclass
  FROM pg_class AS c
 WHERE c.relowner = 'schoolkeeper'::regrole AND c.oid >= 16384 AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
   AND NOT EXISTS (SELECT FROM pg_depend AS d
                    WHERE d.objid = c.oid AND d.deptype IN ('a', 'i') AND c.relkind = 'S')
UNION ALL SELECT 'ROUTINE ' || oid::regprocedure FROM pg_proc
           WHERE proowner = 'schoolkeeper'::regrole AND oid >= 16384
UNION ALL SELECT 'TYPE ' || oid::regtype FROM pg_type
           WHERE typowner = 'schoolkeeper'::regrole AND oid >= 16384 AND typtype IN ('e', 'd')
UNION ALL SELECT 'COLLATION ' || oid::regcollation FROM pg_collation WHERE oid >= 16384
UNION ALL SELECT 'STATISTICS ' || stxname FROM pg_statistic_ext
UNION ALL SELECT 'PUBLICATION ' || pubname FROM pg_publication
UNION ALL SELECT 'LARGE OBJECT ' || oid FROM pg_largeobject_metadata
UNION ALL SELECT 'SCHEMA public'
"""
PRIVILEGES = "ALTER DEFAULT PRIVILEGES IN SCHEMA office REVOKE SELECT ON TABLES FROM registrar_"
LOGICAL: dict[str, str | int] = {"wal_level": "logical", "max_wal_senders": 5, "max_replication_slots": 5}
RIGHT = {"confirm": "test-college", "rename_aside": True, "unproven": True}


@pytest.fixture
def school(database: str, cluster: Cluster) -> Iterator[School]:
    with a_school(database, cluster) as school:
        yield school


def on(school: School, **answers: object) -> Subject:
    subject = school.subject(RecoverSystem())
    subject.options = SystemOptions.model_validate({**RIGHT, **answers})
    return subject


def facts_of(subject: Subject) -> RecoverFacts:
    facts = subject.assess()
    assert isinstance(facts, RecoverFacts)
    return facts


def refusals(subject: Subject) -> set[str]:
    return {one.subject for one in findings(subject, subject.assess(), Level.ERROR)}


def name_of(school: School) -> str:
    return school.database.rpartition("/")[2]


def with_component(subject: Subject, name: str, **changes: object) -> Subject:
    component = subject.system.components[name].model_copy(update=changes)
    components = {**subject.system.components, name: component}
    subject.system = subject.system.model_copy(update={"components": components})
    return subject


def on_server(school: School, statement: str) -> None:
    with psycopg.connect(beside(school.database, "postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(sql.Identifier(name_of(school))))


@pytest.mark.parametrize("done", [3, 6, 8])
def test_the_way_back_needs_no_store(school: School, done: int) -> None:
    """The store is lost while it is read: whatever was done so far is taken back without it."""
    back_up(school)
    before = state_of(school)
    subject = on(school)
    steps = subject.plan()
    subject.apply(steps[:done])
    school.store.rename(school.folder / "unmounted")
    subject.take_back(steps)
    assert state_of(school) == before


def test_a_folder_that_the_erp_makes_anew_between_two_renamings(school: School) -> None:
    back_up(school)
    before = state_of(school)
    subject = on(school)
    steps = subject.plan()
    subject.apply(steps[:6])
    aside = Path(f"{school.uploads}.before-{facts_of(subject).tag}")
    school.uploads.rename(aside)
    school.uploads.mkdir()
    subject.take_back(steps)
    assert state_of(school) == before
    assert not aside.exists()


def test_a_folder_that_the_erp_fills_anew_is_not_passed_over_in_silence(school: School) -> None:
    back_up(school)
    subject = on(school)
    steps = subject.plan()
    subject.apply(steps[:6])
    aside = Path(f"{school.uploads}.before-{facts_of(subject).tag}")
    school.uploads.rename(aside)
    school.uploads.mkdir()
    (school.uploads / "new.jpg").write_text("came meanwhile")
    with pytest.raises(Permanent, match="before-"):
        subject.take_back(steps)
    assert (aside / "photos" / "1.jpg").read_text() == "one"
    assert (school.uploads / "new.jpg").read_text() == "came meanwhile"


def test_only_what_recoveries_put_aside_is_said_to_be_theirs(school: School) -> None:
    back_up(school)
    (school.folder / "uploads.before-migration").mkdir()
    with psycopg.connect(beside(school.database, "postgres"), autocommit=True) as connection:
        name = sql.Identifier(f"{name_of(school)}_before_migration")
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
    assert facts_of(on(school)).left == []


def test_the_command_that_removes_names_one_thing(school: School) -> None:
    back_up(school)
    roomy = school.folder / "our school"
    roomy.mkdir()
    (roomy / "uploads.before-20260101_0123abcd").mkdir()
    subject = with_component(on(school), "uploads", path=roomy / "uploads")
    (left,) = facts_of(subject).left
    assert left.removing == f"rm -r '{left.name}'"


def test_a_database_that_nobody_can_open(school: School, cluster: Cluster) -> None:
    """A file of it is gone. It is renamed aside like any other."""
    back_up(school)
    before = state_of(school)
    with cluster.connect() as connection:
        query = "SELECT setting || '/base/' || oid FROM pg_settings, pg_database"
        query += " WHERE name = 'data_directory' AND datname = %s"
        folder = Path(connection.execute(query, [name_of(school)]).fetchone()[0])  # type: ignore[index]
        connection.execute("CHECKPOINT")
    (folder / "PG_VERSION").rename(folder / "PG_VERSION.lost")
    subject = on(school)
    subject.apply(subject.plan())
    (folder / "PG_VERSION.lost").rename(folder / "PG_VERSION")
    assert state_of(school) == before


def test_a_database_whose_removal_was_interrupted(school: School) -> None:
    """Nobody can open it, alter it or rename it any more: PostgreSQL marks it like this."""
    back_up(school)
    with psycopg.connect(beside(school.database, "postgres"), autocommit=True) as connection:
        mark = "UPDATE pg_database SET datconnlimit = -2 WHERE datname = %s"
        connection.execute(mark, [name_of(school)])
    assert refusals(on(school)) == {"invalid"}


def test_a_limit_that_lets_nobody_in_does_not_come_back(school: School) -> None:
    back_up(school)
    on_server(school, "ALTER DATABASE {} CONNECTION LIMIT 0")
    subject = on(school)
    subject.apply(subject.plan())
    with psycopg.connect(school.database) as connection:
        query = "SELECT datconnlimit FROM pg_database WHERE datname = current_database()"
        assert connection.execute(query).fetchone() == (-1,)


def test_a_locale_that_the_server_does_not_know(school: School) -> None:
    back_up(school)
    subject = on(school)
    facts = facts_of(subject)
    assert facts.chosen
    source = facts.chosen.source.model_copy(update={"collate": "xx_XX.utf8", "ctype": "xx_XX.utf8"})
    swap = DatabaseSwap(administration_of(subject.system, "database"), facts.tag)
    assert codes_of(swap.create(source)) == {("locale", "C")}
    swap.drop()


def codes_of(faults: list[Fault]) -> set[tuple[str, str]]:
    return {(one.subject, one.found) for one in faults}


@pytest.fixture
def keeper(school: School, cluster: Cluster) -> Iterator[str]:
    """A role that is no superuser and has everything a recovery takes; it owns what there is."""
    ending = name_of(school).rpartition("_")[2]
    name = f"keeper_{ending}"
    with cluster.connect() as connection:
        create_role(connection, name, "secret")
        for statement in (f"ALTER ROLE {name} CREATEDB", f"GRANT registrar_{ending}, pg_signal_backend TO {name}"):
            connection.execute(statement.encode())
    on_server(school, f"ALTER DATABASE {{}} OWNER TO {name}")
    with psycopg.connect(school.database, autocommit=True) as connection:
        for owned in connection.execute(OWNED).fetchall():
            connection.execute(f"ALTER {owned[0]} OWNER TO {name}".encode())
    yield name
    with cluster.connect() as connection:
        for database in databases(cluster):
            if database.startswith(name_of(school)):
                rename = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(sql.Identifier(database))
                connection.execute(rename)
                with psycopg.connect(beside(school.database, database), autocommit=True) as there:
                    there.execute(f"REASSIGN OWNED BY {name} TO schoolkeeper".encode())
                    there.execute(f"DROP OWNED BY {name}".encode())
        connection.execute(f"DROP ROLE {name}".encode())


def as_keeper(school: School, keeper: str) -> Subject:
    dsn = f"postgresql://{keeper}:secret@{school.database.partition('@')[2]}"
    return with_component(on(school), "database", dsn=secret_file(school.folder, "keeper", dsn))


def test_a_setting_that_only_a_superuser_may_give(school: School, keeper: str) -> None:
    """It is named, to be set by hand, and no reason to give up."""
    on_server(school, "ALTER DATABASE {} SET log_min_duration_statement = '5s'")
    school.query(PRIVILEGES + name_of(school).rpartition("_")[2])
    back_up(school)
    subject = as_keeper(school, keeper)
    subject.apply(subject.plan())
    found = codes(findings(subject, subject.assess()))
    assert ("by_hand", "setting log_min_duration_statement of the database") in found


def test_what_a_superuser_decreed_takes_its_rights(school: School, keeper: str) -> None:
    """Default privileges belong to a role; that nothing else does is no reason to find out at the end."""
    back_up(school)
    subject = as_keeper(school, keeper)
    (says,) = [one.says for one in findings(subject, subject.assess(), Level.ERROR)]
    assert "membership in schoolkeeper" in says


def test_a_role_that_does_not_inherit(school: School, keeper: str, cluster: Cluster) -> None:
    """It could become the owner, but not work on what the owner has."""
    school.query(PRIVILEGES + name_of(school).rpartition("_")[2])
    back_up(school)
    name = f"registrar_{name_of(school).rpartition('_')[2]}"
    with cluster.connect() as connection:
        connection.execute(f"GRANT {name} TO {keeper} WITH INHERIT FALSE, SET TRUE".encode())
    assert refusals(as_keeper(school, keeper)) == {"rights"}


def test_long_names_of_files(school: School) -> None:
    (school.uploads / ("ж" * 125)).write_text("long")
    back_up(school)
    subject = on(school)
    subject.apply(subject.plan())


def test_the_database_is_gone_and_its_addresses_differ(school: School) -> None:
    back_up(school)
    admin = secret_file(school.folder, "admin", school.database.replace("127.0.0.1", "localhost"))
    assert "localhost" in (school.folder / "admin").read_text()
    on_server(school, "DROP DATABASE {}")
    subject = with_component(on(school), "database", admin_dsn=admin)
    assert refusals(subject) == set()


def test_privileges_that_were_lost_with_the_database_are_told(school: School) -> None:
    back_up(school)
    on_server(school, "DROP DATABASE {}")
    subject = on(school)
    subject.apply(subject.plan())
    found = codes(findings(subject, subject.assess(), Level.WARNING))
    assert ("by_hand", f"privileges on the database {name_of(school)}") in found


@pytest.fixture
def logical() -> Iterator[Cluster]:
    """A server from which changes can be subscribed to."""
    folder = Path(tempfile.mkdtemp(dir=HOME))
    folder.chmod(0o711)
    with Cluster(folder / "postgres", find(16), settings={**SCRATCH_SETTINGS, **LOGICAL}) as server:
        for name in ("erp_1", "news"):
            with server.connect() as connection:
                create_database(connection, name)
        with psycopg.connect(server.dsn("news"), autocommit=True) as connection:
            connection.execute("CREATE PUBLICATION news")
            connection.execute("SELECT pg_create_logical_replication_slot('s', 'pgoutput')")
        yield server
    shutil.rmtree(folder)


def test_whatever_works_in_the_database_is_sent_away(logical: Cluster) -> None:
    """A subscription's worker is nobody's session, and keeps the database from being renamed."""
    working = "SELECT count(*) FROM pg_stat_activity WHERE backend_type ~ 'logical replication (apply )?worker'"
    with a_school(logical.dsn("erp_1"), logical) as school:
        school.query(
            f"CREATE SUBSCRIPTION s CONNECTION '{logical.dsn('news')}' PUBLICATION news WITH (create_slot = false)"
        )
        back_up(school)
        with logical.connect() as connection:
            while connection.execute(working).fetchone() == (0,):
                time.sleep(0.1)
        subject = on(school)
        subject.apply(subject.plan())
        assert ("by_hand", "subscriptions of erp_1") in codes(findings(subject, subject.assess(), Level.WARNING))
        aside = next(one.name for one in facts_of(subject).left if one.what == "database")
        with logical.connect() as connection:
            connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(sql.Identifier(aside)))
        with psycopg.connect(logical.dsn(aside), autocommit=True) as connection:
            for statement in ("DISABLE", "SET (slot_name = NONE)"):
                connection.execute(f"ALTER SUBSCRIPTION s {statement}".encode())
            connection.execute("DROP SUBSCRIPTION s")


def test_folders_within_each_other(school: School) -> None:
    back_up(school)
    subject = with_component(on(school), "configuration", path=school.uploads / "configuration")
    assert refusals(subject) == {"folder configuration"}


def test_a_copy_onto_what_may_be_its_source(school: School) -> None:
    """The role that took the set could not ask which server that was."""
    set_id = back_up(school)
    manifest = manifest_of(school, set_id)
    source = manifest.database.source.model_copy(update={"system_identifier": None})
    part = manifest.database.model_copy(update={"source": source})
    rewrite_manifest(school, manifest.model_copy(update={"database": part}))
    subject = on(school, source="test-college", into="training", confirm="training")
    subject.system = subject.system.model_copy(update={"slug": "training", "environment": "staging"})
    assert "identity" in refusals(subject)


def test_a_newer_server_excuses_another_spelling_and_nothing_else(school: School) -> None:
    back_up(school)
    subject = on(school)
    subject.apply(subject.plan()[:1])
    step = subject.plan()[0]
    with Act(subject.system, subject.profile, subject.context(), subject.task.spec) as act:
        record = read_record(act.run)
        assert record
        newer = record.model_copy(update={"database": record.database.model_copy(update={"server_major": 99})})
        with store_of(subject.system, "backups", "", None) as store:
            recovery = Recovery(act, store, newer, step.action.arguments)
            spelled = Fault(code="schema_differs", subject="view public.a", found="another definition")
            assert recovery.checked([spelled], "the database")[0].level == "warning"
            for gone in ("missing", "17"):
                with pytest.raises(Permanent, match="not what was saved"):
                    recovery.checked(
                        [Fault(code="schema_differs", subject="policy a", found=gone)], "the database"
                    )


def test_whoever_is_not_root_is_told_whose_files_they_became(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    back_up(school)
    subject = on(school)
    steps = subject.plan()
    monkeypatch.setattr("os.geteuid", lambda: 4711)
    subject.apply(steps)
    monkeypatch.undo()
    found = codes(findings(subject, subject.assess(), Level.WARNING))
    assert {("differs", "uploads"), ("differs", "configuration")} <= found


def test_a_link_that_leads_elsewhere_than_it_did(school: School) -> None:
    back_up(school)
    subject = on(school)
    steps = subject.plan()
    subject.apply(steps[:1])
    restored = Path(f"{school.uploads}.restored-{facts_of(subject).tag}")
    restored.mkdir(mode=0o700)
    (restored / "latest.jpg").symlink_to("/etc/passwd")
    with pytest.raises(Permanent, match="leads elsewhere"):
        subject.apply(steps[:6])
    subject.take_back(steps)
    assert not restored.exists()


def test_somebody_else_replaced_the_database_meanwhile(school: School) -> None:
    """Two people recover the same ERP from two machines: the second does not undo what the first has done."""
    back_up(school)
    first, second = on(school), later(on(school), "second")
    steps = second.plan()
    second.apply(steps[:5])
    first.apply(first.plan())
    school.query("INSERT INTO person (given) VALUES ('came meanwhile')")
    with pytest.raises(Permanent, match="somebody else is at it"):
        second.apply(steps[5:])
    second.take_back(steps)
    with psycopg.connect(school.database) as connection:
        query = "SELECT count(*) FROM person WHERE given = 'came meanwhile'"
        assert connection.execute(query).fetchone() == (1,)


def test_what_users_entered_after_the_opening_is_kept_when_it_is_taken_back(school: School) -> None:
    """Twice, because whoever goes back may try again; the second time nothing of the first is lost."""
    back_up(school)
    before = state_of(school)
    for number in (1, 2):
        subject = on(school)
        steps = subject.plan()
        subject.apply(steps)
        school.query(f"INSERT INTO person (given) VALUES ('came meanwhile {number}')")
        (school.uploads / "new.jpg").write_text(f"came meanwhile {number}")
        subject.take_back(steps)
        assert state_of(school) == before
    left = facts_of(subject).left
    assert {one.why for one in left} == {"undone"}
    assert codes(findings(subject, facts_of(subject))) >= {("left_aside", one.name) for one in left}
    uploads = [Path(one.name) for one in left if one.name.startswith(str(school.uploads))]
    texts = {(one / "new.jpg").read_text() for one in uploads}
    assert texts == {"came meanwhile 1", "came meanwhile 2"}
    for one in left:
        if one.what == "database":
            with psycopg.connect(beside(school.database, "postgres"), autocommit=True) as connection:
                connection.execute(
                    sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(sql.Identifier(one.name))
                )
            with psycopg.connect(beside(school.database, one.name)) as connection:
                query = "SELECT count(*) FROM person WHERE given LIKE 'came meanwhile%'"
                assert connection.execute(query).fetchone() == (1,)
