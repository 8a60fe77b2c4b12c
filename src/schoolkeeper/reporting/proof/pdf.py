"""The page as a PDF with the signed evidence attached."""

from dataclasses import asdict
from pathlib import Path

from schoolkeeper.reporting.proof.content import Page
from schoolkeeper.reporting.typesetting import typeset

_TEMPLATE = Path(__file__).with_name("proof.typ")


def render(page: Page) -> bytes:
    """The PDF, made at the moment that the evidence gives."""
    return typeset(_TEMPLATE, asdict(page), page.made_at, as_it_is=("attachment", "trend"))
