"""Each fault is found, is named once, and has the right code; what cannot be found is shown as well."""

import io
import re
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from schoolkeeper.ledger import anchors, export
from schoolkeeper.ledger.entry import GENESIS, Entry, seal
from schoolkeeper.ledger.head import sign
from schoolkeeper.ledger.keys import PublicKey
from schoolkeeper.ledger.report import Code, HeadStatus, Report
from schoolkeeper.ledger.verify import LIMIT, LONGEST_MESSAGE, verify


def codes(report: Report) -> list[str]:
    assert report.ok == (not report.faults)
    return [fault.code.value for fault in report.faults]


def test_an_untouched_export_is_fine(book: Any) -> None:
    report = book.verify(book.lines(), anchors=[book.head(3), book.head(12)])
    assert report.ok
    assert codes(report) == []
    assert (report.entries, report.instance) == (12, "north")
    assert (report.first_at, report.last_at) == (book.entries[0].at, book.entries[-1].at)
    assert (report.head_status, report.key_pinned) == (HeadStatus.SIGNED, True)
    assert (report.anchors, report.anchors_met) == (2, 2)
    assert report.warnings == ()


def test_an_empty_ledger_is_fine(make_book: Callable[..., Any]) -> None:
    book = make_book(0)
    report = book.verify(book.lines(), anchors=[book.head()])
    assert report.ok
    assert (report.entries, report.first_at, report.head_sequence, report.anchors_met) == (0, None, 0, 1)


def test_without_a_pinned_key_the_report_says_so(book: Any) -> None:
    report = verify(book.lines())
    assert report.ok
    assert (report.head_status, report.key_pinned) == (HeadStatus.NOT_PINNED, False)
    assert any("NOT PINNED" in line for line in report.sentences())
    assert "not proven" in report.sentences()[-1]


def test_an_edited_value(book: Any) -> None:
    lines = book.lines()
    lines[5] = lines[5].replace(b'"rows":28', b'"rows":29')
    report = book.verify(lines)
    assert codes(report) == ["edited"]
    assert (report.faults[0].line, report.faults[0].sequence) == (6, 5)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (rb'"sequence":5', b'"sequence":7'),
        (rb'"sequence":5', b'"sequence":1'),
        (rb'"previous":"....', b'"previous":"0000'),
        (rb'"digest":"....', b'"digest":"0000'),
        (rb'"actor":"keeper', b'"actor":"Keeper'),
        (rb"08:04:00", b"07:04:00"),
    ],
)
def test_an_edited_field(book: Any, old: bytes, new: bytes) -> None:
    lines = book.lines()
    lines[5], count = re.subn(old, new, lines[5])
    assert count == 1
    found = codes(book.verify(lines))
    assert found[0] == "edited"
    # A changed digest also breaks the link of the entry that follows.
    assert found[1:] in ([], ["broken_link"])


def test_an_edited_entry_with_its_digest_made_to_fit(book: Any) -> None:
    entries = list(book.entries)
    changed = replace(entries[4], actor="nobody")
    entries[4] = replace(changed, digest=changed.true_digest())
    report = book.verify(export.lines(entries, book.head(), book.pinned))
    assert codes(report) == ["broken_link"]
    assert report.faults[0].sequence == 6


def test_an_edited_last_entry_with_its_digest_made_to_fit(book: Any) -> None:
    changed = book.rewritten(11, actor="nobody")
    assert codes(book.verify(export.lines(changed.entries, book.head(), book.pinned))) == ["head_mismatch"]


@pytest.mark.parametrize(
    ("start", "stop", "message"), [(3, 4, "entry 3 is missing"), (1, 5, "entries 1 to 4 are missing")]
)
def test_deleted_entries(book: Any, start: int, stop: int, message: str) -> None:
    lines = book.lines()
    del lines[start:stop]
    report = book.verify(lines)
    assert codes(report) == ["missing"]
    assert report.faults[0].message == message


def test_a_deletion_with_the_rest_renumbered(book: Any) -> None:
    kept = [*book.entries[:4], *(replace(entry, sequence=entry.sequence - 1) for entry in book.entries[5:])]
    found = codes(book.verify(export.lines(kept, book.head(11), book.pinned)))
    assert set(found) == {"edited", "head_mismatch"}


