"""What the canonical form promises about PostgreSQL, asked of a real PostgreSQL."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from schoolkeeper.connectors.postgres.cluster import Cluster
from schoolkeeper.ledger import canonical
from schoolkeeper.ledger.entry import Entry, seal

characters = st.characters(exclude_characters="\x00", exclude_categories=["Cs"])
texts = st.text(characters, max_size=20)
integers = st.integers(-canonical.LARGEST_INTEGER, canonical.LARGEST_INTEGER)
values = st.recursive(
    st.none() | st.booleans() | integers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)
times = st.integers(-(10**16), 10**16).map(
    lambda passed: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(microseconds=passed)
)


@pytest.fixture(scope="module")
def connection(cluster: Cluster) -> Iterator[psycopg.Connection[Any]]:
    with cluster.connect() as connection:
        connection.execute("SET TIME ZONE 'Asia/Tashkent'")
        yield connection


@settings(max_examples=300, deadline=None)
@given(data=st.dictionaries(texts, values, max_size=5), at=times, words=st.tuples(texts, texts, texts, texts))
def test_an_entry_comes_back_from_the_database_with_the_same_bytes(
    connection: psycopg.Connection[Any], data: dict[str, object], at: datetime, words: tuple[str, str, str, str]
) -> None:
    kind, system, actor, subject = words
    entry = seal(None, at=at, kind=f"k{kind}", system=system, actor=actor, subject=subject, data=data)
    row = connection.execute(
        "SELECT %s::bigint, %s::timestamptz, %s::text, %s::text, %s::text, %s::text, %s::jsonb",
        (entry.sequence, entry.at, entry.kind, system, actor, subject, Jsonb(dict(entry.data))),
    ).fetchone()
    assert row is not None
    names = ("sequence", "at", "kind", "system", "actor", "subject", "data")
    stored = Entry(**dict(zip(names, row, strict=True)), previous=entry.previous, digest=entry.digest)
    assert stored.line() == entry.line()
    assert stored.true_digest() == entry.digest


@pytest.mark.parametrize(("written", "kept"), [("1e2", "100"), ("-0.0", "0.0"), ("1e-7", "0.0000001")])
def test_why_floats_are_refused(connection: psycopg.Connection[Any], written: str, kept: str) -> None:
    assert connection.execute("SELECT %s::jsonb::text", (written,)).fetchone() == (kept,)


def test_why_the_character_zero_is_refused(connection: psycopg.Connection[Any]) -> None:
    with pytest.raises(psycopg.errors.UntranslatableCharacter):
        connection.execute("SELECT %s::jsonb", (Jsonb({"x": "a\x00"}),))
