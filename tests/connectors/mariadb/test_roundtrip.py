"""What is saved comes back the same, and every damage to the copy is noticed."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from schoolkeeper.connectors.databases.contents import DatabaseContents
from schoolkeeper.connectors.mariadb import settling
from schoolkeeper.connectors.mariadb.notes import imprecise, moved, not_transactional, way_of
from schoolkeeper.connectors.mariadb.scratch import MariaScratch
from schoolkeeper.connectors.mariadb.server import MariaServer
from tests.connectors.mariadb.school import SCHOOL, restore, run, save

Saved = tuple[Path, DatabaseContents]


@pytest.fixture(scope="module")
def saved(mariadb_server: MariaServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Saved]:
    name = f"school_{secrets.token_hex(4)}"
    with mariadb_server.connect() as connection:
        connection.query(f"CREATE DATABASE {name}")
        connection.query("CREATE USER IF NOT EXISTS 'registrar'@'%' IDENTIFIED BY 'secret'")
        connection.query(f"GRANT SELECT, EXECUTE ON {name}.* TO 'registrar'@'%'")
        connection.query("SET GLOBAL event_scheduler = ON")
    dsn = mariadb_server.address(name).url()
    run(dsn, *SCHOOL)
    yield save(dsn, tmp_path_factory.mktemp("saved"))
    with mariadb_server.connect() as connection:
        connection.query("SET GLOBAL event_scheduler = OFF")
        connection.query(f"DROP DATABASE {name}")


@pytest.fixture
def copy(saved: Saved, scratch_server: MariaScratch) -> MariaScratch:
    """The school, restored."""
    scratch_server.source = saved[1].source
    assert [fault.subject for fault in scratch_server.restore(*saved, "mariadb-dump")] in (
        ["setting event_scheduler of the server"],
        ["setting event_scheduler of the server", "setting system_time_zone of the server"],
    )
    return scratch_server


def test_a_copy_is_as_it_was_saved(saved: Saved, copy: MariaScratch) -> None:
    _, contents = saved
    found = copy.observe()
    assert found.tables == contents.tables
    assert found.objects == contents.objects
    assert found.sequences == contents.sequences
    assert found.roles == contents.roles
    assert settling.differing(contents.settings, found.settings) == []
    assert (found.source.encoding, found.source.collate) == (contents.source.encoding, contents.source.collate)
    assert found.source.system_identifier != contents.source.system_identifier
    assert copy.check() == (9, [])


def test_what_the_contents_tell(saved: Saved) -> None:
    _, contents = saved
    assert contents.source.product == "mariadb"
    assert {name: table.rows for name, table in contents.tables.items()} == {
        "student": 3,
        "grade": 4,
        "old_report": 3,
        "odd": 2,
        "twice": 5,
        "weird `name.x": 2,
        "part": 2,
        "log_entry": 4,
    }
    assert contents.objects.keys() == {
        *("database", "table", "column", "index", "foreign key", "check", "partition", "view"),
        *("trigger", "routine", "parameter", "event", "sequence"),
    }
    assert not_transactional(contents) == ["old_report"]
    assert imprecise(contents) == ["grade.share"]
    assert way_of(contents) == "global lock"
    assert moved(contents) == frozenset()
    assert "registrar@%" in contents.roles


def test_the_copy_works_as_the_application_uses_it(copy: MariaScratch) -> None:
    run(copy.address(), "CALL award(1, 7.25)")
    assert run(copy.address(), "SELECT name, points FROM transcript WHERE points = 7.25")[0]["name"] == "Ulugʻbek"
    said = run(copy.address(), "SELECT says FROM log_entry ORDER BY id DESC LIMIT 1")
    assert said[0]["says"].endswith("für 🎓")


DAMAGE = {
    "one bit of a number": "UPDATE odd SET huge = huge ^ 1 WHERE era = 2026",
    "one bit of a BIT": "UPDATE odd SET flags = flags ^ b'1' WHERE era = 2026",
    "the highest bit of a BIT(64)": "UPDATE odd SET wide = wide | (1 << 63) WHERE era = 2026",
    "one bit of a blob": "UPDATE odd SET photo = 0xFF00FE27225C0A0D1A01 WHERE era = 2026",
    "one bit of a letter": "UPDATE student SET name = 'Zoè 🎒' WHERE id = 2",
    "another emoji": "UPDATE student SET name = 'Zoë 🎓' WHERE id = 2",
    "a form of a letter that compares equal": "UPDATE student SET name = 'ZOE 🎒' WHERE id = 2",
    "a trailing space": "UPDATE student SET note = CONCAT(note, ' ') WHERE id = 3",
    "a line end": "UPDATE student SET note = REPLACE(note, CHAR(13), '') WHERE id = 3",
    "'' instead of NULL": "UPDATE student SET note = '' WHERE id = 1",
    "NULL instead of ''": "UPDATE twice SET b = NULL WHERE b = ''",
    "a zero date that became NULL": "UPDATE student SET born = NULL WHERE id = 2",
    "a microsecond": "UPDATE odd SET moment = moment - INTERVAL 1 MICROSECOND WHERE era = 2026",
    "an hour of a time stamp": "UPDATE grade SET given = given + INTERVAL 1 HOUR WHERE id = 1",
    "the last digit of a double": "UPDATE grade SET weight = 0.3 WHERE id = 2",
    "white space in JSON": "UPDATE odd SET doc = '{\"a\":[1,2.50,null]}' WHERE era = 2026",
    "a member of a set": "UPDATE odd SET many = 'x' WHERE era = 2026",
    "a place": "UPDATE odd SET place = ST_PointFromText('POINT(69.2 41.4)') WHERE era = 2026",
    "an address": "UPDATE odd SET address = '2001:db8::2' WHERE era = 2026",
    "a row less": "DELETE FROM grade WHERE id = 4",
    "one of several equal rows less": "DELETE FROM twice WHERE a = 1 LIMIT 1",
    "an equal row instead of another": "UPDATE twice SET a = NULL, b = '' WHERE a = 1 LIMIT 1",
    "values of two rows exchanged": "UPDATE grade SET points = IF(id = 1, 0, 4.50) WHERE id IN (1, 2)",
    "old text in a MyISAM table": "UPDATE old_report SET body = 'Mueller' WHERE id = 1",
    "another encoding": "ALTER TABLE old_report CONVERT TO CHARACTER SET utf8mb4",
    "another encoding of a column": "ALTER TABLE student MODIFY note TEXT CHARACTER SET latin1",
    "another collation": "ALTER TABLE student MODIFY note TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    "another encoding of the database": "ALTER DATABASE CHARACTER SET latin1",
    "another engine": "ALTER TABLE old_report ENGINE = InnoDB",
    "a routine gone": "DROP FUNCTION mean_of",
    "a procedure gone": "DROP PROCEDURE award",
    "an event gone": "DROP EVENT nightly",
    "an event disabled": "ALTER EVENT nightly DISABLE",
    "a one-time event gone": "DROP EVENT once",
    "a trigger gone": "DROP TRIGGER noted",
    "a view gone": "DROP VIEW transcript",
    "another definer of a view": "ALTER DEFINER = 'nobody'@'%' VIEW transcript AS SELECT 1 AS one",
    "another definer of an event": "ALTER DEFINER = 'nobody'@'%' EVENT nightly COMMENT ''",
    "other rights of a view": "ALTER SQL SECURITY INVOKER VIEW transcript AS SELECT s.name, g.points,"
    " mean_of(s.id) AS mean FROM student AS s JOIN grade AS g ON g.student_id = s.id",
    "other rights of a routine": "ALTER FUNCTION mean_of SQL SECURITY INVOKER",
    "an index gone": "DROP INDEX by_name ON student",
    "a shorter index": "ALTER TABLE student DROP INDEX by_name, ADD INDEX by_name (name(19))",
    "an index no longer unique": "ALTER TABLE student DROP INDEX email, ADD INDEX email (email)",
    "a foreign key gone": "ALTER TABLE grade DROP FOREIGN KEY of_student",
    "a check gone": "ALTER TABLE grade MODIFY points DECIMAL(5,2)",
    "a default": "ALTER TABLE student ALTER COLUMN born SET DEFAULT '2000-01-01'",
    "another generated column": "ALTER TABLE grade MODIFY label VARCHAR(40) AS (CONCAT('q', points)) VIRTUAL",
    "a partition more": "ALTER TABLE part REORGANIZE PARTITION p1 INTO"
    " (PARTITION p1 VALUES LESS THAN (2030), PARTITION p2 VALUES LESS THAN MAXVALUE)",
    "a table gone": "DROP TABLE `weird ``name.x`",
    "a sequence gone": "DROP SEQUENCE receipt",
    "a counter set back": "ALTER TABLE log_entry AUTO_INCREMENT = 99",
    "a sequence gone on": "SELECT SETVAL(receipt, 999999)",
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_damage_is_noticed(saved: Saved, copy: MariaScratch, damage: str) -> None:
    _, contents = saved
    run(copy.server.address(contents.source.database).url(), damage)
    found = copy.observe()
    assert (found.tables, found.objects, found.sequences) != (
        contents.tables,
        contents.objects,
        contents.sequences,
    )


def test_a_setting_and_a_privilege_that_are_lost_are_noticed(saved: Saved, copy: MariaScratch) -> None:
    copy.execute("SET GLOBAL sql_mode = ''")
    copy.execute(f"REVOKE EXECUTE ON {saved[1].source.database}.* FROM 'registrar'@'%'")
    faults = settling.differing(saved[1].settings, copy.observe().settings)
    database = saved[1].source.database
    assert {fault.subject for fault in faults} == {
        "setting sql_mode of the database",
        f"setting grant on `{database}`.* of role registrar@%",
    }


def test_what_a_dump_cannot_carry_of_a_float_is_told(mariadb: str, scratch: MariaScratch, tmp_path: Path) -> None:
    run(mariadb, "CREATE TABLE t (f FLOAT)", "INSERT INTO t VALUES (93.333333)")
    path, contents = save(mariadb, tmp_path)
    found = restore(scratch, path, contents)
    exact = "SELECT CAST(f AS DOUBLE) AS f FROM t"
    assert run(mariadb, exact) != run(scratch.address(), exact)
    assert found.tables == contents.tables
    assert imprecise(contents) == ["t.f"]


def test_an_aria_table_comes_back_as_it_was(mariadb: str, scratch: MariaScratch, tmp_path: Path) -> None:
    """The dump writes out what the table has by default, and the copy then names it as an option."""
    run(
        mariadb,
        "CREATE TABLE plain (id INT PRIMARY KEY) ENGINE=Aria",
        "CREATE TABLE unchecked (id INT PRIMARY KEY) ENGINE=Aria PAGE_CHECKSUM=0 TRANSACTIONAL=0",
    )
    path, contents = save(mariadb, tmp_path)
    found = restore(scratch, path, contents)
    assert found.objects == contents.objects
    assert "page_checksum=0" in found.objects["table"]["unchecked"]


def test_the_history_of_versioned_tables_comes_back(mariadb: str, scratch: MariaScratch, tmp_path: Path) -> None:
    run(
        mariadb,
        "CREATE TABLE short (id INT PRIMARY KEY, a INT) WITH SYSTEM VERSIONING",
        "CREATE TABLE long_form (id INT PRIMARY KEY, a INT, s TIMESTAMP(6) GENERATED ALWAYS AS ROW START,"
        " e TIMESTAMP(6) GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME (s, e)) WITH SYSTEM VERSIONING",
        *(f"INSERT INTO {table} VALUES (1, 1), (2, 2)" for table in ("short", "long_form(id, a)")),
        *(f"UPDATE {table} SET a = 3 WHERE id = 1" for table in ("short", "long_form")),
        *(f"DELETE FROM {table} WHERE id = 2" for table in ("short", "long_form")),
    )
    path, contents = save(mariadb, tmp_path)
    assert {name: table.rows for name, table in contents.tables.items()} == {
        "long_form": 1,
        "long_form history": 3,
        "short": 1,
        "short history": 3,
    }
    found = restore(scratch, path, contents)
    assert (found.tables, found.objects) == (contents.tables, contents.objects)
    run(scratch.server.address(contents.source.database).url(), "DELETE HISTORY FROM short")
    assert scratch.observe().tables["short"] == contents.tables["short"]
    assert scratch.observe().tables["short history"] != contents.tables["short history"]