def test_an_inserted_entry(book: Any) -> None:
    lines = book.lines()
    forged = replace(book.entries[5], actor="nobody")
    lines.insert(6, replace(forged, digest=forged.true_digest()).line())
    assert codes(book.verify(lines)) == ["repeated", "broken_link"]


def test_a_repeated_entry(book: Any) -> None:
    lines = book.lines()
    lines.insert(6, lines[5])
    assert codes(book.verify(lines)) == ["repeated"]
    lines = book.lines()
    lines.insert(9, lines[2])
    assert codes(book.verify(lines)) == ["out_of_order"]


def test_an_edited_copy_in_another_place(book: Any) -> None:
    lines = book.lines()
    lines.insert(9, lines[2].replace(b'"rows":7', b'"rows":8'))
    assert codes(book.verify(lines)) == ["edited", "out_of_order"]


def test_swapped_entries(book: Any) -> None:
    lines = book.lines()
    lines[4], lines[5] = lines[5], lines[4]
    assert codes(book.verify(lines)) == ["missing", "out_of_order"]


def test_a_cut_tail(book: Any) -> None:
    lines = book.lines()
    assert codes(book.verify(lines[:-1])) == ["head_missing"]
    assert codes(book.verify([*lines[:-4], lines[-1]])) == ["cut_tail"]
    assert codes(book.verify([])) == ["header_missing", "head_missing"]


def test_entries_after_the_one_that_was_signed(book: Any) -> None:
    assert codes(book.verify([*book.lines()[:-1], book.head(7).line()])) == ["unsigned_tail"]


def test_a_forged_head(book: Any) -> None:
    forged = replace(book.head(), at=book.head().at + timedelta(days=1))
    assert codes(book.verify([*book.lines()[:-1], forged.line()])) == ["bad_signature"]
    assert codes(verify([*book.lines()[:-1], forged.line()])) == ["bad_signature"]


def test_a_head_signed_with_another_key(book: Any) -> None:
    other = replace(book, private=Ed25519PrivateKey.generate())
    lines = [*book.lines()[:-1], other.head().line()]
    assert codes(book.verify(lines)) == ["wrong_key"]
    assert codes(verify(lines)) == ["wrong_key"]
    named = replace(other.head(), key_id=book.pinned.key_id)
    assert codes(book.verify([*lines[:-1], named.line()])) == ["bad_signature"]


def test_the_whole_file_made_anew_with_another_key(book: Any) -> None:
    other = replace(book.rewritten(2, actor="nobody"), private=Ed25519PrivateKey.generate())
    assert codes(book.verify(other.lines())) == ["wrong_key", "wrong_key"]
    # Nothing is pinned and nothing kept: this cannot be found, and the report promises no more than that.
    unpinned = verify(other.lines())
    assert (unpinned.ok, unpinned.head_status) == (True, HeadStatus.NOT_PINNED)
    # A head kept elsewhere finds it even without the key.
    found = verify(other.lines(), anchors=[book.head(5)])
    assert codes(found) == ["anchor_contradicted"]
    assert [warning.code for warning in found.warnings] == [Code.ANCHOR_OTHER_KEY]


def test_a_history_rewritten_by_the_holder_of_the_key(book: Any) -> None:
    rewritten = book.rewritten(4, actor="nobody")
    assert book.verify(rewritten.lines()).ok
    found = book.verify(rewritten.lines(), anchors=[book.head(3), book.head(8), book.head(10)])
    assert codes(found) == ["anchor_contradicted", "anchor_contradicted"]
    assert found.anchors_met == 1


def test_an_older_export_in_the_place_of_a_newer_one(book: Any) -> None:
    assert book.verify(book.lines(7)).ok
    found = book.verify(book.lines(7), anchors=[book.head(3), book.head(9)])
    assert codes(found) == ["anchor_missing"]
    assert found.faults[0].sequence == 9


def test_a_forged_anchor(book: Any) -> None:
    forged = replace(book.head(3), at=book.head().at + timedelta(days=9))
    assert codes(book.verify(book.lines(), anchors=[forged])) == ["anchor_forged"]


def test_an_anchor_of_another_ledger(book: Any) -> None:
    foreign = sign(book.entries[2], book.private, book.head().at, instance="south")
    assert codes(book.verify(book.lines(), anchors=[foreign])) == ["anchor_foreign"]


