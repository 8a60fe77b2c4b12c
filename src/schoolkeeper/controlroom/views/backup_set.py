from django.http import Http404, HttpRequest
from django.template.response import TemplateResponse

from schoolkeeper.controlroom.queries import backup_set, backups, drill, recovery
from schoolkeeper.controlroom.queries.names import Names
from schoolkeeper.controlroom.queries.tasks import spec_of


def show(request: HttpRequest, slug: str, key: str) -> TemplateResponse:
    """One set in full."""
    names = Names()
    row = backup_set.find(slug, key, names)
    if row is None:
        raise Http404(f"The records know no backup {key} of {slug}.")
    proofs = backups.proofs_of(slug, key)
    found = backup_set.about(slug, key, [row.run, *(proof.run for proof in proofs)], names)
    context = {
        "title": f"Backup {key}",
        "set": row,
        "completed_at": backup_set.taken_by(row),
        "parts": backup_set.parts(row),
        "remarks": list(backup_set.remarks(row)),
        "versions": backup_set.versions(row, proofs),
        "openers": backup_set.openers(slug, found),
        "proofs": [(proof, drill.phases_of(proof.reading)) for proof in proofs],
        "findings": found,
        "can_prove": row.system.in_care and row.removed_at is None and spec_of(drill.TASK) is not None,
        "can_recover": row.system.in_care and row.removed_at is None and bool(recovery.choices()),
    }
    return TemplateResponse(request, "controlroom/backup_set.html", context)
