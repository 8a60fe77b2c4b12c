import os
import signal
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from schoolkeeper.catalogue.storage.cleanup.facts import CleanupFacts, CleanupOptions
from schoolkeeper.catalogue.storage.cleanup.task import Cleanup
from schoolkeeper.connectors.postgres.cluster import Cluster
from schoolkeeper.connectors.postgres.cluster_roles import create_database
from schoolkeeper.kernel.errors import Permanent, Temporary, Unreachable
from schoolkeeper.kernel.failpoints import VARIABLE
from schoolkeeper.kernel.plan import plan_digest
from schoolkeeper.profiles.model import Profile
from schoolkeeper.testing import Conformance, Subject
from schoolkeeper.testing.arrange import content_of, system_on
from schoolkeeper.testing.conformance import NOON

TABLE = 'ses%s"io{n}s; DROP'
COLUMN = 'da%ta, "x"'
EXPIRED, LIVING = 25, 7


def profile_with(*rows: dict[str, str], files: bool = True) -> Profile:
    stale = [{"name": "exports", "component": "temporary", "pattern": "**/*.csv", "older_than_days": 2}]
    return Profile.model_validate(
        {"slug": "test", "title": "Test", "cleanup": {"rows": rows, "files": stale if files else []}}
    )


SESSIONS = {
    "name": "ses/sions",
    "table": f"public.{TABLE}",
    "where": "ends_at < %(now)s AND note NOT LIKE 'a%%b' -- %%",
}


@pytest.fixture
def sessions(database: str) -> str:
    """A table with hostile names, a generated column, an identity, NULLs, empty and many-lined texts."""
    statement = sql.SQL(
        """CREATE TABLE {table} (
             id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, {column} text, note text NOT NULL, blob bytea,
             ends_at timestamptz, twice integer GENERATED ALWAYS AS (id * 2) STORED, gone text);
           ALTER TABLE {table} DROP COLUMN gone;
           INSERT INTO {table} ({column}, note, blob, ends_at)
           SELECT CASE g % 3 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE {text} END, 'n' || g, decode('00ff', 'hex'),
                  {now}::timestamptz + CASE WHEN g <= {expired} THEN -1 ELSE 1 END * interval '1 hour'
             FROM generate_series(1, {all}) AS g"""
    ).format(
        table=sql.Identifier(TABLE),
        column=sql.Identifier(COLUMN),
        text=sql.Literal('"a",\n\\.\n\ttö'),
        now=sql.Literal(NOON),
        expired=sql.Literal(EXPIRED),
        all=sql.Literal(EXPIRED + LIVING),
    )
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(statement)
    return database


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    folder = tmp_path / "temporary"
    (folder / "year 1").mkdir(parents=True)
    for name, age_days in {"old.csv": 3, "year 1/ö'ld.csv": 9, "new.csv": 1, "old.txt": 9}.items():
        (folder / name).write_text(f"{name} content")
        written_at = (NOON - timedelta(days=age_days)).timestamp()
        os.utime(folder / name, (written_at, written_at))
    (folder / "old.csv").chmod(0o604)
    return folder


def content_of_folder(folder: Path) -> list[tuple[str, int, float, str]]:
    return [
        (str(path.relative_to(folder)), path.stat().st_mode, path.stat().st_mtime, path.read_text())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]


def subject_on(folder: Path, database: str, temporary: Path, profile: Profile) -> Subject:
    component = {"kind": "files", "path": temporary}
    return Subject(
        task=Cleanup(),
        options=CleanupOptions(batch_rows=10),
        home=folder / "home",
        fingerprint=lambda: content_of(database) + repr(content_of_folder(temporary)),
        **system_on(
            folder,
            database=database,
            components={"temporary": component},
            unreachable={"temporary": {"kind": "files", "path": folder / "gone"}},
            profile=profile,
        ),
    )


@pytest.fixture
def subject(sessions: str, temporary: Path, tmp_path: Path) -> Subject:
    return subject_on(tmp_path, sessions, temporary, profile_with(SESSIONS))


def look_at(subject: Subject) -> CleanupFacts:
    facts = subject.assess()
    assert isinstance(facts, CleanupFacts)
    return facts


def count(dsn: str) -> int:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(TABLE))).fetchone()
    assert row is not None
    return int(row[0])


