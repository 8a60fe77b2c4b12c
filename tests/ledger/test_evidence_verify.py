"""Signed evidence: whatever is changed in it is found, and each kind of fault has a sentence of its own."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from tests.ledger.conftest import START, Book, make

from schoolkeeper.ledger.entry import seal
from schoolkeeper.ledger.errors import EntryError
from schoolkeeper.ledger.evidence import FORMAT, KEPT, SignedEvidence, Statement, sign
from schoolkeeper.ledger.evidence_report import Report
from schoolkeeper.ledger.evidence_verify import verify
from schoolkeeper.ledger.keys import PublicKey

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = PublicKey.of(PRIVATE)
STATEMENT = Statement(
    system="north-college",
    task="backup.drill",
    run="00000000-0000-0000-0000-000000000007",
    kind="proof",
    key="20260131T080000Z-0a1b2c3d",
    holds=False,
    says="Backup set “2026” is NOT proven:\tone row differs.",
    data={
        "rows": 148_210,
        "seconds": 14.25,
        "phases": {"restore_seconds": 9.0},
        "faults": ["oʻquvchi"],
        "x": None,
    },
    at=START,
)


def book_with(statement: Statement = STATEMENT) -> Book:
    """A ledger in which this evidence was taken down, with entries before and after."""
    book = make(5, PRIVATE)
    entry = seal(
        book.entries[-1],
        at=START + timedelta(hours=1),
        kind=KEPT,
        system=statement.system,
        actor="run 7",
        subject=statement.task,
        data=statement.entry_data(),
    )
    after = seal(
        entry,
        at=START + timedelta(hours=2),
        kind="run.ended",
        system="north-college",
        actor="run 7",
        subject="",
        data={},
    )
    return replace(book, entries=[*book.entries, entry, after])


BOOK = book_with()
SIGNED = sign(STATEMENT, BOOK.entries[5], PRIVATE, instance="north")
TEXT = SIGNED.line()


def codes(report: Report) -> list[str]:
    return [fault.code.value for fault in report.faults]


def changed(change: Callable[[dict[str, Any]], object]) -> bytes:
    """The file with something changed in its JSON; the signature stays as it was."""
    value = json.loads(TEXT)
    change(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def test_what_was_signed_is_genuine_and_in_the_ledger() -> None:
    report = verify(TEXT, KEY, BOOK.lines(), [BOOK.head(3), BOOK.head()])
    assert report.ok
    assert (report.is_signed, report.is_anchored) == (True, True)
    assert report.signed == SIGNED
    said = report.sentences()
    assert "Answer: NO, it does not hold" in said
    assert "Ledger: entry 6 carries its digest" in said
    assert said[-1].startswith("Result: genuine")
    assert "\t" not in "".join(said)
    assert report.as_json()["evidence"] == json.loads(TEXT)["signed"]["evidence"]


def test_without_a_ledger_it_says_so() -> None:
    report = verify(TEXT, KEY)
    assert report.ok
    assert report.is_anchored is None
    assert "Ledger: entry 6 not compared (no export was given)" in report.sentences()


def test_the_same_evidence_gives_the_same_bytes() -> None:
    assert sign(STATEMENT, BOOK.entries[5], PRIVATE, instance="north").line() == TEXT


@given(place=st.integers(0, len(TEXT) - 1), other=st.integers(0, 255))
def test_any_changed_byte_is_found(place: int, other: int) -> None:
    text = TEXT[:place] + bytes([other]) + TEXT[place + 1 :]
    assert verify(text, KEY).ok is (text == TEXT)


@given(place=st.integers(0, len(TEXT)), length=st.integers(0, 40), put=st.binary(max_size=40))
def test_anything_cut_out_or_put_in_is_found(place: int, length: int, put: bytes) -> None:
    text = TEXT[:place] + put + TEXT[place + length :]
    assert verify(text, KEY).ok is (text == TEXT)


@given(st.binary(max_size=200))
def test_no_content_makes_it_raise(content: bytes) -> None:
    assert not verify(content, KEY).ok


DATA = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="ascii"), min_size=1), inner),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from("abc"), DATA))
def test_any_data_is_signed_and_read_back(data: dict[str, Any]) -> None:
    statement = replace(STATEMENT, data={name: drop_nul(value) for name, value in data.items()})
    signed = sign(statement, book_with(statement).entries[5], PRIVATE)
    report = verify(signed.line(), KEY)
    assert report.ok, report.faults
    assert report.signed is not None
    assert report.signed.statement.digest() == statement.digest()


def drop_nul(value: Any) -> Any:
    if isinstance(value, dict):
        return {name.replace("\0", "-"): drop_nul(item) for name, item in value.items()}
    return [drop_nul(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        (b"", "unreadable", "not JSON"),
        (b"\xff" + TEXT, "unreadable", "not UTF-8"),
        (TEXT * 2, "unreadable", "not JSON"),
        (b"[" * 100_000, "unreadable", "not JSON"),
        (b"[]\n", "wrong_format", "does not name its format"),
        (TEXT.replace(b'"holds":false', b'"holds":true,"holds":false'), "repeated_key", "'holds' stands twice"),
        (TEXT.replace(FORMAT.encode(), b"schoolkeeper-evidence/2"), "wrong_format", "schoolkeeper-evidence/2"),
        (changed(lambda one: one.update(note="")), "unknown_field", "the file has the field 'note'"),
        (changed(lambda one: one["signed"].update(by="x")), "unknown_field", "signed has the field 'by'"),
        (changed(lambda one: one["signed"]["evidence"].pop("says")), "missing_field", "lacks the field 'says'"),
        (changed(lambda one: one["signed"].update(ledger=7)), "wrong_value", "ledger must be an object"),
        (changed(lambda one: one["signed"]["evidence"].update(holds=1)), "wrong_value", "holds must be"),
        (changed(lambda one: one["signed"]["evidence"].update(data={"a": float("inf")})), "wrong_value", "inf"),
        (changed(lambda one: one.update(signature="AB")), "wrong_value", "128 lower-case hex"),
        (TEXT.replace(b":false", b": false"), "not_canonical", "was touched"),
        (TEXT.replace(b"14.25", b"14.250"), "not_canonical", "was touched"),
        (TEXT[:-1], "not_canonical", "was touched"),
        (TEXT.replace(b'"holds":false', b'"holds":true'), "bad_signature", "altered"),
    ],
)  # fmt: skip
def test_each_fault_has_its_sentence(text: bytes, code: str, says: str) -> None:
    assert text != TEXT
    report = verify(text, KEY)
    assert codes(report) == [code]
    assert says in report.faults[0].message
    assert report.sentences()[-1] == "Result: 1 fault found: do not rely on this file"


def test_another_key_is_named() -> None:
    other = PublicKey.of(Ed25519PrivateKey.generate())
    report = verify(TEXT, other)
    assert codes(report) == ["wrong_key"]
    assert KEY.key_id in report.faults[0].message
    assert other.key_id in report.faults[0].message


def test_the_key_s_name_on_another_s_signature_is_not_enough() -> None:
    forger = Ed25519PrivateKey.generate()
    forged = replace(SIGNED, signature=forger.sign(SIGNED.message()).hex())
    assert codes(verify(forged.line(), KEY)) == ["bad_signature"]


def resigned(**changes: Any) -> SignedEvidence:
    """What the holder of the private key could make of it."""
    unsigned = replace(SIGNED, **changes, signature="")
    return replace(unsigned, signature=PRIVATE.sign(unsigned.message()).hex())


@pytest.mark.parametrize(
    ("signed", "code"),
    [
        (resigned(statement=replace(STATEMENT, holds=True)), "ledger_disagrees"),
        (resigned(entry_digest="0" * 64), "ledger_disagrees"),
        (resigned(sequence=5), "ledger_disagrees"),
        (resigned(sequence=8), "not_in_ledger"),
        (resigned(sequence=80), "not_in_ledger"),
        (resigned(instance="south"), "ledger_foreign"),
    ],
)
def test_what_the_key_s_holder_changed_contradicts_the_ledger(signed: SignedEvidence, code: str) -> None:
    assert verify(signed.line(), KEY).ok
    report = verify(signed.line(), KEY, BOOK.lines())
    assert codes(report) == [code]
    assert report.is_anchored is False
    assert f"Ledger: entry {signed.sequence} NOT confirmed" in report.sentences()


def test_a_ledger_with_faults_confirms_nothing() -> None:
    lines = [line.replace(b'"rows":14', b'"rows":15') for line in BOOK.lines()]
    assert codes(verify(TEXT, KEY, lines)) == ["ledger_faulty"]
    rewritten = BOOK.rewritten(1, subject="other")
    assert codes(verify(TEXT, KEY, rewritten.lines(), [BOOK.head()])) == ["ledger_faulty"]
    stranger = replace(BOOK, private=Ed25519PrivateKey.generate())
    assert codes(verify(TEXT, KEY, stranger.lines())) == ["ledger_faulty"]


def test_what_the_ledger_does_not_carry_is_not_signed() -> None:
    with pytest.raises(EntryError, match="does not carry"):
        sign(replace(STATEMENT, says="other"), BOOK.entries[5], PRIVATE)
    with pytest.raises(EntryError, match="does not carry"):
        sign(STATEMENT, BOOK.entries[4], PRIVATE)
