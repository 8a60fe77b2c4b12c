"""Runbooks as HTML. HTML written inside them is shown as text."""

import re
from functools import lru_cache
from html import escape
from pathlib import Path

from django.utils.safestring import SafeString, mark_safe
from markdown import Markdown
from markdown.extensions.toc import TocExtension

_TITLE = re.compile(r"\A\s*# [^\n]*\n")


def render(path: Path) -> SafeString:
    """The page without its title, which the control room shows itself; sections of finding codes get an id."""
    return _render(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=256)
def _render(path: Path, _changed_at: int) -> SafeString:
    engine = Markdown(
        extensions=["fenced_code", "tables", "sane_lists", TocExtension(slugify=_slug)], output_format="html"
    )
    # Without these two, markup in the text is escaped instead of passed through.
    engine.preprocessors.deregister("html_block")
    engine.inlinePatterns.deregister("html")
    text = _TITLE.sub("", path.read_text(encoding="utf-8"))
    return mark_safe(engine.convert(text))  # noqa: S308  # ours, and its raw HTML is escaped


def _slug(title: str, separator: str) -> str:
    return escape(re.sub(r"[^a-z0-9_]+", separator, title.lower()).strip(separator))