class TestConformance(Conformance):
    @pytest.fixture
    def subject(self, sessions: str, temporary: Path, tmp_path: Path) -> Subject:
        return subject_on(tmp_path, sessions, temporary, profile_with(SESSIONS))


def test_exactly_the_dead_is_taken_and_comes_back_as_it_was(
    subject: Subject, sessions: str, temporary: Path
) -> None:
    before = subject.fingerprint()
    steps = subject.plan()
    assert [step.key for step in steps] == ["rows:ses/sions", "files:exports"]
    subject.apply(steps)
    assert count(sessions) == LIVING
    assert [name for name, *_ in content_of_folder(temporary)] == ["new.csv", "old.txt"]
    subject.take_back(steps)
    assert subject.fingerprint() == before


def test_nobody_else_may_read_what_was_taken(subject: Subject) -> None:
    subject.apply(subject.plan())
    quarantine = subject.home / "quarantine" / "conformance"
    folders = [quarantine, *(path for path in quarantine.glob("*") if path.is_dir())]
    assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o700}
    batches = sorted(quarantine.rglob("0*.csv"))
    assert [path.name for path in batches] == ["000001.csv", "000002.csv", "000003.csv"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in batches} == {0o600}


def test_a_second_round_keeps_the_first(subject: Subject, sessions: str) -> None:
    before = subject.fingerprint()
    steps = subject.plan()
    subject.apply(steps)
    subject.apply(steps)
    subject.take_back(steps)
    subject.take_back(steps)
    assert subject.fingerprint() == before


@pytest.mark.parametrize(
    "point", ["storage.cleanup.rows_copied", "storage.cleanup.rows_deleted", "storage.cleanup.file_moved"]
)
@pytest.mark.parametrize("carry_on", [True, False])
def test_killed_at_any_moment_nothing_is_lost(subject: Subject, sessions: str, point: str, carry_on: bool) -> None:
    before = subject.fingerprint()
    steps = subject.plan()
    killed(subject, steps, point)
    if carry_on:
        subject.apply(steps)
        assert subject.plan() == ()
        assert count(sessions) == LIVING
    subject.take_back(steps)
    assert subject.fingerprint() == before


