"""The report as one HTML page that needs nothing else: no network, no script, no font."""

from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from django.template import Context, Engine, Template
from django.utils.safestring import mark_safe

from schoolkeeper.reporting.glyphs import visible
from schoolkeeper.reporting.status.paper import Paper


def render(paper: Paper) -> bytes:
    """The page, UTF-8. Every text of the report is escaped; only the drawings are markup."""
    data = {name: _readable(value) for name, value in asdict(paper).items() if name != "attachment"}
    context = Context({"paper": data, "attachment": paper.attachment})
    return _template().render(context).encode()


@cache
def _template() -> Template:
    return Engine(dirs=[str(Path(__file__).parent)]).get_template("status.html")


def _readable(value: Any) -> Any:
    match value:
        case str():
            return visible(value)
        case list() | tuple():
            return [_readable(item) for item in value]
        case {"svg": drawing, **rest}:
            # Made by us, with the texts in it escaped by the drawing library.
            return {**_readable(rest), "svg": mark_safe(drawing)}  # noqa: S308
        case {"columns": columns, "rows": rows, **rest}:
            pairs = [list(zip(_readable(columns), _readable(row), strict=True)) for row in rows]
            return {**_readable(rest), "columns": _readable(columns), "rows": pairs}
        case dict():
            return {key: _readable(item) for key, item in value.items()}
        case _:
            return value
