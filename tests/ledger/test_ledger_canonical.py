"""One value has one sequence of bytes, and values without one are refused with the place and the reason."""

import json
from datetime import UTC, datetime, timedelta, timezone
from enum import IntEnum, StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schoolkeeper.ledger import canonical
from schoolkeeper.ledger.errors import EntryError

characters = st.characters(exclude_characters="\x00", exclude_categories=["Cs"])
texts = st.text(characters, max_size=20)
integers = st.integers(-canonical.LARGEST_INTEGER, canonical.LARGEST_INTEGER)
values = st.recursive(
    st.none() | st.booleans() | integers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


def encode(value: object) -> bytes:
    return canonical.dump(canonical.plain(value))


@given(values)
def test_reading_back_gives_the_same_bytes(value: object) -> None:
    encoded = encode(value)
    assert canonical.load(encoded) == value
    assert encode(canonical.load(encoded)) == encoded
    assert b"\n" not in encoded


@given(st.dictionaries(texts, values, min_size=2, max_size=5))
def test_the_order_of_keys_does_not_matter(value: dict[str, object]) -> None:
    assert encode(dict(reversed(value.items()))) == encode(value)


@given(values, values)
def test_different_values_have_different_bytes(one: object, other: object) -> None:
    # repr tells True from 1, which == does not.
    sorted_reprs = [repr(json.loads(json.dumps(value, sort_keys=True))) for value in (one, other)]
    assert (encode(one) == encode(other)) == (sorted_reprs[0] == sorted_reprs[1])


@given(values)
def test_a_copy_shares_nothing_that_could_be_changed(value: object) -> None:
    holder = {"inside": value}
    copy = canonical.plain(holder)
    holder["inside"] = "changed"
    assert copy == {"inside": value}


@given(st.datetimes(timezones=st.timezones()))
def test_times_come_back(at: datetime) -> None:
    try:
        written = canonical.time_text(at)
    except EntryError:
        assert at.year in (1, 9999)
        return
    assert len(written) == 27
    # In UTC, because times in the gap of a clock change equal nothing, not even themselves.
    assert canonical.read_time(written) == at.astimezone(UTC)


class Colour(StrEnum):
    RED = "red"


class Size(IntEnum):
    LARGE = 3


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"b": 1, "a": [True, False, None]}, b'{"a":[true,false,null],"b":1}'),
        ({"": {}, "€": "é", "z": []}, '{"":{},"z":[],"€":"é"}'.encode()),
        ({"\U0001f600": 1, "\uffee": 2}, '{"\uffee":2,"\U0001f600":1}'.encode()),
        ('"\\\b\f\n\r\t\x1f\x7f\u2028/', '"\\"\\\\\\b\\f\\n\\r\\t\\u001f\x7f\u2028/"'.encode()),
        (-0, b"0"),
        ((1, (2,)), b"[1,[2]]"),
        ([Colour.RED, Size.LARGE], b'["red",3]'),
    ],
)
def test_the_bytes(value: object, expected: bytes) -> None:
    assert encode(value) == expected


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"load": 1.5}, r"data\.load is the float 1\.5.*integer in a smaller unit"),
        ([0, {"x": float("nan")}], r"data\[1\]\.x is the float nan"),
        ({"x": float("inf")}, "float inf"),
        ({"x": 2**53}, r"data\.x is beyond"),
        ({"x": -(2**53)}, "write it as text"),
        ({1: "x"}, "the key 1; keys must be text"),
        ({None: "x"}, "keys must be text"),
        ({"x": "a\x00b"}, r"U\+0000"),
        ({"a\x00b": 1}, r"U\+0000"),
        ({"x": "\ud800"}, "lone surrogate"),
        ({"x": b"bytes"}, "is a bytes"),
        ({"x": datetime(2026, 1, 1, tzinfo=UTC)}, "is a datetime"),
        ({"x": {1, 2}}, "is a set"),
    ],
)
def test_what_is_refused(value: object, message: str) -> None:
    with pytest.raises(EntryError, match=message):
        canonical.plain(value)


def test_bottomless_nesting_is_refused() -> None:
    loop: list[object] = []
    loop.append(loop)
    with pytest.raises(EntryError, match="nested deeper"):
        canonical.plain(loop)


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(EntryError, match="no time zone"):
        canonical.time_text(datetime(2026, 1, 1))  # noqa: DTZ001 - the naive time is the point


def test_times_are_written_in_utc() -> None:
    tashkent = timezone(timedelta(hours=5))
    assert canonical.time_text(datetime(2026, 1, 1, 4, tzinfo=tashkent)) == "2025-12-31T23:00:00.000000Z"


@pytest.mark.parametrize(
    "written",
    [
        "2026-01-31T08:00:00Z",
        "2026-01-31T08:00:00.000000+00:00",
        "2026-02-31T08:00:00.000000Z",
        "0000-01-01T00:00:00.000000Z",
        "2026-01-31 08:00:00.000000Z",
        "२०२६-01-31T08:00:00.000000Z",
        "2026-01-31T08:00:00.000000Z\n",
        7,
    ],
)
def test_other_spellings_of_a_time_are_refused(written: object) -> None:
    with pytest.raises(EntryError):
        canonical.read_time(written)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"1.0",
        b"1e2",
        b"NaN",
        b"-Infinity",
        b"\xff",
        b"[" * 100_000,
        b"9" * 5000,
        b"\xef\xbb\xbf{}",
    ],
)
def test_unreadable_json_is_refused(line: bytes) -> None:
    with pytest.raises(EntryError):
        canonical.load(line)
