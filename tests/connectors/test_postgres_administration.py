"""What a refused statement about a whole database means."""

import psycopg
import pytest

from schoolkeeper.connectors.postgres.administration import meaning
from schoolkeeper.kernel.errors import Permanent, Temporary, Unreachable


@pytest.mark.parametrize(
    ("error", "means"),
    [
        (psycopg.errors.ObjectInUse("somebody is in it"), Temporary),
        # The server is still making it for a process that was killed, or has just done so.
        (psycopg.errors.UniqueViolation("pg_database_datname_index"), Temporary),
        (psycopg.errors.DuplicateDatabase("it is there"), Temporary),
        (psycopg.errors.InsufficientPrivilege("no"), Permanent),
        (psycopg.errors.InvalidCatalogName("it is not there"), Permanent),
        (psycopg.OperationalError("the connection is lost"), Unreachable),
    ],
)
def test_what_passes_is_tried_again(error: psycopg.Error, means: type[Exception]) -> None:
    assert type(meaning("database", error)) is means