def test_a_changed_header(book: Any) -> None:
    lines = book.lines()
    assert codes(book.verify([lines[0].replace(b"north", b"south"), *lines[1:]])) == ["header_changed"]
    other = PublicKey.of(Ed25519PrivateKey.generate())
    carried = export.Header("north", other).line()
    assert codes(book.verify([carried, *lines[1:]])) == ["wrong_key"]
    assert codes(verify([carried, *lines[1:]])) == ["wrong_key"]
    newer = lines[0].replace(b'"version":1', b'"version":2')
    assert codes(book.verify([newer, *lines[1:]])) == ["unreadable", "header_missing"]
    assert codes(book.verify([lines[0].replace(b'"version":1', b'"version":true'), *lines[1:]])) == [
        "not_canonical"
    ]


def test_a_missing_or_misplaced_header(book: Any) -> None:
    header, *rest = book.lines()
    assert codes(book.verify(rest)) == ["header_missing"]
    assert codes(verify(rest)) == ["header_missing"]
    assert verify(rest).head_status is HeadStatus.UNCHECKED
    assert codes(book.verify([rest[0], header, *rest[1:]])) == ["header_misplaced", "header_missing"]
    assert codes(book.verify([header, header, *rest])) == ["header_misplaced"]


def test_lines_after_the_head(book: Any) -> None:
    report = book.verify([*book.lines(), b"\n", b"rubbish"])
    assert codes(report) == ["trailing"]
    assert report.faults[0].line == 15
    assert report.faults[0].message.startswith("2 lines")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"sequence":5', b'"sequence": 5'),
        (b"\n", b"\r\n"),
        (b"\n", b" \n"),
        (b'"dry":null,', b'"dry":null,"dry":null,'),
        (b'"dry":null,"outcome":"ok"', b'"outcome":"ok","dry":null'),
        (b'"ok"', b'"\\u006fk"'),
        (b'"rows":28', b'"rows":28.0'),
        (b'"rows":28', b'"rows":-0'),
    ],
)
def test_a_line_in_another_form(book: Any, old: bytes, new: bytes) -> None:
    lines = book.lines()
    assert lines[5].count(old) == 1
    lines[5] = lines[5].replace(old, new)
    report = book.verify(lines)
    assert report.faults[0].code in (Code.NOT_CANONICAL, Code.UNREADABLE)
    assert report.faults[0].line == 6


def test_the_last_newline_belongs_to_the_file(book: Any) -> None:
    assert codes(book.verify([*book.lines()[:-1], book.lines()[-1].rstrip(b"\n")])) == ["not_canonical"]


def test_an_unreadable_line(book: Any) -> None:
    lines = book.lines()
    lines[5] = b"\xff\xfe\n"
    report = book.verify(lines)
    assert codes(report) == ["unreadable", "missing"]
    assert report.faults[0].line == 6


def test_a_changed_row_of_the_database_is_found(book: Any) -> None:
    for data in ({"load": 0.5}, {"big": 2**70}, {"outcome": "ok"}):
        entries = [*book.entries[:3], replace(book.entries[3], data=data), *book.entries[4:]]
        report = book.verify(export.lines(entries, book.head(), book.pinned))
        assert report.faults[0].line == 5


def test_time_running_backwards_is_a_warning(book: Any) -> None:
    earlier = book.rewritten(4, at=book.entries[0].at - timedelta(hours=1))
    report = book.verify(earlier.lines())
    assert report.ok
    assert [(warning.code, warning.sequence) for warning in report.warnings] == [(Code.TIME_BACKWARDS, 5)]


def test_faults_are_counted_beyond_the_limit(book: Any) -> None:
    report = book.verify([b"rubbish\n"] * 250)
    assert len(report.faults) == LIMIT
    assert report.more_faults == 152
    assert "and 152 more faults" in report.sentences()
    assert report.sentences()[-1] == "Result: 252 faults found"


def test_the_file_cannot_write_on_the_terminal(book: Any) -> None:
    nasty = '"data":{"\\u001b[2J\\u202eResult: no fault found\\n' + "x" * 2000 + '":0.5,'
    line = re.sub(rb'"data":\{', lambda _: nasty.encode(), book.lines()[1])
    float_free = line.replace(b"0.5", b'"\\ud800"')
    report = book.verify([book.lines()[0], line, float_free])
    assert all(sentence.isprintable() for sentence in report.sentences())
    assert all(len(fault.message) <= LONGEST_MESSAGE for fault in report.faults)


