"""A Look cannot write: not by its type, not by trickery, not by the target's leave."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from schoolkeeper.connectors.mariadb.act import MariadbAct
from schoolkeeper.connectors.mariadb.address import Address, parsed
from schoolkeeper.connectors.mariadb.component import MariadbComponent
from schoolkeeper.connectors.mariadb.look import MariadbLook
from schoolkeeper.connectors.mariadb.session import connect
from schoolkeeper.kernel.errors import Permanent, ReadOnlyViolation, SchoolkeeperError, Temporary, Unreachable
from schoolkeeper.testing.arrange import secret_file
from tests.connectors.mariadb.school import look_at, run


@pytest.fixture
def look(mariadb: str, tmp_path: Path) -> Iterator[MariadbLook]:
    run(
        mariadb,
        "CREATE TABLE grade (id INT, points INT)",
        "CREATE TABLE old (id INT) ENGINE=MyISAM",
        "INSERT INTO grade VALUES (1, 90)",
        "CREATE SEQUENCE receipt",
        "CREATE FUNCTION meddle() RETURNS INT MODIFIES SQL DATA BEGIN UPDATE grade SET points = 0; RETURN 1; END",
        "CREATE FUNCTION meddle_old() RETURNS INT MODIFIES SQL DATA"
        " BEGIN INSERT INTO old VALUES (1); RETURN 1; END",
    )
    with look_at(mariadb, tmp_path) as look:
        yield look


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM grade",
        "  update grade set points = 0",
        "-- a comment\nDELETE FROM grade",
        "# a comment\nDELETE FROM grade",
        "COMMIT",
        "SET TRANSACTION READ WRITE",
        "SELECT 1; DELETE FROM grade",
        "SELECT 1; COMMIT; DELETE FROM grade",
        "SELECT meddle()",
        "SELECT meddle_old()",
        "SELECT NEXTVAL(receipt)",
        "SELECT points FROM grade INTO OUTFILE '/tmp/schoolkeeper-grades'",
        "SELECT points INTO/**/DUMPFILE '/tmp/schoolkeeper-grades' FROM grade",
        "SELECT points FROM grade FOR UPDATE",
        "SELECT GET_LOCK('application', 1)",
        "SELECT 1 /*! INTO @x */",
        "CALL meddle()",
        "EXECUTE IMMEDIATE 'DELETE FROM grade'",
    ],
)
def test_no_way_to_write(look: MariadbLook, mariadb: str, query: str) -> None:
    with pytest.raises(SchoolkeeperError):
        look.rows(query)
    assert run(mariadb, "SELECT points FROM grade") == [{"points": 90}]
    assert run(mariadb, "SELECT COUNT(*) AS n FROM old") == [{"n": 0}]
    assert look.row("SELECT points FROM grade") == {"points": 90}


def test_queries(look: MariadbLook) -> None:
    assert look.rows("SELECT id, points FROM grade WHERE points > %s", (80,)) == [{"id": 1, "points": 90}]
    assert look.rows("SHOW TABLES LIKE 'gr%%'") != []
    assert look.size_bytes() > 0
    with pytest.raises(Unreachable, match="gradee"):
        look.rows("SELECT * FROM gradee")
    assert look.row("SELECT COUNT(*) AS n FROM grade") == {"n": 1}


def test_all_is_seen_as_of_one_moment(look: MariadbLook, mariadb: str) -> None:
    assert look.row("SELECT COUNT(*) AS n FROM grade") == {"n": 1}
    run(mariadb, "INSERT INTO grade VALUES (2, 80)")
    assert look.row("SELECT COUNT(*) AS n FROM grade") == {"n": 1}


def test_a_locked_table_is_not_waited_for(look: MariadbLook, mariadb: str) -> None:
    with connect("database", mariadb, patient=True) as connection:
        connection.query("LOCK TABLES grade WRITE")
        with pytest.raises(Temporary):
            look.rows("SELECT * FROM grade")


@pytest.mark.parametrize(
    "dsn",
    [
        "mysql://u:sesame@127.0.0.1:1/school",
        "mysql://u:sesame@no-such-host.invalid/school",
        "mysql://u:sesame@[::1/school",
        "mysql://u:ses/ame@127.0.0.1/school",
        "mysql://u:sesame@127.0.0.1:port/school",
        "mysql://u:sesame@127.0.0.1/",
        "mysql://u:sesame@127.0.0.1/school?password=sesame",
        "mysql://u:sesame@127.0.0.1/school?ssl-ca=/no/such/file",
        "postgresql://u:sesame@127.0.0.1/school",
        "mysql://u:%ffsesame@127.0.0.1/school",
        "sesame",
        "",
    ],
)
def test_an_address_that_leads_nowhere(tmp_path: Path, dsn: str) -> None:
    with look_at(dsn, tmp_path) as look, pytest.raises(Unreachable) as refused:
        look.rows("SELECT 1")
    assert "ses" not in str(refused.value)


def test_a_wrong_password_is_not_shown(mariadb: str, tmp_path: Path) -> None:
    right = parsed(mariadb)
    wrong = Address(right.host, right.port, right.user, right.database, "open sesame").url()
    with look_at(wrong, tmp_path) as look, pytest.raises(Unreachable) as refused:
        look.rows("SELECT 1")
    assert "sesame" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_addresses() -> None:
    assert parsed("mysql://u%40x:p%2F%23@db.example.org:3307/my%20school") == Address(
        "db.example.org", 3307, "u@x", "my school", "p/#"
    )
    assert parsed("mariadb://u@[::1]/s") == Address("::1", 3306, "u", "s")
    assert parsed("mysql://u:p@localhost/s?socket=/run/m.sock&ssl-ca=/etc/ca.pem").socket == "/run/m.sock"
    address = Address("::1", 1, "a:b", "c/d", "@'\"%")
    assert parsed(address.url()) == address
    assert "@'" not in repr(address)


@pytest.fixture
def act(mariadb: str, tmp_path: Path) -> Iterator[MariadbAct]:
    run(mariadb, "CREATE TABLE grade (id INT PRIMARY KEY, points INT)", "INSERT INTO grade VALUES (1, 90)")
    component = MariadbComponent(kind="mariadb", dsn=secret_file(tmp_path, "act", mariadb))
    with MariadbAct("database", component) as act:
        yield act


def test_acting(act: MariadbAct, mariadb: str) -> None:
    assert act.execute("UPDATE grade SET points = %s WHERE id = %s", 80, 1) == 1
    with act.transaction() as cursor:
        cursor.execute("INSERT INTO grade VALUES (2, 70)")
    assert run(mariadb, "SELECT points FROM grade ORDER BY id") == [{"points": 80}, {"points": 70}]


def test_a_transaction_happens_as_a_whole_or_not(act: MariadbAct, mariadb: str) -> None:
    with pytest.raises(Permanent, match="Duplicate"), act.transaction() as cursor:  # noqa: PT012
        cursor.execute("INSERT INTO grade VALUES (2, 70)")
        cursor.execute("INSERT INTO grade VALUES (2, 70)")
    with pytest.raises(ZeroDivisionError), act.transaction() as cursor:  # noqa: PT012
        cursor.execute("INSERT INTO grade VALUES (3, 70)")
        raise ZeroDivisionError
    assert run(mariadb, "SELECT COUNT(*) AS n FROM grade") == [{"n": 1}]


def test_a_lock_is_worth_another_try_and_a_lost_session_is_opened_again(act: MariadbAct, mariadb: str) -> None:
    with connect("database", mariadb, patient=True) as other:
        other.query("LOCK TABLES grade WRITE")
        with pytest.raises(Temporary):
            act.execute("DELETE FROM grade")
    number = act.execute("DO 0") or 0
    with act.transaction() as cursor:
        cursor.execute("SELECT CONNECTION_ID() AS id")
        number = (cursor.fetchone() or {})["id"]
    run(mariadb, f"KILL {number}")
    with pytest.raises(Unreachable):
        act.execute("DELETE FROM grade")
    assert act.execute("DELETE FROM grade") == 1


def test_a_look_says_what_it_refused(look: MariadbLook) -> None:
    with pytest.raises(ReadOnlyViolation, match="DELETE"):
        look.rows("DELETE FROM grade")
