"""The dump and the contents agree while people work, whatever the account may do; and else it is told."""

import itertools
import secrets
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pymysql
import pytest

from schoolkeeper.connectors.databases.protocol import Readable
from schoolkeeper.connectors.mariadb.address import Address, parsed
from schoolkeeper.connectors.mariadb.notes import moved, way_of
from schoolkeeper.connectors.mariadb.scratch import MariaScratch
from schoolkeeper.connectors.mariadb.server import MariaServer
from schoolkeeper.connectors.mariadb.session import connect, query, quoted
from schoolkeeper.kernel.errors import Permanent, SchoolkeeperError, Unreachable
from tests.connectors.mariadb.school import look_at, restore, run, save
from tests.processes import on_a_command_line

SEEING = "SELECT, SHOW VIEW, TRIGGER, EVENT, EXECUTE"


@contextmanager
def account(dsn: str, rights: str, server_rights: str = "", password: str = "") -> Iterator[str]:
    """The address of the database for a new account with these privileges on it."""
    address = parsed(dsn)
    name, password = f"saver_{secrets.token_hex(4)}", password or secrets.token_hex(8)
    with connect("database", dsn, patient=True) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE USER {name}@'%%' IDENTIFIED BY %s", (password,))
        cursor.execute(f"GRANT {rights} ON {quoted(address.database)}.* TO {name}@'%'")
        if server_rights:
            cursor.execute(f"GRANT {server_rights} TO {name}@'%'")
        try:
            yield Address(address.host, address.port, name, address.database, password).url()
        finally:
            cursor.execute(f"DROP USER {name}@'%'")


@contextmanager
def two_tables_written_together(dsn: str) -> Iterator[None]:
    """Somebody who inserts into both tables in one transaction, all the time."""
    run(dsn, *(f"CREATE TABLE {name} (id INT PRIMARY KEY, filling CHAR(200))" for name in ("a_first", "z_last")))
    run(
        dsn, "INSERT INTO a_first SELECT -seq, 'x' FROM seq_1_to_20000", "INSERT INTO z_last SELECT * FROM a_first"
    )
    begun, enough = threading.Event(), threading.Event()

    def work() -> None:
        with connect("database", dsn, {"lock_wait_timeout": 60}, patient=True) as connection:
            connection.autocommit(False)
            for number in itertools.count():
                if enough.is_set():
                    return
                for name in ("a_first", "z_last"):
                    query(connection, f"INSERT INTO {name} VALUES ({number}, 'y')")
                connection.commit()
                begun.set()

    writer = threading.Thread(target=work)
    writer.start()
    try:
        assert begun.wait(60)
        yield
    finally:
        enough.set()
        writer.join()


@contextmanager
def somebody_writes_for_ten_minutes(dsn: str) -> Iterator[Future[object]]:
    """What they wait for, which is broken off at the end."""
    asks = "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND state = 'User sleep'"
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(run, dsn, "INSERT INTO t SELECT SLEEP(600)")
        deadline = time.monotonic() + 60
        while not (found := run(dsn, asks)):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield writing
        run(dsn, f"KILL {found[0]['id']}")


@pytest.mark.parametrize(
    ("rights", "server_rights", "way"),
    [
        (f"{SEEING}, LOCK TABLES", "RELOAD ON *.*", "global lock"),
        (f"{SEEING}, LOCK TABLES", "", "table locks"),
        (SEEING, "", "no lock"),
    ],
)
def test_what_is_written_together_is_saved_together(
    mariadb: str, scratch: MariaScratch, tmp_path: Path, rights: str, server_rights: str, way: str
) -> None:
    with two_tables_written_together(mariadb), account(mariadb, rights, server_rights) as dsn:
        for attempt in range(3):
            path, contents = save(dsn, tmp_path / str(attempt))
            assert way_of(contents) == contents.snapshot == way
            found = restore(scratch, path, contents)
            assert found.tables["a_first"].rows == found.tables["z_last"].rows > 20000
            same = {name for name in found.tables if found.tables[name] == contents.tables[name]}
            if way == "no lock":
                assert same | moved(contents) == {"a_first", "z_last"}
            else:
                assert same == {"a_first", "z_last"}
                assert moved(contents) == frozenset()


