"""The page of a proof: one backup set, whether it restores, and how anyone can check that this was found out.

`reading` takes from the evidence what is there, `collect` adds what the records know around it, `content` puts
that into words (a `Page`), `pdf` shows it. Same records give the same bytes.
"""

from pathlib import Path

from django.conf import settings

from schoolkeeper.ledger.evidence import SignedEvidence
from schoolkeeper.records.evidence import vouch
from schoolkeeper.records.models import EvidenceRecord
from schoolkeeper.reporting.proof import collect, content, pdf

__all__ = ["write_proof"]


def write_proof(record: EvidenceRecord, path: Path) -> SignedEvidence:
    """Write the page of a proof as PDF, with the signed evidence attached as `evidence.json`.

    Raises Refused when the evidence was altered since it was kept, and OSError when the file cannot be written.
    """
    signed = vouch(record, settings.SCHOOLKEEPER_HOME, settings.SCHOOLKEEPER_INSTANCE)
    page = content.page(collect.collect(record, signed))
    path.write_bytes(pdf.render(page))
    return signed
