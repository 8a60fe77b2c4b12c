"""The export file: a header, one line per entry, the signed head. JSON lines, every line canonical."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from schoolkeeper.ledger import canonical
from schoolkeeper.ledger import entry as entries_
from schoolkeeper.ledger import head as heads
from schoolkeeper.ledger.entry import Entry
from schoolkeeper.ledger.errors import EntryError, FormatError, KeyFileError
from schoolkeeper.ledger.head import Head
from schoolkeeper.ledger.keys import PublicKey

FORMAT = "schoolkeeper-ledger"
VERSION = 1

LONGEST_LINE_BYTES = 1_048_576
"""More than the largest entry needs; a longer line is read no further than this."""


@dataclass(frozen=True, slots=True)
class Header:
    """Whose ledger it is and which key signed its head; both are repeated under the head's signature."""

    instance: str
    public_key: PublicKey

    def line(self) -> bytes:
        """The header as the first line of an export; newline included."""
        fields = {
            "format": FORMAT,
            "version": VERSION,
            "instance": self.instance,
            "public_key": self.public_key.pem,
        }
        return canonical.dump(fields) + b"\n"


Part = Header | Entry | Head


def lines(entries: Iterable[Entry], head: Head, public_key: PublicKey) -> Iterator[bytes]:
    """The lines of an export, in constant memory; `verify` takes them as they are.

    `entries` must come in order and end with the one that the head names. Nothing is judged here: an entry
    that was changed in the database is written as it is.
    """
    yield Header(head.instance, public_key).line()
    for entry in entries:
        yield entry.line()
    yield head.line()


def write(entries: Iterable[Entry], head: Head, public_key_pem: str, stream: BinaryIO) -> int:
    """Write an export and return the number of its bytes.

    Raises KeyFileError for a PEM that is no Ed25519 public key.
    """
    return sum(stream.write(line) for line in lines(entries, head, PublicKey.from_pem(public_key_pem)))


def read(stream: BinaryIO) -> Iterator[Part]:
    """The parts of an export in the file's order; digests, order and signature are not judged (see `verify`).

    Raises FormatError with the line number at the first line that is not in the format.
    """
    for number, line in enumerate(split(stream), start=1):
        try:
            part = parse(line)
        except FormatError as error:
            raise FormatError(error.message, number) from None
        if part.line() != line:
            raise FormatError("the line is not in canonical form", number)
        yield part


def read_heads(stream: BinaryIO) -> list[Head]:
    """The heads of an anchor file, one a line; an older export will do too, for the head that it ends with.

    Lenient about whitespace, since people copy heads from reports and messages.
    Raises FormatError with the line number, and for a file without any head.
    """
    found, unreadable = survey_heads(stream)
    if unreadable:
        raise unreadable[0]
    if not found:
        raise FormatError("there is no signed head in the file")
    return found


def survey_heads(stream: BinaryIO) -> tuple[list[Head], list[FormatError]]:
    """All heads of an anchor file, and what is wrong with the lines that cannot be read, with their numbers."""
    found: list[Head] = []
    unreadable: list[FormatError] = []
    for number, line in enumerate(split(stream), start=1):
        if not line.strip():
            continue
        try:
            part = parse(line)
        except FormatError as error:
            unreadable.append(FormatError(error.message, number))
            continue
        if isinstance(part, Head):
            found.append(part)
    return found, unreadable


def split(stream: BinaryIO) -> Iterator[bytes]:
    """The lines of a file with their newlines, none longer than LONGEST_LINE_BYTES + 1: the rest is cut."""
    while line := stream.readline(LONGEST_LINE_BYTES + 1):
        yield line
        while len(line) > LONGEST_LINE_BYTES and not line.endswith(b"\n"):
            line = stream.readline(LONGEST_LINE_BYTES + 1)


def parse(line: bytes) -> Part:
    """One line as header, entry or head, canonical or not; raises FormatError."""
    if len(line) > LONGEST_LINE_BYTES:
        raise FormatError(f"the line is longer than {LONGEST_LINE_BYTES} bytes")
    try:
        value = canonical.load(line)
        if not isinstance(value, dict):
            raise EntryError("the line is not a JSON object")
        match sorted(value):
            case ["digest", "entry", "previous"]:
                return entries_.parse(value)
            case ["head", "signature"]:
                return heads.parse(value)
            case ["format", "instance", "public_key", "version"]:
                return _header(value)
    except (EntryError, KeyFileError) as error:
        raise FormatError(str(error)) from None
    raise FormatError("the line is neither a header nor an entry nor a head")


def _header(value: dict[str, object]) -> Header:
    if value["format"] != FORMAT:
        raise FormatError(f"the format is not {FORMAT}")
    if value["version"] != VERSION:
        raise FormatError(f"this program reads version {VERSION} of the format only")
    pem = canonical.text(value["public_key"], "public_key")
    return Header(canonical.text(value["instance"], "instance"), PublicKey.from_pem(pem))
