"""The report as a PDF with the ledger's signed head attached."""

from dataclasses import asdict
from pathlib import Path

from schoolkeeper.reporting.status.paper import Paper
from schoolkeeper.reporting.typesetting import typeset

_TEMPLATE = Path(__file__).with_name("status.typ")


def render(paper: Paper) -> bytes:
    """The PDF, made when the report was."""
    return typeset(_TEMPLATE, asdict(paper), paper.made_at, as_it_is=("attachment", "svg"))
