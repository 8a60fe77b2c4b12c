from __future__ import annotations

from datetime import date

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date

from smart_erp.academics.access import taught_sections
from smart_erp.academics.models import Attendance, Enrolment, Section
from smart_erp.people.models import Staff
from smart_erp.people.roles import Role, requires


@requires(Role.TEACHER)
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """The register of one day: who came, who was late, who was not there."""
    section = get_object_or_404(taught_sections(request), pk=pk)
    day = _chosen_day(request)
    enrolments = list(section.enrolments.select_related("student").order_by("student__last_name", "pk"))
    if request.method == "POST":
        _record(section, day, enrolments, request)
        messages.success(request, f"Attendance recorded for {day:%d.%m.%Y}.")
        return redirect(f"{reverse('attendance', args=[pk])}?date={day}")
    known = dict(
        Attendance.objects.filter(enrolment__section=section, held_on=day).values_list("enrolment_id", "mark")
    )
    rows = [(enrolment, known.get(enrolment.pk, Attendance.Mark.PRESENT)) for enrolment in enrolments]
    context = {
        "section": section,
        "day": day,
        "today": timezone.localdate(),
        "recorded": bool(known),
        "rows": rows,
        "marks": Attendance.Mark.choices,
    }
    return render(request, "academics/attendance.html", context)


def _chosen_day(request: HttpRequest) -> date:
    """The day asked for; today if there is none, or a date that is not one, or one in the future."""
    today = timezone.localdate()
    try:
        day = parse_date(request.POST.get("date") or request.GET.get("date") or "")
    except ValueError:
        day = None
    return min(day, today) if day else today


def _record(section: Section, day: date, enrolments: list[Enrolment], request: HttpRequest) -> None:
    teacher = Staff.objects.get(user=request.user.pk)
    now = timezone.now()
    marks = [
        Attendance(enrolment=enrolment, held_on=day, mark=mark, recorded_by=teacher, recorded_at=now)
        for enrolment in enrolments
        if (mark := request.POST.get(f"mark-{enrolment.pk}", "")) in Attendance.Mark.values
    ]
    with transaction.atomic():
        Attendance.objects.bulk_create(
            marks,
            update_conflicts=True,
            unique_fields=["enrolment", "held_on"],
            update_fields=["mark", "recorded_by", "recorded_at"],
        )