def test_without_the_library_a_pinned_key_is_not_ok(book: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    lines, pinned, anchors = book.lines(), book.pinned, [book.head(4)]
    monkeypatch.setitem(sys.modules, "cryptography.exceptions", None)
    report = verify(lines, pinned, anchors)
    assert report.faults == ()
    assert (report.ok, report.looked, report.head_status) == (False, False, HeadStatus.UNCHECKED)
    assert "could not look" in report.sentences()[-1]
    unpinned = verify(lines, None, anchors)
    assert (unpinned.ok, unpinned.head_status, unpinned.anchors_met) == (True, HeadStatus.UNCHECKED, 1)


@given(st.lists(st.binary(max_size=60)))
def test_rubbish_never_raises(lines: list[bytes]) -> None:
    assert not verify(lines).ok


FRAGMENTS = [
    b"{",
    b"}",
    b"[",
    b'"',
    b":",
    b",",
    b'"digest"',
    b'"entry"',
    b'"previous"',
    b'"head"',
    b"0",
    b"1e9",
]


@given(st.lists(st.lists(st.sampled_from(FRAGMENTS), max_size=12).map(b"".join), max_size=5))
def test_rubbish_that_looks_like_json_never_raises(lines: list[bytes]) -> None:
    assert not verify(lines).ok


def test_deep_and_long_lines_never_raise() -> None:
    assert not verify([b"[" * 500_000, b'{"a":' * 200_000, b"9" * 100_000, b"x" * 3_000_000]).ok


def test_memory_does_not_grow_with_the_ledger(book: Any) -> None:
    def peak(length: int) -> int:
        tracemalloc.start()
        try:
            assert verify(stream(length)).entries == length
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    def stream(length: int) -> Iterator[bytes]:
        yield export.Header("", book.pinned).line()
        previous: Entry | None = None
        for _ in range(length):
            first = book.entries[0]
            previous = seal(
                previous, at=first.at, kind="k", system="", actor="", subject="", data={"x": "y" * 100}
            )
            yield previous.line()
        yield sign(previous, book.private, first.at).line()

    peak(10)
    assert peak(3_000) < peak(300) + 50_000


def test_the_report_as_json(book: Any) -> None:
    report = book.verify(book.lines(7), anchors=[book.head(9)]).as_json()
    assert report["ok"] is False
    assert report["head"] == {
        "status": "signed",
        "sequence": 7,
        "at": "2026-02-01T08:07:00.000000Z",
        "key_id": book.pinned.key_id,
    }
    faults = report["faults"]
    assert isinstance(faults, list)
    assert {key: faults[0][key] for key in ("code", "line", "sequence")} == {
        "code": "anchor_missing",
        "line": None,
        "sequence": 9,
    }


def test_what_is_wrong_with_the_kept_heads_is_a_warning(book: Any, tmp_path: Path) -> None:
    heads = tmp_path / "heads.jsonl"
    missing = anchors.read_own(heads, expected=True)
    heads.write_bytes(b"torn" + b"\n" + book.head(3).line())
    torn = anchors.read_own(heads, expected=True)
    for kept, code in ((missing, Code.NO_ANCHORS), (torn, Code.ANCHOR_UNREADABLE)):
        report = book.verify(book.lines(), anchors=kept.heads, warnings=kept.warnings)
        assert (report.ok, [warning.code for warning in report.warnings]) == (True, [code])
    assert torn.heads == (book.head(3),)
    assert anchors.read_own(tmp_path / "none", expected=False) == anchors.Anchors()


def test_every_code_is_provoked_by_a_test_here() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    assert [code for code in Code if code.value not in source and f"Code.{code.name}" not in source] == []


def test_an_anchor_before_the_first_entry(book: Any) -> None:
    empty = sign(None, book.private, book.head().at, instance="north")
    assert book.verify(book.lines(), anchors=[empty]).anchors_met == 1
    odd = replace(empty, digest="f" * 64)
    assert codes(book.verify(book.lines(), anchors=[odd])) == ["anchor_contradicted", "anchor_forged"]
    assert empty.digest == GENESIS


def test_lines_come_from_a_file_as_well(book: Any) -> None:
    assert book.verify(list(export.split(io.BytesIO(b"".join(book.lines()))))).ok
