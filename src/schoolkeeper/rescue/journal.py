"""The journal of a rescue: a file of JSON lines, each of which seals those before it.

It takes the place of the ledger while that is away. Every line is on disk before the next thing happens, so after
any interruption the same command knows how far it was. A line that was torn by a power cut never counted.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from schoolkeeper.kernel.errors import Invalid, Refused

BEGINNING = "0" * 64


@dataclass(frozen=True, slots=True)
class Entry:
    """One line; `seal` is the SHA-256 of the line before it and of what this one says."""

    at: datetime
    kind: str
    data: Mapping[str, Any]
    seal: str


class Journal:
    """One rescue. Raises Invalid when the file is there and was altered."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.entries = list(self._read())

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else goes on with this rescue meanwhile. Raises Refused when somebody does."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                says = f"{self.path.name} is gone on with elsewhere at this moment; wait until that ends."
                raise Refused(says) from None
            self.entries = list(self._read())  # somebody may have gone on since we read it
            yield
        finally:
            os.close(descriptor)

    def note(self, kind: str, data: Mapping[str, object]) -> None:
        """Write a line, safely on disk when this returns."""
        body = {"at": datetime.now(UTC).isoformat(), "kind": kind, "data": data}
        text = json.dumps(body, sort_keys=True)
        seal = _seal(self.entries[-1].seal if self.entries else BEGINNING, text)
        line = json.dumps({**body, "seal": seal}, sort_keys=True)
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, f"{line}\n".encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        self.entries.append(_entry(body, seal))

    def newest(self, kind: str) -> Mapping[str, Any] | None:
        """What was last noted of a kind."""
        return next((entry.data for entry in reversed(self.entries) if entry.kind == kind), None)

    def all(self, kind: str) -> list[Mapping[str, Any]]:
        """Everything that was noted of a kind, in order."""
        return [entry.data for entry in self.entries if entry.kind == kind]

    def _read(self) -> Iterator[Entry]:
        if not self.path.exists():
            return
        whole, _, torn = self.path.read_bytes().rpartition(b"\n")
        if torn:
            os.truncate(self.path, len(whole) + 1 if whole else 0)
        before = BEGINNING
        for number, line in enumerate(whole.splitlines(), start=1):
            try:
                body = json.loads(line)
                seal = body.pop("seal")
                entry = _entry(body, seal)
            except (ValueError, KeyError, TypeError) as error:
                raise Invalid(str(self.path), [f"line {number} is no line of a journal"]) from error
            if seal != _seal(before, json.dumps(body, sort_keys=True)):
                raise Invalid(str(self.path), [f"line {number} was altered after it was written"])
            before = seal
            yield entry


def _entry(body: Mapping[str, Any], seal: str) -> Entry:
    return Entry(datetime.fromisoformat(body["at"]), body["kind"], body["data"], seal)


def _seal(before: str, text: str) -> str:
    return hashlib.sha256(f"{before}\n{text}".encode()).hexdigest()
