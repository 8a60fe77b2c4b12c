"""Reading log files: the newest and its rotated siblings, in constant memory, up to a limit."""

import gzip
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import BinaryIO, Self, cast
from zoneinfo import ZoneInfo

import zstandard

from schoolkeeper.connectors.logs.component import LogsComponent
from schoolkeeper.kernel.errors import Unreachable
from schoolkeeper.profiles.model import LogFormat

LIMIT_BYTES = 256 * 1024 * 1024
BLOCK_BYTES = 1024 * 1024
COMPRESSION_RATIO = 12
"""How much compressed logs are taken to grow when the limit is shared out, as access logs do."""
_ROTATED = re.compile(r"(?:[.-]\d[\d-]*)?(?P<packed>\.gz|\.zst)?")
_PROBE = datetime(2001, 2, 3, 4, 5, 59, tzinfo=UTC)


class Entry:
    """One entry.

    `at` is in seconds since 1970 UTC; `last_line` is the last of the further lines that belong to it: in a
    traceback the one that says what happened.
    """

    __slots__ = ("_line", "at", "last_line")

    def __init__(self, at: float, line: re.Match[str]) -> None:
        self.at = at
        self.last_line = ""
        self._line = line

    def field(self, name: str) -> str:
        """The text of one named group; "" where the format does not have it or the line leaves it out."""
        return self._line[name] or "" if name in self._line.re.groupindex else ""


@dataclass(frozen=True, slots=True)
class _Part:
    """A file of one source and the byte to begin at."""

    path: Path
    begin: int
    packed: str


class LogReading:
    """Iterate over it once for the entries, oldest file first; then its counts are complete.

    `entries` counts all entries read, those before `since` included; `rejected` the lines that the format
    does not understand, with `rejected_example` the first of them (raw: mask it before showing it).
    `cut_bytes` is how much was left out because of the limit, compressed files by estimate. `faults` names
    files that could not be read to their end. `first_at` is the earliest time met, in seconds since 1970 UTC.
    """

    def __init__(self, parts: list[_Part], cut_bytes: int, format: LogFormat, since: float, zone: tzinfo) -> None:
        self.entries = self.rejected = 0
        self.rejected_example = ""
        self.cut_bytes = cut_bytes
        self.faults: list[str] = []
        self.first_at: float | None = None
        self._parts = parts
        self._format = format
        self._since = since
        self._instant = _clock(format.time_format, zone)

    def __iter__(self) -> Iterator[Entry]:
        begins = re.compile(self._format.line).match
        multiline, since = self._format.multiline, self._since
        instant, current = self._instant, None
        for line in self._lines():
            match = begins(line)
            at = instant(match["time"]) if match is not None else None
            if match is None or at is None:
                if multiline and match is None and (current is not None or self.cut_bytes):
                    if current is not None and not line.isspace():
                        current.last_line = line
                elif line and not line.isspace():
                    self._reject(line)
                continue
            if current is not None and current.at >= since:
                yield current
            current = Entry(at, match)
            self.entries += 1
            if self.first_at is None or at < self.first_at:
                self.first_at = at
        if current is not None and current.at >= since:
            yield current

    def _reject(self, line: str) -> None:
        self.rejected += 1
        self.rejected_example = self.rejected_example or line[:1000]

    def _lines(self) -> Iterator[str]:
        for part in self._parts:
            try:
                with ExitStack() as stack:
                    stream = _open(part, stack)
                    if part.begin:
                        stream.seek(part.begin - 1)
                        stream.readline(BLOCK_BYTES)  # the rest of the line that the limit fell into
                    yield from _split(stream)
            except (OSError, EOFError, zlib.error, zstandard.ZstdError) as error:
                self.faults.append(f"{part.path.name}: {getattr(error, 'strerror', None) or error}")


class LogsLook:
    """Opens log files for reading only."""

    def __init__(self, name: str, component: LogsComponent) -> None:
        self.name = name
        self._component = component

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    @property
    def sources(self) -> Mapping[str, Path]:
        """Source name to its newest file."""
        return self._component.sources

    def entries(
        self,
        source: str,
        format: LogFormat,
        since: datetime,
        *,
        zone: str = "UTC",
        limit_bytes: int = LIMIT_BYTES,
    ) -> LogReading:
        """The entries of one source from `since` on.

        Read are the newest file and its rotated siblings (`name.1`, `name.2.gz`, `name-20260301.zst`) that were
        written to after `since`; of all together the last `limit_bytes`. Times without a zone are those of
        `zone`. Raises Unreachable when the definition does not name the source or its newest file cannot be read.
        """
        newest = self.sources.get(source)
        if newest is None:
            raise Unreachable(self.name, f"the definition names no file for the source {source!r}")
        try:
            with newest.open("rb"):
                parts, cut_bytes = _share(_family(newest, since.timestamp()), limit_bytes)
        except OSError as error:
            raise Unreachable(self.name, f"{error.filename or newest}: {error.strerror}") from error
        return LogReading(parts, cut_bytes, format, since.timestamp(), ZoneInfo(zone))


