import tempfile
from pathlib import Path

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect

from schoolkeeper.kernel.errors import Invalid, Refused
from schoolkeeper.records.evidence import vouch
from schoolkeeper.records.models import EvidenceRecord
from schoolkeeper.reporting.proof import write_proof


def signed(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Evidence as a signed file that an auditor verifies offline."""
    record = get_object_or_404(EvidenceRecord.objects.select_related("run"), pk=pk)
    try:
        line = vouch(record, settings.SCHOOLKEEPER_HOME, settings.SCHOOLKEEPER_INSTANCE).line()
    except Refused as refused:
        return _refused(request, record, str(refused))
    return _file(line, "application/json", f"{_name(record)}.json")


def pdf(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The page of a proof, with the signed evidence attached."""
    record = get_object_or_404(EvidenceRecord.objects.select_related("run"), pk=pk, kind="proof")
    with tempfile.TemporaryDirectory(prefix="schoolkeeper-proof-") as folder:
        page = Path(folder) / "proof.pdf"
        try:
            write_proof(record, page)
        except (Refused, Invalid) as error:
            return _refused(request, record, str(error))
        return _file(page.read_bytes(), "application/pdf", f"{_name(record)}.pdf")


def _refused(request: HttpRequest, record: EvidenceRecord, why: str) -> HttpResponseBase:
    messages.error(request, why)
    return redirect("admin:run", pk=record.run_id)


def _file(content: bytes, kind: str, name: str) -> HttpResponse:
    return HttpResponse(
        content, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def _name(record: EvidenceRecord) -> str:
    """A file name made of nothing that a header or a file system could take for something else."""
    said = f"{record.system}-{record.kind}-{record.key}-run-{record.run_id}"
    return "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-.") else "-" for letter in said)