def test_killed_while_putting_back(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    before = subject.fingerprint()
    steps = subject.plan()
    subject.apply(steps)
    killed(subject, steps, "storage.cleanup.rows_returned", taking_back=True)
    subject.take_back(steps)
    assert subject.fingerprint() == before


def killed(subject: Subject, steps: Any, point: str, taking_back: bool = False) -> None:
    """Do the work in a process of its own that kills itself at `point`."""
    child = os.fork()
    if child == 0:
        os.environ[VARIABLE] = f"{point}=kill"
        try:
            (subject.take_back if taking_back else subject.apply)(steps)
        finally:
            os._exit(0)  # nothing of the test run's own may be cleaned up twice
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL


def test_what_the_erp_made_anew_is_left_alone(subject: Subject, sessions: str, temporary: Path) -> None:
    steps = subject.plan()
    subject.apply(steps)
    (temporary / "old.csv").write_text("written anew")
    with psycopg.connect(sessions, autocommit=True) as connection:
        insert = "INSERT INTO {} (id, note) OVERRIDING SYSTEM VALUE VALUES (3, 'made anew')"
        connection.execute(sql.SQL(insert).format(sql.Identifier(TABLE)))
        subject.take_back(steps)
        row = connection.execute(
            sql.SQL("SELECT note FROM {} WHERE id = 3").format(sql.Identifier(TABLE))
        ).fetchone()
    assert row == ("made anew",)
    assert count(sessions) == EXPIRED + LIVING
    assert (temporary / "old.csv").read_text() == "written anew"


def test_two_files_of_one_name_are_both_kept(subject: Subject, temporary: Path) -> None:
    steps = subject.plan()
    subject.apply(steps)
    (temporary / "old.csv").write_text("another, and old at once")
    os.utime(temporary / "old.csv", (0, 0))
    subject.apply(steps)
    kept = {path.read_text() for path in (subject.home / "quarantine").rglob("old.csv")}
    assert kept == {"old.csv content", "another, and old at once"}


def test_a_session_that_is_prolonged_meanwhile_stays(subject: Subject, sessions: str) -> None:
    steps = subject.plan()
    with psycopg.connect(sessions) as connection:
        prolong = "UPDATE {} SET ends_at = ends_at + interval '1 day' WHERE id = 1"
        connection.execute(sql.SQL(prolong).format(sql.Identifier(TABLE)))
        with pytest.raises(Temporary):
            subject.apply(steps)
    subject.apply(steps)
    assert count(sessions) == LIVING + 1


def test_what_expires_during_the_run_waits_for_the_next(subject: Subject, sessions: str) -> None:
    subject.apply(subject.plan())
    with psycopg.connect(sessions, autocommit=True) as connection:
        expire = "UPDATE {0} SET ends_at = {1} WHERE id = (SELECT max(id) FROM {0})"
        soon = sql.Literal(NOON + timedelta(seconds=1))
        connection.execute(sql.SQL(expire).format(sql.Identifier(TABLE), soon))
    assert subject.plan() == ()
    subject.now = NOON + timedelta(seconds=2)
    assert len(subject.plan()) == 1


def test_an_approval_outlives_one_more_expired_row_but_not_a_multitude(subject: Subject, sessions: str) -> None:
    facts, steps = look_at(subject), subject.plan()
    with psycopg.connect(sessions, autocommit=True) as connection:
        insert = "INSERT INTO {} (note, ends_at) SELECT 'x', '2020-01-01' FROM generate_series(1, {})"
        connection.execute(sql.SQL(insert).format(sql.Identifier(TABLE), 1))
        assert look_at(subject).digest() == facts.digest()
        connection.execute(sql.SQL(insert).format(sql.Identifier(TABLE), 1000))
    assert look_at(subject).digest() != facts.digest()
    assert plan_digest(subject.plan()) == plan_digest(steps)


def test_partitions_are_cleaned_through_their_parent(database: str, temporary: Path, tmp_path: Path) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            """CREATE TABLE visit (id integer, part integer, ends_at timestamptz, PRIMARY KEY (id, part))
                 PARTITION BY LIST (part);
               CREATE TABLE visit_1 PARTITION OF visit FOR VALUES IN (1);
               CREATE TABLE visit_2 PARTITION OF visit FOR VALUES IN (2);
               INSERT INTO visit SELECT g, 1 + g % 2, '2020-01-01' FROM generate_series(1, 40) AS g;
               INSERT INTO visit SELECT g, 1, '2030-01-01' FROM generate_series(41, 50) AS g"""
        )
        rule = {"name": "visits", "table": "public.visit", "where": "ends_at < %(now)s"}
        subject = subject_on(tmp_path, database, temporary, profile_with(rule, files=False))
        before, steps = subject.fingerprint(), subject.plan()
        subject.apply(steps)
        assert connection.execute("SELECT count(*) FROM visit").fetchone() == (10,)
        subject.take_back(steps)
        assert subject.fingerprint() == before


OBSTACLES = {
    "CREATE TABLE t (ends_at timestamptz)": "no primary key",
    "CREATE TABLE t (id integer PRIMARY KEY, ends_at timestamptz);"
    "CREATE TABLE child (id integer REFERENCES t ON DELETE CASCADE)": "foreign keys refer to it from child",
    "CREATE TABLE t (id integer PRIMARY KEY, ends_at timestamptz); CREATE TABLE kin (id integer REFERENCES t)": (
        "foreign keys refer to it from kin"
    ),
    "CREATE TABLE t (id integer PRIMARY KEY, ends_at timestamptz);"
    "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END';"
    "CREATE TRIGGER noted BEFORE DELETE ON t FOR EACH ROW EXECUTE FUNCTION f()": "noted",
    "CREATE TABLE t (id integer PRIMARY KEY, ends_at timestamptz); CREATE TABLE u () INHERITS (t)": "inherit",
}