def test_without_a_lock_what_did_not_move_is_still_comparable(mariadb: str, tmp_path: Path) -> None:
    run(mariadb, "CREATE TABLE still (id INT)", "INSERT INTO still VALUES (1)")
    with account(mariadb, SEEING) as dsn:
        _, contents = save(dsn, tmp_path)
    assert (way_of(contents), moved(contents)) == ("no lock", frozenset())


def test_a_table_that_cannot_be_held_still_is_told_when_it_moved(mariadb: str, tmp_path: Path) -> None:
    for name, engine in (("quick", "MyISAM"), ("slow", "Aria"), ("sure", "InnoDB")):
        run(mariadb, f"CREATE TABLE {name} (id INT) ENGINE={engine}", f"INSERT INTO {name} VALUES (1)")
    _, contents = save(mariadb, tmp_path, ["INSERT INTO quick VALUES (2)", "INSERT INTO sure VALUES (2)"])
    assert moved(contents) == {"quick"}
    assert {name: table.rows for name, table in contents.tables.items()} == {"quick": 2, "slow": 1, "sure": 1}


def test_a_definition_that_changed_meanwhile_is_told(mariadb: str, tmp_path: Path) -> None:
    _, contents = save(mariadb, tmp_path, ["CREATE VIEW one AS SELECT 1 AS a", "CREATE TABLE late (a INT)"])
    assert moved(contents) == {"view one", "column one.a", "table late", "column late.a"}


def test_a_counter_may_stand_where_it_stood_before_or_after(
    mariadb: str, scratch: MariaScratch, tmp_path: Path
) -> None:
    run(mariadb, "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY)", "INSERT INTO t VALUES ()")
    path, contents = save(mariadb, tmp_path, ["INSERT INTO t VALUES (), ()"])
    assert (contents.sequences["t"].earliest, contents.sequences["t"].latest) == (2, 4)
    assert contents.sequences["t"].admits(restore(scratch, path, contents).sequences["t"].latest)


def test_a_writer_who_does_not_finish_is_not_waited_for(mariadb: str, tmp_path: Path) -> None:
    run(mariadb, "CREATE TABLE t (id INT)")
    with somebody_writes_for_ten_minutes(mariadb) as writing:
        _, contents = save(mariadb, tmp_path)
        assert way_of(contents) == "no lock"
        assert not writing.done()


@pytest.mark.parametrize("lacking", ["SELECT", "SHOW VIEW", "TRIGGER", "EVENT", "EXECUTE"])
def test_an_account_that_does_not_see_everything_is_refused(school: str, tmp_path: Path, lacking: str) -> None:
    rights = ", ".join(name for name in SEEING.split(", ") if name != lacking)
    with (
        account(school, rights, "SELECT ON mysql.proc" if lacking != "EXECUTE" else "") as dsn,
        pytest.raises(Permanent, match="GRANT") as refused,
    ):
        save(dsn, tmp_path)
    assert (lacking if lacking != "EXECUTE" else "mysql`.`proc") in str(refused.value)


def test_routines_that_are_listed_but_not_readable_are_refused(school: str, tmp_path: Path) -> None:
    with account(school, SEEING) as dsn, pytest.raises(Permanent, match=r"function mean_of.*proc"):
        save(dsn, tmp_path)


def test_a_role_gives_its_privileges(school: str, tmp_path: Path) -> None:
    role = f"savers_{secrets.token_hex(4)}"
    with account(school, "LOCK TABLES") as dsn:
        name, database = parsed(dsn).user, quoted(parsed(dsn).database)
        run(
            school,
            f"CREATE ROLE {role}",
            f"GRANT {SEEING} ON {database}.* TO {role}",
            f"GRANT SELECT ON mysql.proc TO {role}",
            f"GRANT {role} TO {name}@'%'",
            f"SET DEFAULT ROLE {role} FOR {name}@'%'",
        )
        _, contents = save(dsn, tmp_path)
        run(school, f"DROP ROLE {role}")
    assert contents.objects["routine"].keys() == {"FUNCTION.mean_of", "PROCEDURE.award"}


