from __future__ import annotations

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from smart_erp.academics.access import own_students
from smart_erp.academics.models import TimetableSlot
from smart_erp.people.roles import Role, requires

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
PERIODS = ("8:15", "8:30", "9:25", "10:20", "11:30", "12:25")


@requires(Role.STUDENT, Role.PARENT, Role.TEACHER)
def page(request: HttpRequest) -> HttpResponse:
    """The week of the signed-in student or teacher, or of one child of a parent."""
    family = list(own_students(request))
    chosen = next(
        (one for one in family if str(one.pk) == request.GET.get("student")), family[0] if family else None
    )
    whose = Q(section__enrolments__student=chosen) if chosen else Q(section__teacher__user=request.user.pk)
    slots = TimetableSlot.objects.filter(whose).select_related("section__course", "section__teacher", "room")
    grid = {(slot.period, slot.weekday): slot for slot in slots}
    rows = [
        {"time": time, "slots": [grid.get((period, weekday)) for weekday in range(1, len(WEEKDAYS) + 1)]}
        for period, time in enumerate(PERIODS)
    ]
    context = {"rows": rows, "weekdays": WEEKDAYS, "family": family, "chosen": chosen}
    return render(request, "academics/timetable.html", context)