@pytest.mark.parametrize(("tables", "reason"), OBSTACLES.items())
def test_what_could_not_be_put_back_is_kept(
    database: str, temporary: Path, tmp_path: Path, tables: str, reason: str
) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(tables.encode())
        insert = "INSERT INTO t (ends_at) VALUES ('2020-01-01')"
        connection.execute(insert if "PRIMARY" not in tables else "INSERT INTO t VALUES (1, '2020-01-01')")
    rule = {"name": "t", "table": "public.t", "where": "ends_at < %(now)s"}
    subject = subject_on(tmp_path, database, temporary, profile_with(rule, files=False))
    facts = look_at(subject)
    (finding,) = subject.task.judge(facts, subject.options)
    assert (finding.code, finding.subject) == ("storage.cleanup.kept", "t")
    assert reason in finding.says
    assert subject.plan() == ()


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_of_another_encoding_gets_its_rows_back(
    cluster: Cluster, temporary: Path, tmp_path: Path, encoding: str
) -> None:
    name = f"encoded_{encoding.lower()}"
    with cluster.connect() as connection:
        create_database(connection, name, encoding=encoding, collate="C", ctype="C")
    try:
        with psycopg.connect(cluster.dsn(name), autocommit=True, client_encoding=encoding) as connection:
            connection.execute("CREATE TABLE s (id int PRIMARY KEY, note text, ends_at timestamptz)")
            note = "convert_from('\\xe9e8'::bytea, current_setting('server_encoding'))"
            connection.execute(f"INSERT INTO s VALUES (1, {note}, '2020-01-01'), (2, 'plain', '2020-01-01')")
            everything = (
                "SELECT id, convert_to(note, current_setting('server_encoding')), ends_at FROM s ORDER BY id"
            )
            before = connection.execute(everything).fetchall()
            rule = {"name": "s", "table": "public.s", "where": "ends_at < %(now)s"}
            subject = subject_on(tmp_path, cluster.dsn(name), temporary, profile_with(rule, files=False))
            steps = subject.plan()
            subject.apply(steps)
            assert connection.execute(everything).fetchall() == []
            subject.take_back(steps)
            assert connection.execute(everything).fetchall() == before
    finally:
        with cluster.connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def test_an_obstacle_that_arose_since_the_look_is_heeded(database: str, temporary: Path, tmp_path: Path) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE TABLE t (id integer PRIMARY KEY, ends_at timestamptz)")
        connection.execute("INSERT INTO t VALUES (1, '2020-01-01')")
        rule = {"name": "t", "table": "public.t", "where": "ends_at < %(now)s"}
        subject = subject_on(tmp_path, database, temporary, profile_with(rule, files=False))
        steps = subject.plan()
        assert steps
        connection.execute("CREATE TABLE child (id integer REFERENCES t ON DELETE CASCADE)")
        connection.execute("INSERT INTO child VALUES (1)")
        with pytest.raises(Permanent, match="foreign keys refer to it from child"):
            subject.apply(steps)
        assert connection.execute("SELECT count(*) FROM child JOIN t USING (id)").fetchone() == (1,)


def test_files_that_end_like_unfinished_copies_come_back(temporary: Path, tmp_path: Path) -> None:
    upload = temporary / "movie.csv.partial"
    upload.write_text("half an upload")
    os.utime(upload, (0, 0))
    stale = {"name": "all", "component": "temporary", "pattern": "**/*", "older_than_days": 2}
    profile = Profile.model_validate({"slug": "test", "title": "Test", "cleanup": {"files": [stale]}})
    subject = subject_on(tmp_path, "postgresql://nowhere.invalid/x", temporary, profile)
    before = content_of_folder(temporary)
    steps = subject.plan()
    subject.apply(steps)
    assert not upload.exists()
    subject.take_back(steps)
    assert content_of_folder(temporary) == before


def test_a_missing_component_leaves_its_rule_unknown(subject: Subject) -> None:
    only = {"database": subject.system.components["database"]}
    subject.system = subject.system.model_copy(update={"components": only})
    findings = subject.task.judge(look_at(subject), subject.options)
    assert [(found.code, found.subject) for found in findings] == [
        ("storage.cleanup.expired_rows", "ses/sions"),
        ("storage.cleanup.unknown", "exports"),
    ]
    assert [step.key for step in subject.plan()] == ["rows:ses/sions"]


def test_a_missing_table_is_unknown(database: str, temporary: Path, tmp_path: Path) -> None:
    rule = {"name": "lost", "table": "public.lost", "where": "true"}
    with pytest.raises(Unreachable, match=r"there is no table public\.lost"):
        subject_on(tmp_path, database, temporary, profile_with(rule, files=False)).assess()


def test_a_rule_reaches_no_file_outside_its_folder(temporary: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.csv").write_text("secret")
    os.utime(outside / "secret.csv", (0, 0))
    (temporary / "link.csv").symlink_to(outside / "secret.csv")
    (temporary / "linked").symlink_to(outside)
    profile = profile_with()
    subject = subject_on(tmp_path, "postgresql://nowhere.invalid/x", temporary, profile)
    subject.apply(subject.plan())
    assert (outside / "secret.csv").read_text() == "secret"
    assert (temporary / "link.csv").is_symlink()