def test_privileges_of_others_are_left_out_where_they_cannot_be_seen(
    school: str, scratch: MariaScratch, tmp_path: Path
) -> None:
    with account(school, f"{SEEING}, LOCK TABLES", "SELECT ON mysql.proc") as dsn:
        path, contents = save(dsn, tmp_path)
    assert [one for one in contents.settings if one.role] == []
    assert restore(scratch, path, contents).objects == contents.objects
    assert len(run(scratch.address(), "SELECT * FROM transcript")) == 4  # as registrar@%, whose rights are unknown


@pytest.mark.parametrize(
    "password",
    [
        "it's",
        'say "x"',
        "back\\slash\\n",
        "# not a comment",
        "100%25",
        " spaces ",
        "ünï🔑",
        "a@b/c:d?e#f",
        "'\"\\`",
    ],
)
def test_any_password_will_do_and_none_is_seen(mariadb: str, tmp_path: Path, password: str) -> None:
    password = f"{password}{secrets.token_hex(8)}{password}"  # the machine's other processes say "it's" too
    # More than a pipe holds, so that the dump still runs when it is looked at.
    run(mariadb, "CREATE TABLE t (c LONGTEXT)", "INSERT INTO t SELECT REPEAT('x', 100000) FROM seq_1_to_100")
    with account(mariadb, f"{SEEING}, LOCK TABLES", password=password) as dsn:
        with look_at(dsn, tmp_path) as look, look.saving() as saving, saving.dump() as stream:
            assert on_a_command_line(parsed(dsn).database)
            assert not on_a_command_line(password)
            assert b"Dump completed" in stream.read()
        run(mariadb, f"SET PASSWORD FOR {parsed(dsn).user}@'%' = PASSWORD('another')")
        with pytest.raises(Unreachable) as refused, look_at(dsn, tmp_path) as look, look.saving():
            pass
        assert password.strip() not in str(refused.value)


def test_a_server_that_is_gone(mariadb_server: MariaServer, tmp_path: Path) -> None:
    with (
        pytest.raises(Unreachable),
        look_at("mysql://nobody:nothing@127.0.0.1:1/nowhere", tmp_path) as look,
        look.saving(),
    ):
        pass


def test_a_server_that_goes_while_it_is_saved(mariadb: str, tmp_path: Path) -> None:
    run(mariadb, "CREATE TABLE t (a CHAR(255))", "INSERT INTO t SELECT 'x' FROM seq_1_to_200000")
    with (
        pytest.raises(Unreachable),
        look_at(mariadb, tmp_path) as look,
        look.saving() as saving,
        saving.dump() as stream,
    ):
        read_while_sessions_end(mariadb, stream)


def read_while_sessions_end(dsn: str, stream: Readable) -> None:
    with connect("database", dsn) as connection:
        mine = query(connection, "SELECT CONNECTION_ID() AS id")[0]["id"]
        for row in query(connection, "SELECT id, db FROM information_schema.processlist"):
            if row["db"] == parsed(dsn).database and row["id"] != mine:
                with suppress(pymysql.Error):
                    connection.query(f"KILL {row['id']}")
    stream.read()


def test_a_dump_that_is_not_read_to_its_end_is_no_dump(mariadb: str, tmp_path: Path) -> None:
    with (
        pytest.raises(Permanent, match="end"),
        look_at(mariadb, tmp_path) as look,
        look.saving() as saving,
        saving.dump() as stream,
    ):
        stream.read(10)


def test_a_view_that_cannot_be_read_cannot_be_dumped(mariadb: str, tmp_path: Path) -> None:
    run(mariadb, "CREATE TABLE t (a INT)", "CREATE VIEW v AS SELECT a FROM t", "DROP TABLE t")
    with pytest.raises(SchoolkeeperError, match="v"):
        save(mariadb, tmp_path)


def test_a_row_longer_than_the_server_can_join_is_digested_all_the_same(mariadb: str, tmp_path: Path) -> None:
    run(mariadb, "CREATE TABLE t (a LONGTEXT, b LONGBLOB)")
    run(mariadb, "INSERT INTO t VALUES (REPEAT('ä', 9000000), REPEAT('b', 12000000))")
    _, before = save(mariadb, tmp_path)
    run(mariadb, "UPDATE t SET b = CONCAT(LEFT(b, 11999999), 'c')")
    _, after = save(mariadb, tmp_path)
    assert before.tables["t"] != after.tables["t"]
