"""The one form of numbers: what PostgreSQL's jsonb gives back has the same bytes as what went in."""

import json
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schoolkeeper.ledger import evidence_text
from schoolkeeper.ledger.errors import EntryError


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.5, "0.5"),
        (100.0, "100"),
        (-0.0, "0"),
        (1e-7, "0.0000001"),
        (1e22, "1" + "0" * 22),
        (2**63, "9223372036854775808"),
        (True, "true"),
        ({"b": 1, "a": ["é", None]}, '{"a":["é",null],"b":1}'),
    ],
)
def test_the_form(value: object, text: str) -> None:
    assert evidence_text.dump(value) == text


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1: 2}, {"a": object()}, "\0", "\ud800"])
def test_what_has_no_form_is_refused(value: object) -> None:
    with pytest.raises(EntryError):
        evidence_text.dump(value)


def test_the_place_is_named() -> None:
    with pytest.raises(EntryError, match=r"evidence\.phases\[1\]\.seconds is nan"):
        evidence_text.dump({"phases": [1, {"seconds": float("nan")}]})


def test_what_is_nested_without_end_is_refused() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(EntryError, match="nested deeper"):
        evidence_text.dump(value)


NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**70), 2**70)


@given(numbers=st.lists(NUMBERS, max_size=8))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_jsonb_changes_no_byte(numbers: list[float], cluster: Any) -> None:
    with psycopg.connect(cluster.dsn("postgres")) as connection:
        row = connection.execute("SELECT %s::jsonb::text", [json.dumps(numbers)]).fetchone()
    assert row is not None
    assert evidence_text.dump(json.loads(row[0])) == evidence_text.dump(numbers)
