"""A recovery tells a database from every other one by the server's numbers of its tables."""

from collections.abc import Iterator

import pytest

from schoolkeeper.connectors.mariadb.server import MariaServer
from schoolkeeper.connectors.mariadb.session import query, quoted
from schoolkeeper.connectors.mariadb.target import table_ids

NAMES = ["schüler", "школа-2026", "ʻulugʻbek", "日本", "a.b c@d", "100%_\\x", "Twice", "twice"]


@pytest.fixture
def named(mariadb_server: MariaServer) -> Iterator[MariaServer]:
    with mariadb_server.connect() as connection:
        for name in NAMES:
            query(connection, f"CREATE DATABASE {quoted(name)}")
            query(connection, f"CREATE TABLE {quoted(name)}.person (id INT)")
    yield mariadb_server
    with mariadb_server.connect() as connection:
        for name in NAMES:
            query(connection, f"DROP DATABASE {quoted(name)}")


def test_they_are_known_whatever_the_database_is_called(named: MariaServer) -> None:
    """Its folder has another spelling, and names that differ in capitals alone are two databases here."""
    with named.connect() as connection:
        found = [table_ids(connection, name) for name in NAMES]
    assert [len(ids) for ids in found] == [1] * len(NAMES)
    assert len({ids[0] for ids in found}) == len(NAMES)
