"""Reading a server's log with PostgreSQL's own `pg_waldump`, whose words are the same from version 15 to 18."""

import re
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from schoolkeeper.connectors.postgres.binaries import Binaries
from schoolkeeper.kernel.errors import Permanent

# Rows, files of tables, transactions, restore points.
MANAGERS = ("Heap", "Heap2", "Storage", "Transaction", "XLOG")
LSN_PER_FILE_NUMBER = 0x100000000
_LINE = re.compile(r"rmgr: (\w+) .*?tx: +(\d+), lsn: ([0-9A-F]+)/([0-9A-F]+), prev [0-9A-F/]+, desc: (.*)")


@dataclass(frozen=True, slots=True)
class Record:
    """One record: which part of PostgreSQL wrote it, in which transaction (0: none), where, and what it says."""

    manager: str
    xid: int
    lsn: int
    text: str


@dataclass(frozen=True, slots=True)
class SegmentFile:
    """A segment in a folder. The size is the server's, the same for all its segments."""

    path: Path

    @property
    def timeline(self) -> int:
        return int(self.path.name[:8], 16)

    @property
    def start(self) -> int:
        """The position of its first byte."""
        return position(self.path.name, self.size_bytes)

    @property
    def size_bytes(self) -> int:
        return self.path.stat().st_size


def position(name: str, segment_bytes: int) -> int:
    """Where the log has got to when a segment of that name begins."""
    return int(name[8:16], 16) * LSN_PER_FILE_NUMBER + int(name[16:], 16) * segment_bytes


def records(binaries: Binaries, segment: SegmentFile, *, has_follower: bool) -> Iterator[Record]:
    """The records that begin in a segment. The last of them ends in the next one, which lies beside it if there is
    one (`has_follower`); else it is left out.

    Raises Permanent when the log is damaged.
    """
    start, end = segment.start, segment.start + segment.size_bytes
    # Told where the files end, it does not wait for more of them.
    span = ("--start", _spelled(start), "--end", _spelled(end + segment.size_bytes * has_follower))
    options = ("--path", segment.path.parent, "--timeline", str(segment.timeline), *span)
    managers = (f"--rmgr={manager}" for manager in MANAGERS)
    with tempfile.TemporaryFile() as stderr:
        process = subprocess.Popen(
            [binaries.path("pg_waldump"), *options, *managers],
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            cwd="/",
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            errors="replace",
        )
        assert process.stdout is not None
        left_early = False
        try:
            for line in process.stdout:
                if (match := _LINE.match(line)) is None:
                    continue
                record = Record(match[1], int(match[2]), int(match[3] + match[4].zfill(8), 16), match[5])
                if record.lsn >= end:
                    left_early = True
                    break
                yield record
        finally:
            process.stdout.close()
            process.kill()
            process.wait()
        stderr.seek(0)
        said = stderr.read().decode(errors="replace").strip()
    if said and not left_early:
        raise Permanent(f"the log segment {segment.path.name} or the one after it is damaged: {said}")


def _spelled(lsn: int) -> str:
    return f"{lsn >> 32:X}/{lsn & 0xFFFFFFFF:X}"
