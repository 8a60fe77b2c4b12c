import tempfile
from typing import Any

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.utils import timezone

from schoolkeeper.controlroom import wording
from schoolkeeper.controlroom.describe import describe
from schoolkeeper.controlroom.queries import ledger as query
from schoolkeeper.controlroom.queries.names import Names
from schoolkeeper.controlroom.queries.paging import Slice, cut
from schoolkeeper.ledger.report import Report
from schoolkeeper.records import ledger
from schoolkeeper.records.models import LedgerEntry


def show(request: HttpRequest) -> TemplateResponse:
    """The ledger, newest first."""
    return TemplateResponse(request, "controlroom/ledger.html", _context(request))


def verify_now(request: HttpRequest) -> TemplateResponse:
    """Verify everything, say what was found, and note in the ledger that somebody did."""
    report = query.verify_table(settings.SCHOOLKEEPER_HOME, settings.SCHOOLKEEPER_INSTANCE)
    ledger.append(
        "ledger.verified",
        actor=request.user.get_username(),
        data={"ok": report.ok, "entries": report.entries, "faults": len(report.faults) + report.more_faults},
    )
    return TemplateResponse(request, "controlroom/ledger.html", _context(request, report))


def export(request: HttpRequest) -> HttpResponseBase:
    """The whole ledger as a file that can be verified without us."""
    ledger.append("ledger.exported", actor=request.user.get_username())
    stream = tempfile.TemporaryFile()  # noqa: SIM115  # the response closes it when it has been sent
    ledger.write_export(settings.SCHOOLKEEPER_HOME, settings.SCHOOLKEEPER_INSTANCE, stream)
    stream.seek(0)
    name = f"{settings.SCHOOLKEEPER_INSTANCE}-ledger-{timezone.now():%Y%m%d-%H%M%S}.jsonl"
    return FileResponse(stream, as_attachment=True, filename=name, content_type="application/jsonl")


def _context(request: HttpRequest, report: Report | None = None) -> dict[str, Any]:
    names = Names()
    wanted = {name: request.GET.get(name, "") for name in ("system", "kind")}
    chosen = {name: value for name, value in wanted.items() if value}
    page = cut(LedgerEntry.objects.filter(**chosen).order_by("-sequence"), request.GET.get("page", ""))
    entries = [
        (entry, wording.LEDGER_KINDS.get(entry.kind, entry.kind), names[entry.system], describe(entry.data))
        for entry in page
    ]
    return {
        "title": "Ledger",
        "slice": Slice(entries, page.number, page.has_next),
        "wanted": wanted,
        "systems": names.choices(),
        "kinds": wording.LEDGER_KINDS.items(),
        "verification": query.last_verification(),
        "report": report,
    }
