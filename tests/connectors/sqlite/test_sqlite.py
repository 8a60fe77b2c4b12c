"""An SQLite database is looked at, changed, saved while others write, and every damage to a copy is noticed."""

import itertools
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from schoolkeeper.connectors.databases.contents import DatabaseContents
from schoolkeeper.connectors.databases.protocol import DatabaseLook, QueryFailed, ScratchServer
from schoolkeeper.connectors.sqlite.act import SqliteAct
from schoolkeeper.connectors.sqlite.component import SqliteComponent
from schoolkeeper.connectors.sqlite.look import SqliteLook
from schoolkeeper.connectors.sqlite.scratch import SqliteScratch
from schoolkeeper.kernel.errors import Permanent, ReadOnlyViolation, SchoolkeeperError, Temporary, Unreachable

SCHOOL = """
CREATE TABLE student (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, born, photo BLOB, note);
CREATE TABLE grade (id INTEGER PRIMARY KEY, student_id INTEGER REFERENCES student (id), points REAL,
    percent AS (points * 10) STORED, label AS ('p' || points));
CREATE TABLE twice (a, b);
CREATE TABLE "od""d name" (k TEXT PRIMARY KEY, v) WITHOUT ROWID;
CREATE INDEX by_name ON student (name);
CREATE VIEW transcript AS SELECT s.name, g.points FROM student AS s JOIN grade AS g ON g.student_id = s.id;
CREATE TRIGGER noted AFTER INSERT ON grade BEGIN INSERT INTO twice VALUES ('grade', NEW.id); END;
INSERT INTO student (name, born, photo, note) VALUES
    ('Ulugʻbek 🎓', '2010-02-03', x'ff00fe27', NULL), ('', 1265155200, x'', ''), ('Zoë', 1.5, NULL, '1'),
    (CAST(x'4dfc6c6c6572' AS TEXT), 'a' || char(0) || 'b', x'00', 1);
INSERT INTO grade (student_id, points) VALUES (1, 0.1), (1, 0.30000000000000004), (2, 1e300), (3, NULL);
INSERT INTO twice VALUES (1, 'x'), (1, 'x'), (NULL, ''), ('', NULL);
INSERT INTO "od""d name" VALUES ('a', 1), ('b', '1'), ('c', 1.0);
PRAGMA user_version = 42;
"""


