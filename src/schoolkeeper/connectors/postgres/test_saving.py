"""Dump and counting go on beside each other, and the first failure of either is told at once."""

import time
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from schoolkeeper.connectors.postgres import tools
from schoolkeeper.connectors.postgres.binaries import find
from schoolkeeper.connectors.postgres.counting import counting
from schoolkeeper.connectors.postgres.saving import PostgresSaving, saving
from schoolkeeper.connectors.postgres.snapshot import snapshot
from schoolkeeper.connectors.postgres.survey import Stopped
from schoolkeeper.kernel.errors import Permanent, Temporary, Unreachable


@pytest.fixture
def large(database: str) -> str:
    """A database that takes seconds to count."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE grade AS SELECT g AS id, md5(g::text) AS a FROM generate_series(1, 400000) g"
        )
        connection.execute("CREATE TABLE small (id integer)")
    return database


def nobody_is_left(dsn: str) -> bool:
    """Whether no session but the one that asks remains; a server notices late that a client was killed."""
    others = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    deadline = time.monotonic() + 60
    with psycopg.connect(dsn, autocommit=True) as connection:
        while connection.execute(others).rowcount:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
    return True


def test_both_are_whole(large: str) -> None:
    with saving("database", large) as held:
        with held.dump() as stream:
            assert stream.read().startswith(b"PGDMP")
        assert held.contents().tables["public.grade"].rows == 400_000


def read(held: PostgresSaving) -> None:
    with held.dump() as stream:
        while stream.read(1 << 20):
            pass


def test_a_dump_that_fails_ends_the_counting(large: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "pg_dump"
    program.write_text("#!/bin/sh\necho 'out of shared memory' >&2\nexit 1\n")
    program.chmod(0o755)
    failing = replace(find(16), bin_dir=tmp_path)
    monkeypatch.setattr(tools, "for_dump", lambda major: failing)
    with pytest.raises(Permanent, match="out of shared memory"), saving("database", large) as held:
        read(held)
    with pytest.raises((Unreachable, Stopped)):
        held.contents()
    assert nobody_is_left(large)


def test_counting_that_fails_ends_the_dump(large: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody holds a table: counting gives up after two seconds, pg_dump would wait for an hour."""
    monkeypatch.setattr(tools, "LOCK_WAIT_SECONDS", 3600)
    with psycopg.connect(large) as holder, saving("database", large) as held:
        holder.execute("LOCK TABLE small")  # the smallest one is counted last
        with pytest.raises(Temporary, match="lock timeout"):
            read(held)
    assert nobody_is_left(large)


def test_what_nobody_waits_for_is_ended(large: str) -> None:
    with snapshot("database", large) as view:
        with counting(view, large) as counted:
            pass
        with pytest.raises((Unreachable, Stopped)):
            counted.result()


def test_an_error_of_ours_ends_both(large: str) -> None:
    with pytest.raises(ZeroDivisionError), saving("database", large) as held, held.dump():
        raise ZeroDivisionError
    assert nobody_is_left(large)
