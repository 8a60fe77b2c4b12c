"""Looking at a PostgreSQL database: one read-only transaction with time limits."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Self

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row

from schoolkeeper.connectors.postgres.component import PostgresComponent
from schoolkeeper.connectors.secrets import resolve
from schoolkeeper.kernel.errors import ReadOnlyViolation, SchoolkeeperError, Temporary, Unreachable

STATEMENT_TIMEOUT_SECONDS = 30
LOCK_TIMEOUT_SECONDS = 2
CONNECT_TIMEOUT_SECONDS = 5
SECRETS = ("password", "sslpassword")
NOT_WELL_FORMED = (
    "its connection address is not well-formed: write postgresql://user:password@host:port/database, "
    "with special characters percent-encoded"
)
_URL = re.compile(r"postgres(?:ql)?://(?:[^@/]*@)?[^@/]*(?:/[^@?]*)?(?:\?.*)?")
_PORTS = re.compile(r"[0-9,]*")
_READS = re.compile(r"\s*(?:--[^\n]*\n\s*)*(select|with|show|values|table|explain)\b", re.IGNORECASE)

Parameters = Sequence[object] | Mapping[str, object]


def parsed(dsn: str) -> dict[str, Any]:
    """The parameters of a connection address.

    Raises ValueError with a text that quotes none of it, because libpq quotes what it does not understand, and
    takes part of a password with `/` or `@` in it for a port, a host or a database.
    """
    try:
        parameters = conninfo_to_dict(dsn)
    except (psycopg.ProgrammingError, UnicodeError):
        raise ValueError(NOT_WELL_FORMED) from None
    is_url = dsn.startswith(("postgresql://", "postgres://"))
    if (is_url and not _URL.fullmatch(dsn)) or not _PORTS.fullmatch(str(parameters.get("port") or "")):
        raise ValueError(NOT_WELL_FORMED)
    return parameters


def failure(component: str, error: psycopg.Error, secrets: Sequence[str] = ()) -> SchoolkeeperError:
    """What a database error means to us: could not look, try again, or a write through a Look.

    `secrets` are blotted out of what it says.
    """
    text = str(error).strip()
    for secret in filter(None, secrets):
        text = text.replace(secret, "***")
    says = text.splitlines()[0] if text else type(error).__name__
    match error:
        case psycopg.errors.ReadOnlySqlTransaction():
            return ReadOnlyViolation(f"{component}: {says}")
        case psycopg.errors.LockNotAvailable() | psycopg.errors.DeadlockDetected():
            return Temporary(f"{component}: {says}")
        case _:
            return Unreachable(component, says)


def connect(component: str, dsn: str, **options: str) -> psycopg.Connection[dict[str, Any]]:
    """A connection whose session has time limits and a name; raises Unreachable, never shows the password."""
    settings = {
        "statement_timeout": f"{STATEMENT_TIMEOUT_SECONDS}s",
        "lock_timeout": f"{LOCK_TIMEOUT_SECONDS}s",
        **options,
    }
    try:
        parameters = parsed(dsn)
    except ValueError as error:
        raise Unreachable(component, str(error)) from None
    try:
        return psycopg.connect(
            dsn,
            row_factory=dict_row,
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            application_name="schoolkeeper",
            client_encoding="UTF8",
            options=" ".join(f"-c {name}={value}" for name, value in settings.items()),
        )
    except psycopg.Error as error:
        # Not "from error": a log shows causes too, with their own words.
        raise failure(component, error, (dsn, *(str(parameters.get(name) or "") for name in SECRETS))) from None


class PostgresLook:
    """Answers queries inside one READ ONLY, REPEATABLE READ transaction; there is nothing here to write with.

    Three locks hold the door: there is no method that writes; only statements that begin like a query are
    sent, one at a time (the extended protocol refuses a second one hidden behind a semicolon); and PostgreSQL
    itself refuses writes in the transaction.
    """

    def __init__(self, name: str, component: PostgresComponent) -> None:
        self.name = name
        self._component = component
        self._connection: psycopg.Connection[dict[str, Any]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection is not None:
            self._connection.close()

    def rows(self, query: str, parameters: Parameters = ()) -> list[dict[str, Any]]:
        """The rows of one query, as dictionaries by column name; a literal % is written %%.

        A query that fails leaves the Look usable: it is rolled back to a savepoint of its own.
        """
        if not _READS.match(query):
            raise ReadOnlyViolation(f"{self.name}: a Look sends queries only, not {query.split()[0]!r}")
        try:
            connection = self._connected()
            with connection.transaction():
                # `prepare` forces the extended protocol, which carries one statement at a time.
                return connection.execute(query.encode(), parameters, prepare=True).fetchall()
        except psycopg.Error as error:
            raise failure(self.name, error) from error

    def row(self, query: str, parameters: Parameters = ()) -> dict[str, Any]:
        """The only row of a query that always has one."""
        return self.rows(query, parameters)[0]

    def dsn(self) -> str:
        """The connection address with its password, for tools that look on their own (pg_dump)."""
        return resolve(self._component.dsn, self.name)

    def _connected(self) -> psycopg.Connection[dict[str, Any]]:
        if self._connection is None:
            self._connection = connect(
                self.name,
                self.dsn(),
                idle_in_transaction_session_timeout="10min",
                default_transaction_read_only="on",
            )
            self._connection.read_only = True
            self._connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            self._connection.execute("SELECT 1")  # opens the transaction that all queries share
        return self._connection
