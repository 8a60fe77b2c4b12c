"""A report as data: what the HTML page and the PDF both show, in plain sentences and tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Tone = Literal["", "ok", "info", "warning", "error", "unknown"]
"""How a word is set off. The word itself says the same, so that a grey print loses nothing."""


@dataclass(frozen=True, slots=True)
class Column:
    """`share` is its part of the width on paper."""

    title: str
    share: float = 1
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    text: str
    tone: Tone = ""
    note: str = ""
    """A second, smaller line."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells; `empty` stands in its place when there are none."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    empty: str
    title: str = ""
    kind: str = "table"


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence or two."""

    text: str
    tone: Tone = ""
    kind: str = "note"


@dataclass(frozen=True, slots=True)
class Code:
    """Text to be copied letter by letter, in lines that fit the page."""

    label: str
    lines: Sequence[str]
    kind: str = "code"


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing (SVG) with a title, and the same said in words for those who cannot see it."""

    title: str
    svg: str
    says: str


@dataclass(frozen=True, slots=True)
class Figures:
    """Drawings side by side, or one over the whole width."""

    figures: Sequence[Figure]
    is_wide: bool = False
    kind: str = "figures"


Block = Table | Note | Code | Figures


@dataclass(frozen=True, slots=True)
class Section:
    """`anchor` is its place in the HTML page."""

    anchor: str
    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True, slots=True)
class Tile:
    """One of the few things to see first."""

    label: str
    value: str
    note: str
    tone: Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A whole report. `attachment` is the signed head of the ledger, as a line of an anchor file."""

    title: str
    subject: str
    period: str
    made: str
    made_at: datetime
    tiles: Sequence[Tile]
    decisions: Sequence[str]
    sections: Sequence[Section]
    attachment: str
