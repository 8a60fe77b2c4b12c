"""The page as a tagged, archivable PDF (PDF/A-3a, PDF/UA-1) with the signed evidence attached."""

import json
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import typst

from schoolkeeper.reporting.proof.content import Page
from schoolkeeper.reporting.status.glyphs import font_folder, printable

_AS_IT_IS = ("attachment", "trend")


def render(page: Page) -> bytes:
    """The PDF. Texts reach the typesetter as data and are never read as its language."""
    fields = asdict(page) | {"made_at": list(page.made_at.timetuple()[:6])}
    data = {name: value if name in _AS_IT_IS else _showable(value) for name, value in fields.items()}
    compiler = typst.Compiler(
        input=Path(__file__).with_name("proof.typ").read_bytes(), font_paths=_fonts(), ignore_system_fonts=True
    )
    pdf = compiler.compile(
        format="pdf",
        sys_inputs={"page": json.dumps(data)},
        pdf_standards=["a-3a", "ua-1"],
        timestamp=int(page.made_at.timestamp()),
    )
    assert isinstance(pdf, bytes)
    return pdf


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(font_folder())])


def _showable(value: Any) -> Any:
    match value:
        case str():
            return printable(value)
        case list() | tuple():
            return [_showable(item) for item in value]
        case dict():
            return {key: _showable(item) for key, item in value.items()}
        case _:
            return value
