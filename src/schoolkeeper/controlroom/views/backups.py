from datetime import datetime

from django.http import Http404, HttpRequest
from django.template.response import TemplateResponse
from django.utils import timezone

from schoolkeeper.controlroom import wording
from schoolkeeper.controlroom.queries import backups, findings
from schoolkeeper.controlroom.queries.findings import FindingRow
from schoolkeeper.controlroom.queries.names import Names
from schoolkeeper.controlroom.queries.paging import Slice, cut, cut_list
from schoolkeeper.controlroom.queries.standing import Standing, standings
from schoolkeeper.controlroom.wording import Word
from schoolkeeper.kernel.finding import Level
from schoolkeeper.records.findings import open_findings

_ORDER = {"bad": 0, "unknown": 1, "warn": 2, "good": 3}
_THREE_TWO_ONE = "backup.verify.three_two_one"


def show(request: HttpRequest) -> TemplateResponse:
    """Where each system stands, and the newest sets of all."""
    names, now, system = Names(), timezone.now(), request.GET.get("system", "")
    standing = sorted(standings(names, now, system), key=_worst_first)
    page = cut(backups.listed(system), request.GET.get("page", ""), size=20)
    context = {
        "standing": cut_list(standing, request.GET.get("standing", ""), size=20),
        "slice": Slice(backups.rows(page.items, names), page.number, page.has_next),
        "systems": names.choices(),
        "wanted": {"system": system},
    }
    return TemplateResponse(request, "controlroom/backups.html", context)


def of_system(request: HttpRequest, slug: str) -> TemplateResponse:
    """The backups of one system against its targets, and its sets."""
    names, now = Names(), timezone.now()
    standing = one_standing(names, now, slug)
    removed = request.GET.get("removed") == "yes"
    page = cut(backups.listed(slug, removed=removed), request.GET.get("page", ""), size=20)
    records = open_findings().filter(system=slug, task__startswith="backup.").order_by("-level", "-last_seen")
    found = findings.rows(records, names)
    copies = next((one for one in found if one.code == _THREE_TWO_ONE), None)
    context = {
        "title": f"Backups of {standing.system.name}",
        "standing": standing,
        "slice": Slice(backups.rows(page.items, names), page.number, page.has_next),
        "removed": removed,
        "findings": found,
        "copies": copies,
        "copies_word": _copies_word(standing, copies),
    }
    return TemplateResponse(request, "controlroom/system_backups.html", context)


def one_standing(names: Names, now: datetime, slug: str) -> Standing:
    """How the backups of this system stand. Raises Http404."""
    found = standings(names, now, slug)
    if not found:
        raise Http404(f"There is no system {slug} in our care.")
    return found[0]


def _worst_first(standing: Standing) -> tuple[int, str]:
    return _ORDER[standing.proof.word.tone], standing.system.name


def _copies_word(standing: Standing, finding: FindingRow | None) -> Word:
    """Whether the 3-2-1 rule is kept, which is looked at when the store is read back."""
    if finding is not None:
        return wording.LEVELS[Level(finding.level)]
    return wording.COPIES_KEPT if standing.verification else wording.COPIES_UNKNOWN