@pytest.fixture(params=["DELETE", "WAL"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "sch ool#%.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA journal_mode = {request.param}")
        connection.executescript(SCHOOL)
    return path


def look_at(path: Path) -> SqliteLook:
    return SqliteLook("database", SqliteComponent(kind="sqlite", path=path))


def save(path: Path, target: Path) -> DatabaseContents:
    look: DatabaseLook = look_at(path)
    with look.saving() as saving:
        with saving.dump() as stream, target.open("wb") as file:
            while piece := stream.read(1 << 16):
                file.write(piece)
        return saving.contents()


def restored(path: Path, folder: Path) -> tuple[DatabaseContents, SqliteScratch]:
    contents = save(path, folder / "dump")
    scratch = SqliteScratch(folder / "scratch", contents.source)
    assert scratch.restore(folder / "dump", contents, "sqlite") == []
    return contents, scratch


def same(one: DatabaseContents, other: DatabaseContents) -> bool:
    return one.model_copy(update={"taken_at": other.taken_at}) == other


def test_a_copy_is_as_it_was_saved(path: Path, tmp_path: Path) -> None:
    contents, scratch = restored(path, tmp_path)
    server: ScratchServer = scratch
    with server:
        assert same(server.observe(), contents)
        assert server.check() == (6, [])
        assert server.rows("SELECT COUNT(*) AS n FROM student") == [{"n": 4}]
        assert server.address().startswith("sqlite:////")
    assert contents.source.product == "sqlite"
    assert contents.source.database == path.name
    assert {name: table.rows for name, table in contents.tables.items()} == {
        "student": 4,
        "grade": 4,
        "twice": 8,
        'od"d name': 3,
    }
    assert contents.sequences["student"].latest == 4
    assert {kind: len(named) for kind, named in contents.objects.items()} == {
        "index": 1,
        "table": 5,
        "trigger": 1,
        "view": 1,
    }
    assert ("user_version", "42") in {(one.name, one.value) for one in contents.settings}


DAMAGE = {
    "one bit of a number": "UPDATE student SET born = born + 1 WHERE id = 2",
    "one bit of a float": "UPDATE grade SET points = 0.3 WHERE id = 2",
    "a whole number that became a float": "UPDATE twice SET b = 1.0 WHERE a = 'grade' AND b = 1",
    "a text that became a number": "UPDATE student SET note = 1 WHERE id = 3",
    "a number that became a text": "UPDATE student SET note = '1' WHERE id = 4",
    "a float that became a whole number": 'UPDATE "od""d name" SET v = 1 WHERE k = \'c\'',
    "a text that became a blob": "UPDATE student SET name = CAST(name AS BLOB) WHERE id = 3",
    "one bit of a blob": "UPDATE student SET photo = x'ff00fe26' WHERE id = 1",
    "'' instead of NULL": "UPDATE twice SET a = '' WHERE b = ''",
    "NULL instead of ''": "UPDATE student SET photo = NULL WHERE id = 2",
    "what follows a NUL": "UPDATE student SET born = 'a' || char(0) || 'c' WHERE id = 4",
    "text that is not UTF-8": "UPDATE student SET name = CAST(x'4dfd6c6c6572' AS TEXT) WHERE id = 4",
    "another emoji": "UPDATE student SET name = 'Ulugʻbek 🎒' WHERE id = 1",
    "a row less": "DELETE FROM grade WHERE id = 4",
    "one of two equal rows less": "DELETE FROM twice WHERE rowid = 1",
    "values of two rows exchanged": "UPDATE grade SET student_id = 4 - student_id WHERE id IN (1, 4)",
    "an index gone": "DROP INDEX by_name",
    "a trigger gone": "DROP TRIGGER noted",
    "a view gone": "DROP VIEW transcript",
    "a table gone": "DROP TABLE twice",
    "a column more": "ALTER TABLE twice ADD COLUMN c",
    "a counter set back": "UPDATE sqlite_sequence SET seq = 2",
    "a version": "PRAGMA user_version = 41",
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_damage_is_noticed(path: Path, tmp_path: Path, damage: str) -> None:
    contents, scratch = restored(path, tmp_path)
    scratch.execute(damage)
    assert not same(scratch.observe(), contents)


def test_the_order_of_rows_does_not_matter(path: Path, tmp_path: Path) -> None:
    contents, scratch = restored(path, tmp_path)
    for statement in ("CREATE TABLE t AS SELECT * FROM twice", "DELETE FROM twice"):
        scratch.execute(statement)
    scratch.execute("INSERT INTO twice SELECT * FROM t ORDER BY rowid DESC")
    assert scratch.observe().tables["twice"] == contents.tables["twice"]


def test_rows_of_full_text_search_are_compared(tmp_path: Path) -> None:
    path = tmp_path / "search.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("CREATE VIRTUAL TABLE f USING fts5(a); INSERT INTO f VALUES ('one'), ('two');")
    contents, scratch = restored(path, tmp_path)
    assert "f_content" in contents.tables
    scratch.execute("UPDATE f SET a = 'three' WHERE a = 'two'")
    assert not same(scratch.observe(), contents)


@contextmanager
def two_tables_written_together(path: Path) -> Iterator[None]:
    """Somebody who inserts into both tables in one transaction, all the time."""
    enough = threading.Event()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("CREATE TABLE a_first (n, filling); CREATE TABLE z_last (n, filling);")
        rows = [(-number, "x" * 500) for number in range(20_000)]
        for name in ("a_first", "z_last"):
            connection.executemany(f"INSERT INTO {name} VALUES (?, ?)", rows)
        connection.commit()

    def work() -> None:
        with closing(sqlite3.connect(path, timeout=60, isolation_level=None)) as connection:
            for number in itertools.count():
                if enough.wait(0.01):  # others get a turn, as between the requests of a web application
                    return
                connection.execute("BEGIN IMMEDIATE")
                for name in ("a_first", "z_last"):
                    connection.execute(f"INSERT INTO {name} VALUES (?, 'y')", (number,))
                connection.execute("COMMIT")

    writer = threading.Thread(target=work)
    writer.start()
    try:
        yield
    finally:
        enough.set()
        writer.join()


def test_what_is_written_together_is_saved_together(path: Path, tmp_path: Path) -> None:
    with two_tables_written_together(path):
        for attempt in range(5):
            folder = tmp_path / str(attempt)
            folder.mkdir()
            contents, scratch = restored(path, folder)
            assert contents.tables["a_first"].rows == contents.tables["z_last"].rows >= 20_000
            assert same(scratch.observe(), contents)
            assert scratch.check()[1] == []


def test_writes_that_stand_in_the_log_only_are_saved(tmp_path: Path) -> None:
    path = tmp_path / "live.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("PRAGMA wal_autocheckpoint = 0")
        writer.execute("CREATE TABLE t (a)")
        writer.execute("INSERT INTO t VALUES (1)")
        contents, scratch = restored(path, tmp_path)
        assert contents.tables["t"].rows == 1
        assert same(scratch.observe(), contents)
        assert look_at(path).size_bytes() > path.stat().st_size


def test_a_dump_that_is_not_whole_is_no_copy(path: Path, tmp_path: Path) -> None:
    contents, scratch = restored(path, tmp_path)
    dump = tmp_path / "dump"
    whole = dump.read_bytes()
    for damaged in (whole[: len(whole) // 4096 // 2 * 4096], whole[:50], b"something else" * 1000):
        dump.write_bytes(damaged)
        (fault,) = scratch.restore(dump, contents, "sqlite")
        assert (fault.code, fault.level) == ("restore_failed", "error")


def test_broken_pages_and_lost_parents_are_found(path: Path, tmp_path: Path) -> None:
    _, scratch = restored(path, tmp_path)
    with closing(sqlite3.connect(scratch.path)) as connection:
        connection.execute("DELETE FROM student WHERE id = 2")
        connection.commit()
        (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'by_name'").fetchone()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(scratch.path.read_bytes())
    content[page * 4096 - 100 : page * 4096] = bytes(100)
    scratch.path.write_bytes(content)
    _, faults = scratch.check()
    assert [(fault.code, fault.level) for fault in faults] == [("corrupt", "error"), ("integrity", "warning")]
    assert faults[1].subject == "foreign keys of grade"


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM student",
        "-- a comment\nDELETE FROM student",
        "SELECT 1; DELETE FROM student",
        "WITH x AS (SELECT 1) DELETE FROM student",
        "ATTACH '{folder}/made.sqlite' AS made",
        "VACUUM INTO '{folder}/made.sqlite'",
        "PRAGMA query_only = OFF",
        "PRAGMA user_version = 1",
        "PRAGMA journal_mode = DELETE",
        "PRAGMA wal_checkpoint",
        "BEGIN IMMEDIATE",
        "CREATE TEMP TABLE t (a)",
        "SELECT load_extension('x')",
    ],
)
def test_no_way_to_write(path: Path, tmp_path: Path, query: str) -> None:
    before = path.read_bytes()
    with look_at(path) as look, pytest.raises(SchoolkeeperError):
        look.rows(query.format(folder=tmp_path))
    assert path.read_bytes() == before
    assert not (tmp_path / "made.sqlite").exists()


def test_queries(path: Path) -> None:
    with look_at(path) as look:
        assert look.rows("SELECT id, name FROM student WHERE id = ?", (3,)) == [{"id": 3, "name": "Zoë"}]
        assert look.row("SELECT name FROM student WHERE id = 4") == {"name": "M\ufffdller"}
        assert look.row("PRAGMA user_version") == {"user_version": 42}
        assert look.size_bytes() >= path.stat().st_size
        with pytest.raises(Unreachable, match="no such table"):
            look.rows("SELECT * FROM absent")
        assert look.row("SELECT COUNT(*) AS n FROM student") == {"n": 4}
        with pytest.raises(ReadOnlyViolation):
            look.rows("DELETE FROM student")


def test_a_file_that_is_not_there_or_no_database(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not a database, but long enough to be taken for one" * 99)
    for path in (tmp_path / "nothing", tmp_path / "text", tmp_path):
        with pytest.raises(Unreachable):
            look_at(path).rows("SELECT * FROM sqlite_schema")
        with pytest.raises(Unreachable), look_at(path).saving():
            pass
    assert not (tmp_path / "nothing").exists()
    with pytest.raises(Unreachable):
        look_at(tmp_path / "nothing").size_bytes()


def test_a_locked_database_is_worth_another_try(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        act = SqliteAct("database", SqliteComponent(kind="sqlite", path=path))
        with act, pytest.raises(Temporary):
            act.execute("DELETE FROM grade")


def test_acting(path: Path) -> None:
    with SqliteAct("database", SqliteComponent(kind="sqlite", path=path)) as act:
        assert act.execute("UPDATE student SET note = ? WHERE id = ?", "new", 1) == 1
        with pytest.raises(Permanent), act.transaction() as cursor:
            cursor.executemany("INSERT INTO student (id, name) VALUES (?, 'x')", [(9,), (9,)])
        with pytest.raises(Permanent, match="FOREIGN KEY"):
            act.execute("INSERT INTO grade (student_id) VALUES (99)")
        with act.transaction() as cursor:
            cursor.execute("INSERT INTO student (id, name) VALUES (10, 'x')")
    with look_at(path) as look:
        assert look.rows("SELECT id FROM student WHERE id > 4") == [{"id": 10}]


def test_a_query_on_a_copy_that_fails_says_no_more_than_its_kind(path: Path, tmp_path: Path) -> None:
    _, scratch = restored(path, tmp_path)
    with pytest.raises(QueryFailed, match=r"^SQLITE_ERROR$"):
        scratch.rows("SELECT 'Gulnora' FROM absent")
    with pytest.raises(QueryFailed, match=r"^SQLITE_CONSTRAINT_NOTNULL$"):
        scratch.execute("INSERT INTO student (name) VALUES (NULL)")
