"""What this run has written, so that taking it back leaves alone what others wrote since.

One line for each transaction, synced before it commits: the step, whether it was done or taken back, the
transaction's id, and how many rows of which tables it inserted, updated and deleted. No values of rows.
"""

import json
import os
from collections import Counter
from pathlib import Path
from typing import Literal, NamedTuple

NAME = "written.jsonl"
Counts = dict[str, tuple[int, int, int]]


class Written(NamedTuple):
    """`beside` counts rows that were not the step's own, by table: inserted, updated, deleted."""

    step: str
    verb: Literal["do", "undo"]
    transaction: int
    beside: Counts


class Journal:
    """The journal in one folder. It belongs to one run on one machine."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME

    @property
    def begun(self) -> bool:
        """Whether this run began to write on this machine; without a journal only the rows themselves can tell."""
        return self._path.is_file()

    def begin(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.touch(0o600)

    def add(self, written: Written) -> None:
        """Note a transaction that is about to commit."""
        with self._path.open("ab") as file:
            if file.tell() and not self._ends_well():
                file.write(b"\n")
            file.write(json.dumps(written._asdict()).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def entries(self) -> list[Written]:
        """All lines; one that was torn belongs to a transaction that never committed."""
        if not self.begun:
            return []
        entries = []
        for line in self._path.read_bytes().splitlines():
            try:
                entries.append(Written(**json.loads(line)))
            except (ValueError, TypeError):
                continue
        return entries

    def beside(self) -> dict[str, int]:
        """How many rows, by table, were changed without being the steps' own."""
        total: Counter[str] = Counter()
        for entry in self.entries():
            total.update({table: sum(counts) for table, counts in entry.beside.items()})
        return dict(total)

    def _ends_well(self) -> bool:
        with self._path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"
