"""Opening a session in a PostgreSQL database, and what its errors mean to us."""

import re
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row

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
