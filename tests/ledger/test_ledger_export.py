"""The export file: written, read back, refused with the line number."""

import io
from collections.abc import Callable
from typing import Any

import pytest

from schoolkeeper.ledger.errors import FormatError, KeyFileError
from schoolkeeper.ledger.export import LONGEST_LINE_BYTES, Header, read, read_heads, split, write


def test_what_is_written_is_read_back(book: Any) -> None:
    stream = io.BytesIO()
    size = write(iter(book.entries), book.head(), book.pinned.pem, stream)
    assert size == len(stream.getvalue())
    stream.seek(0)
    header = Header("north", book.pinned)
    assert list(read(stream)) == [header, *book.entries, book.head()]


def test_writing_needs_a_public_key(book: Any) -> None:
    with pytest.raises(KeyFileError):
        write(book.entries, book.head(), "no key", io.BytesIO())


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"\n", "not JSON"),
        (b"[]\n", "not a JSON object"),
        (b"{}\n", "neither a header nor an entry nor a head"),
        (b'{"entry":1,"digest":1,"previous":1}\n', "an entry has the fields"),
        (b'{"head":{},"signature":""}\n', "a head has the fields"),
        (b"\xff\n", "not UTF-8"),
        (b'{"format":"x","version":1,"instance":"","public_key":""}\n', "the format is not"),
        (
            b'{"format":"schoolkeeper-ledger","version":2,"instance":"","public_key":""}\n',
            "reads version 1",
        ),
        (
            b'{"format":"schoolkeeper-ledger","version":1,"instance":"","public_key":""}\n',
            "not a PEM public key",
        ),
        (b"x" * (LONGEST_LINE_BYTES + 5) + b"\n", "longer than"),
    ],
)
def test_a_bad_line_is_named(book: Any, line: bytes, message: str) -> None:
    content = b"".join([*book.lines()[:3], line])
    with pytest.raises(FormatError, match=f"line 4: .*{message}") as caught:
        list(read(io.BytesIO(content)))
    assert caught.value.line == 4


def test_a_line_in_another_form_is_named(book: Any) -> None:
    content = b"".join(book.lines()).replace(b'"sequence":2', b'"sequence": 2')
    with pytest.raises(FormatError, match="line 3: the line is not in canonical form"):
        list(read(io.BytesIO(content)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"sequence":1,', b'"sequence":0,'),
        (b'"sequence":1,', b'"sequence":true,'),
        (b'"sequence":1,', b'"sequence":"1",'),
        (b'"kind":"approval.granted"', b'"kind":7'),
        (b'"digest":"', b'"digest":"A'),
        (b'"rows":0', b'"rows":0.0'),
        (b'"rows":0', b'"rows":"\\ud800"'),
        (b'"data":{', b'"data":["'),
    ],
)
def test_ill_typed_fields_are_named(book: Any, old: bytes, new: bytes) -> None:
    line = book.lines()[1]
    assert old in line
    with pytest.raises(FormatError, match="line 1"):
        list(read(io.BytesIO(line.replace(old, new, 1))))


def test_a_signature_has_128_digits(book: Any) -> None:
    with pytest.raises(FormatError, match="128"):
        list(read(io.BytesIO(book.lines()[-1].replace(b'"signature":"', b'"signature":"0'))))


def test_an_endless_line_is_not_read_into_memory() -> None:
    stream = io.BytesIO(b"x" * (5 * LONGEST_LINE_BYTES) + b"\nnext\n")
    assert [len(line) for line in split(stream)] == [LONGEST_LINE_BYTES + 1, 5]
    assert [len(line) for line in split(io.BytesIO(b"x" * LONGEST_LINE_BYTES + b"\nnext"))] == [
        LONGEST_LINE_BYTES + 1,
        4,
    ]


def test_anchors_are_read_from_heads_and_from_older_exports(book: Any) -> None:
    kept = b"  " + book.head(3).line().replace(b"\n", b"\r\n") + b"\n" + book.head(6).line().strip()
    assert read_heads(io.BytesIO(kept)) == [book.head(3), book.head(6)]
    assert read_heads(io.BytesIO(b"".join(book.lines(4)))) == [book.head(4)]


def test_an_anchor_file_without_a_head_is_refused(book: Any, make_book: Callable[..., Any]) -> None:
    with pytest.raises(FormatError, match="no signed head"):
        read_heads(io.BytesIO(b"\n"))
    with pytest.raises(FormatError, match="line 2: not JSON"):
        read_heads(io.BytesIO(book.head(3).line() + b"nonsense\n"))
