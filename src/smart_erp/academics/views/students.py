from __future__ import annotations

from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from smart_erp.academics.access import visible_students
from smart_erp.academics.models import Attendance
from smart_erp.people.roles import Role, requires

PAGE_SIZE = 30


@requires(Role.ADMINISTRATOR, Role.REGISTRAR, Role.TEACHER)
def listing(request: HttpRequest) -> HttpResponse:
    students = visible_students(request).select_related("photo")
    wanted = request.GET.get("q", "").strip()
    for word in wanted.split()[:4]:
        students = students.filter(
            Q(first_name__istartswith=word) | Q(last_name__istartswith=word) | Q(number__iexact=word)
        )
    page = Paginator(students, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "people/students.html", {"page": page, "wanted": wanted})


def record(request: HttpRequest, pk: int) -> HttpResponse:
    """Grades and attendance of one student, for those who may see them."""
    student = get_object_or_404(visible_students(request).select_related("photo"), pk=pk)
    enrolments = student.enrolments.select_related("section__course", "section__teacher")
    marks = Attendance.objects.filter(enrolment__student=student)
    tally = dict(marks.order_by().values_list("mark").annotate(Count("id")))
    context = {
        "student": student,
        "guardians": student.guardians.all(),
        "enrolments": enrolments.order_by("section__course__code"),
        "tally": [(label, tally.get(mark, 0)) for mark, label in Attendance.Mark.choices],
        "missed": marks.filter(mark__in=["absent", "excused"]).order_by("-held_on")[:10],
    }
    return render(request, "people/student.html", context)
