"""The report as a tagged, archivable PDF (PDF/A-3a, PDF/UA-1) with the ledger's signed head attached."""

import json
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import typst

from schoolkeeper.reporting.status.glyphs import font_folder, printable
from schoolkeeper.reporting.status.paper import Paper


def render(paper: Paper) -> bytes:
    """The PDF. Texts reach the typesetter as data and are never read as its language."""
    data = {
        name: _showable(value) for name, value in asdict(paper).items() if name not in ("made_at", "attachment")
    }
    data |= {"attachment": paper.attachment, "made_at": list(paper.made_at.timetuple()[:6])}
    compiler = typst.Compiler(
        input=Path(__file__).with_name("status.typ").read_bytes(), font_paths=_fonts(), ignore_system_fonts=True
    )
    pdf = compiler.compile(
        format="pdf",
        sys_inputs={"paper": json.dumps(data)},
        pdf_standards=["a-3a", "ua-1"],
        timestamp=int(paper.made_at.timestamp()),
    )
    assert isinstance(pdf, bytes)
    return pdf


@cache
def _fonts() -> typst.Fonts:
    """Only the font that we bring, so that the same report looks the same on every machine."""
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(font_folder())])


def _showable(value: Any) -> Any:
    match value:
        case str():
            return printable(value)
        case list() | tuple():
            return [_showable(item) for item in value]
        case dict():
            return {key: item if key == "svg" else _showable(item) for key, item in value.items()}
        case _:
            return value
