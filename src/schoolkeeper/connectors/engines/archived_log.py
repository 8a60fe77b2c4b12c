"""The log that an engine has archived of a server, segment by segment: only two lie on the disk at once."""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from schoolkeeper.connectors.engines.protocol import PhysicalLook, Segment
from schoolkeeper.connectors.postgres.binaries import Binaries
from schoolkeeper.connectors.postgres.waldump import Record, SegmentFile, records


class ArchivedLog:
    """Reads with `binaries`, of the server's version; `folder` is ours, and the engine's account can get to it."""

    def __init__(self, engine: PhysicalLook, binaries: Binaries, folder: Path) -> None:
        self._engine = engine
        self._binaries = binaries
        self._folder = folder / "log"
        self._at_hand: set[str] = set()

    @cached_property
    def segments(self) -> list[Segment]:
        """Those that led to where the server is now, the oldest first, from the last gap on."""
        line = _one_line(self._engine.log())
        for later in range(len(line) - 1, 0, -1):
            if not _follows(line[later - 1].name, line[later].name):
                return line[later:]
        return line

    def read(self, segment: Segment) -> Iterator[Record]:
        """The records that begin in a segment. Raises Permanent when it is damaged."""
        number = self.segments.index(segment)
        following = self.segments[number + 1 : number + 2]
        follower = following[0].name if following and following[0].name[:8] == segment.name[:8] else ""
        self._have(list(filter(None, (segment.name, follower))))
        yield from records(self._binaries, SegmentFile(self._folder / segment.name), has_follower=bool(follower))

    def _have(self, names: list[str]) -> None:
        for name in self._at_hand - set(names):
            (self._folder / name).unlink()
        for name in names:
            if name not in self._at_hand:
                (self._folder / name).unlink(missing_ok=True)  # left by an interruption
                self._engine.fetch_log(name, self._folder)
        self._at_hand = set(names)


def _one_line(segments: list[Segment]) -> list[Segment]:
    """Where a server was brought back before, several timelines have a segment of the same number: from the newest
    timeline backwards, each number once."""
    found: list[Segment] = []
    for segment in sorted(segments, key=lambda one: (one.name[8:], one.name[:8]), reverse=True):
        if not found or (segment.name[8:] < found[-1].name[8:] and segment.name[:8] <= found[-1].name[:8]):
            found.append(segment)
    return found[::-1]


def _follows(earlier: str, later: str) -> bool:
    """Whether nothing is missing between two segments, whatever their size, which says after how many the upper
    half of their number goes up."""
    upper, lower = (int(later[8:16], 16) - int(earlier[8:16], 16)), int(later[16:], 16)
    return lower == int(earlier[16:], 16) + 1 if upper == 0 else upper == 1 and lower == 0
