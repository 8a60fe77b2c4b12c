from __future__ import annotations

from decimal import Decimal, InvalidOperation

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from smart_erp.academics.access import taught_sections
from smart_erp.academics.models import Assignment, Enrolment, Grade
from smart_erp.people.models import Staff
from smart_erp.people.roles import Role, requires

CENT = Decimal("0.01")


@requires(Role.TEACHER)
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """All scores of a section, to read and to write. Final grades follow by themselves, in the database."""
    section = get_object_or_404(taught_sections(request), pk=pk)
    assignments = list(section.assignments.all())
    enrolments = list(section.enrolments.select_related("student").order_by("student__last_name", "pk"))
    known = {
        (enrolment, assignment): score
        for enrolment, assignment, score in Grade.objects.filter(assignment__section=section).values_list(
            "enrolment_id", "assignment_id", "score"
        )
    }
    if request.method == "POST":
        changed, refused = _changes(request, enrolments, assignments, known)
        _save(request, changed)
        if refused:
            messages.error(
                request, f"{refused} entries were not numbers from 0 to 100 and were left as they were."
            )
        messages.success(request, f"Gradebook saved: {len(changed)} scores changed.")
        return redirect("gradebook", pk)
    rows = [
        {
            "enrolment": enrolment,
            "cells": [(one.pk, known.get((enrolment.pk, one.pk))) for one in assignments],
        }
        for enrolment in enrolments
    ]
    context = {"section": section, "assignments": assignments, "rows": rows}
    return render(request, "academics/gradebook.html", context)


def _changes(
    request: HttpRequest,
    enrolments: list[Enrolment],
    assignments: list[Assignment],
    known: dict[tuple[int, int], Decimal],
) -> tuple[dict[tuple[int, int], Decimal], int]:
    """Scores that differ from the known ones, and how many entries were no score."""
    changed: dict[tuple[int, int], Decimal] = {}
    refused = 0
    for cell in ((enrolment.pk, assignment.pk) for enrolment in enrolments for assignment in assignments):
        text = request.POST.get(f"score-{cell[0]}-{cell[1]}", "").strip()
        score = _score(text)
        if score is None:
            refused += bool(text)
        elif score != known.get(cell):
            changed[cell] = score
    return changed, refused


def _score(text: str) -> Decimal | None:
    try:
        score = Decimal(text.replace(",", ".")).quantize(CENT)
    except InvalidOperation:
        return None
    return score if score.is_finite() and 0 <= score <= 100 else None


def _save(request: HttpRequest, changed: dict[tuple[int, int], Decimal]) -> None:
    teacher = Staff.objects.get(user=request.user.pk)
    now = timezone.now()
    grades = [
        Grade(enrolment_id=enrolment, assignment_id=assignment, score=score, graded_by=teacher, graded_at=now)
        for (enrolment, assignment), score in changed.items()
    ]
    with transaction.atomic():
        Grade.objects.bulk_create(
            grades,
            update_conflicts=True,
            unique_fields=["assignment", "enrolment"],
            update_fields=["score", "graded_by", "graded_at"],
        )
