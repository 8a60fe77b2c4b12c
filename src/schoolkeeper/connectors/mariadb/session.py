"""Opening a session in a MariaDB or MySQL database, and what its errors mean to us."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import pymysql
from pymysql.connections import Connection
from pymysql.constants import CR, ER
from pymysql.cursors import DictCursor

from schoolkeeper.connectors.mariadb.address import Address, parsed
from schoolkeeper.kernel.errors import ReadOnlyViolation, SchoolkeeperError, Temporary, Unreachable

STATEMENT_TIMEOUT_SECONDS = 30
LOCK_TIMEOUT_SECONDS = 2
CONNECT_TIMEOUT_SECONDS = 5
# A server that is gone without a word; longer than any statement that a time limit of ours ends.
ANSWER_TIMEOUT_SECONDS = STATEMENT_TIMEOUT_SECONDS + 30
CHARSET = "utf8mb4"

MariadbConnection: TypeAlias = "Connection[DictCursor]"  # at run time the class takes no parameter
Row = dict[str, Any]

READ_ONLY_TRANSACTION = 1792  # ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION
_READ_ONLY = frozenset({READ_ONLY_TRANSACTION, ER.OPTION_PREVENTS_STATEMENT})
TABLE_DEFINITION_CHANGED = 1412  # by somebody, since our snapshot
_PASSING = frozenset({ER.LOCK_WAIT_TIMEOUT, ER.LOCK_DEADLOCK, ER.CON_COUNT_ERROR, TABLE_DEFINITION_CHANGED})
LIMITS: Mapping[str, int] = {
    "lock_wait_timeout": LOCK_TIMEOUT_SECONDS,
    "innodb_lock_wait_timeout": LOCK_TIMEOUT_SECONDS,
}


def failure(component: str, error: pymysql.Error, secrets: Sequence[str] = ()) -> SchoolkeeperError:
    """What a database error means to us: could not look, try again, or a write through a Look.

    `secrets` are blotted out of what it says.
    """
    number, text = number_of(error), str(error.args[1] if len(error.args) > 1 else error).strip()
    for secret in filter(None, secrets):
        text = text.replace(secret, "***")
    says = text.splitlines()[0] if text else type(error).__name__
    if number in _READ_ONLY:
        return ReadOnlyViolation(f"{component}: {says}")
    if number in _PASSING:
        return Temporary(f"{component}: {says}")
    return Unreachable(component, says)


def number_of(error: pymysql.Error) -> int:
    """The server's or the client's number of an error; 0 where it has none."""
    return error.args[0] if error.args and isinstance(error.args[0], int) else 0


def is_lost(error: pymysql.Error) -> bool:
    """Whether the connection is gone, as against a statement that was refused."""
    gone = (CR.CR_SERVER_GONE_ERROR, CR.CR_SERVER_LOST, CR.CR_CONN_HOST_ERROR, CR.CR_CONNECTION_ERROR)
    return isinstance(error, pymysql.InterfaceError) or number_of(error) in (*gone, ER.CON_COUNT_ERROR)


def connect(
    component: str, dsn: str | Address, variables: Mapping[str, object] = LIMITS, *, patient: bool = False
) -> MariadbConnection:
    """A session in autocommit mode with these session variables; raises Unreachable, never shows the password.

    `patient` waits for an answer for as long as it takes.
    """
    try:
        address = parsed(dsn) if isinstance(dsn, str) else dsn
    except ValueError as error:
        raise Unreachable(component, str(error)) from None
    try:
        connection = _open(address, None if patient else ANSWER_TIMEOUT_SECONDS)
        with connection.cursor() as cursor:
            for name, value in variables.items():
                cursor.execute(f"SET SESSION {name} = %s", (value,))
    except pymysql.Error as error:
        # Not "from error": a log shows causes too, with their own words.
        raise failure(component, error, (address.password,)) from None
    except (UnicodeError, RuntimeError, OSError) as error:  # a host name, a way to sign in, a file of authorities
        raise Unreachable(component, type(error).__name__) from None
    return connection


def _open(address: Address, answer_seconds: float | None) -> MariadbConnection:
    return pymysql.connect(
        host=address.host,
        port=address.port,
        unix_socket=address.socket or None,
        user=address.user,
        password=address.password.encode(),  # as text the driver would take it for Latin-1
        database=address.database,
        charset=CHARSET,
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        read_timeout=answer_seconds,
        write_timeout=answer_seconds,
        autocommit=True,
        cursorclass=DictCursor,
        program_name="schoolkeeper",
        ssl={"ca": address.ca} if address.ca else None,
    )


def query(connection: MariadbConnection, statement: str, parameters: Sequence[object] | None = None) -> list[Row]:
    """The rows of one statement, by column names in small letters; without parameters a % is a %."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return [{name.lower(): value for name, value in row.items()} for row in cursor.fetchall()]


def quoted(name: str) -> str:
    """A name as an identifier in a statement."""
    return "`" + name.replace("`", "``") + "`"
