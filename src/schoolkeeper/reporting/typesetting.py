"""Papers as tagged, archivable PDFs (PDF/A-3a, PDF/UA-1)."""

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import typst

from schoolkeeper.reporting.glyphs import font_folder, printable


def typeset(
    template: Path, fields: Mapping[str, Any], made_at: datetime, *, as_it_is: Collection[str] = ()
) -> bytes:
    """The PDF. Texts reach the typesetter as data and are never read as its language.

    The template finds the fields as JSON in `sys.inputs.paper`, with `made_at` as its numbers from year to second.
    What is called as in `as_it_is`, at whatever depth, nobody reads as text (drawings, attachments); of all other
    text what the font lacks is written out.
    """
    data = {**_showable(fields, as_it_is), "made_at": list(made_at.timetuple()[:6])}
    compiler = typst.Compiler(input=template.read_bytes(), font_paths=_fonts(), ignore_system_fonts=True)
    pdf = compiler.compile(
        format="pdf",
        sys_inputs={"paper": json.dumps(data)},
        pdf_standards=["a-3a", "ua-1"],
        timestamp=int(made_at.timestamp()),
    )
    assert isinstance(pdf, bytes)
    return pdf


@cache
def _fonts() -> typst.Fonts:
    """Only the font that we bring, so that the same paper looks the same on every machine."""
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(font_folder())])


def _showable(value: Any, as_it_is: Collection[str]) -> Any:
    match value:
        case str():
            return printable(value)
        case list() | tuple():
            return [_showable(item, as_it_is) for item in value]
        case dict():
            return {key: item if key in as_it_is else _showable(item, as_it_is) for key, item in value.items()}
        case _:
            return value