def _family(newest: Path, since: float) -> list[tuple[Path, str, int]]:
    """The newest file and its rotated siblings written to after `since`, newest first: path, packing, size."""
    found = []
    for path in newest.parent.iterdir():
        match = _ROTATED.fullmatch(path.name, len(newest.name)) if path.name.startswith(newest.name) else None
        if match is None or not path.is_file():
            continue
        status = path.stat()
        if path == newest or status.st_mtime >= since:
            found.append((path != newest, -status.st_mtime, path, match["packed"] or "", status.st_size))
    return [(path, packed, size) for _, _, path, packed, size in sorted(found)]


def _share(family: list[tuple[Path, str, int]], limit_bytes: int) -> tuple[list[_Part], int]:
    """What to read, oldest first, within the limit counted from the end; and how many bytes that leaves out."""
    parts, left_bytes, cut_bytes = [], limit_bytes, 0
    for path, packed, size in family:
        if packed:
            # A compressed file cannot be entered in the middle: all of it or nothing.
            grown = size * COMPRESSION_RATIO
            taken = grown if grown <= left_bytes else 0
        else:
            grown, taken = size, min(size, left_bytes)
        if taken or not size:
            parts.append(_Part(path, grown - taken, packed))
        else:
            left_bytes = taken  # nothing older either: a hole in the middle would look like silence
        cut_bytes += grown - taken
        left_bytes -= taken
    return parts[::-1], cut_bytes


def _open(part: _Part, stack: ExitStack) -> BinaryIO:
    raw = stack.enter_context(part.path.open("rb"))
    match part.packed:
        case ".gz":
            return cast(BinaryIO, stack.enter_context(gzip.GzipFile(fileobj=raw)))
        case ".zst":
            unpacked = zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True)
            return cast(BinaryIO, stack.enter_context(unpacked))
        case _:
            return raw


def _split(stream: BinaryIO) -> Iterator[str]:
    """The lines of a stream by blocks; a line longer than a block comes in pieces, so memory stays bounded."""
    rest = b""
    while block := stream.read(BLOCK_BYTES):
        whole, newline, rest = (rest + block).rpartition(b"\n")
        if newline:
            yield from _text(whole).split("\n")
        elif len(rest) > BLOCK_BYTES:
            yield _text(rest)
            rest = b""
    if rest:
        yield _text(rest)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", errors="replace").replace("\r\n", "\n")


def _clock(time_format: str, zone: tzinfo) -> Callable[[str], float | None]:
    """A function from a time's text to seconds since 1970 UTC; None for a text that is no such time.

    Lines of a busy log differ in the seconds only, so the rest is parsed once a minute. That is safe where the
    format has a fixed width: a text of another length is parsed in full.
    """
    if time_format == "iso":
        return lambda text: _seconds(datetime.fromisoformat, text, zone)

    def parse(text: str) -> datetime:
        return datetime.strptime(text, time_format)  # noqa: DTZ007 - _seconds adds the zone

    probe = _PROBE.strftime(time_format)
    place = probe.find("59") if "%S" in time_format and "%f" not in time_format else -1
    if place < 0:
        return lambda text: _seconds(parse, text, zone)
    minutes: dict[str, float | None] = {}

    def instant(text: str) -> float | None:
        seconds = text[place : place + 2]
        if len(text) != len(probe) or not seconds.isdigit() or seconds > "59":
            return _seconds(parse, text, zone)
        minute = f"{text[:place]}00{text[place + 2 :]}"
        if minute not in minutes:
            if len(minutes) > 1000:
                minutes.clear()
            minutes[minute] = _seconds(parse, minute, zone)
        begin = minutes[minute]
        return None if begin is None else begin + int(seconds)

    return instant


def _seconds(parse: Callable[[str], datetime], text: str, zone: tzinfo) -> float | None:
    try:
        moment = parse(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()
