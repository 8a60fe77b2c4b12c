from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from smart_erp.academics.access import own_students, taught_sections, visible_sections, visible_students
from smart_erp.academics.models import Assignment, Enrolment, Grade, Section, Submission
from smart_erp.campus import storage
from smart_erp.people.roles import Role, requires, roles_of


def page(request: HttpRequest, pk: int) -> HttpResponse:
    """A course page: its work, and for families how their own did; for the teacher the class."""
    section = get_object_or_404(visible_sections(request), pk=pk)
    teaches = taught_sections(request).filter(pk=pk).exists()
    context = {
        "section": section,
        "teaches": teaches,
        "size": section.enrolments.count(),
        "own": [_own_work(section, enrolment) for enrolment in _own_enrolments(request, section)],
        "may_hand_in": Role.STUDENT in roles_of(request),
    }
    if teaches or not context["own"]:
        context["assignments"] = section.assignments.annotate(handed_in=Count("submissions"))
        context["enrolments"] = (
            section.enrolments.filter(student__in=visible_students(request))
            .select_related("student")
            .order_by("student__last_name", "student__first_name")
        )
    return render(request, "academics/section.html", context)


def _own_enrolments(request: HttpRequest, section: Section) -> list[Enrolment]:
    own = Enrolment.objects.filter(section=section, student__in=own_students(request))
    return list(own.select_related("student"))


def _own_work(section: Section, enrolment: Enrolment) -> dict[str, object]:
    """The assignments of the section with the score and the submissions of one student."""
    scores = dict(Grade.objects.filter(enrolment=enrolment).values_list("assignment_id", "score"))
    handed_in: dict[int, list[Submission]] = {}
    for submission in Submission.objects.filter(enrolment=enrolment).select_related("upload"):
        handed_in.setdefault(submission.assignment_id, []).append(submission)
    work = [
        {"assignment": one, "score": scores.get(one.pk), "submissions": handed_in.get(one.pk, [])}
        for one in section.assignments.all()
    ]
    return {"enrolment": enrolment, "work": work}


@require_POST
@requires(Role.STUDENT)
def hand_in(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a file for an assignment; it may be handed in again, and all versions are kept."""
    mine = Enrolment.objects.filter(student__user=request.user.pk)
    assignment = get_object_or_404(
        Assignment.objects.filter(takes_files=True, section__enrolments__in=mine).distinct(), pk=pk
    )
    file = request.FILES.get("file")
    try:
        if file is None:
            raise ValidationError("Choose a file first.")
        storage.validate(file)
    except ValidationError as error:
        messages.error(request, error.messages[0])
        return redirect("section", assignment.section_id)
    enrolment = mine.get(section=assignment.section_id)
    with transaction.atomic():
        upload = storage.store(file, "submissions", request.user.pk)
        Submission.objects.create(assignment=assignment, enrolment=enrolment, upload=upload)
    messages.success(request, f"Handed in: {assignment.title}.")
    return redirect("section", assignment.section_id)
