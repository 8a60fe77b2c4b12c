from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils import timezone

from schoolkeeper.controlroom.queries import backups
from schoolkeeper.controlroom.queries.names import Names
from schoolkeeper.controlroom.queries.paging import Slice, cut, cut_list
from schoolkeeper.controlroom.queries.proofs import newest_proofs
from schoolkeeper.estate.models import SystemRecord
from schoolkeeper.records.models import EvidenceRecord

_ORDER = {"bad": 0, "unknown": 1, "warn": 2, "good": 3}


def show(request: HttpRequest) -> TemplateResponse:
    """Where each system stands, and the newest sets."""
    names, system = Names(), request.GET.get("system", "")
    rpo = dict(SystemRecord.objects.values_list("slug", "definition__rpo"))
    proofs = newest_proofs({slug: rpo[slug] for slug in rpo if system in ("", slug)}, timezone.now())
    standing = [(names[slug], proof) for slug, proof in proofs.items()]
    standing.sort(key=lambda pair: (_ORDER[pair[1].word.tone], pair[0].name))
    records = EvidenceRecord.objects.filter(kind="backup-set").order_by("-at")
    if system:
        records = records.filter(system=system)
    page = cut(records, request.GET.get("page", ""), size=20)
    context = {
        "standing": cut_list(standing, request.GET.get("standing", ""), size=20),
        "slice": Slice(backups.rows(page.items, names), page.number, page.has_next),
        "systems": names.choices(),
        "wanted": {"system": system},
    }
    return TemplateResponse(request, "controlroom/backups.html", context)
