from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from smart_erp.academics.access import own_students, visible_students
from smart_erp.excuses.forms import ExcuseForm
from smart_erp.excuses.models import AttendanceExcuse
from smart_erp.people.models import Guardian
from smart_erp.people.roles import Role, requires, roles_of


@requires(Role.PARENT, Role.TEACHER, Role.REGISTRAR, Role.ADMINISTRATOR)
def listing(request: HttpRequest) -> HttpResponse:
    """Excuses of the students that one may see; parents file new ones here."""
    form = None
    if Role.PARENT in roles_of(request):
        form = ExcuseForm(own_students(request), request.POST or None)
        if request.method == "POST" and form.is_valid():
            excuse = form.save(commit=False)
            excuse.filed_by = Guardian.objects.get(user=request.user.pk)
            excuse.save()
            messages.success(request, "The excuse was sent to the office.")
            return redirect("excuses")
    excuses = AttendanceExcuse.objects.filter(student__in=visible_students(request))
    context = {
        "form": form,
        "excuses": excuses.select_related("student", "filed_by")[:60],
        "may_decide": Role.REGISTRAR in roles_of(request),
    }
    return render(request, "excuses/excuses.html", context)


@require_POST
@requires(Role.REGISTRAR)
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    waiting = AttendanceExcuse.objects.filter(status=AttendanceExcuse.Status.WAITING)
    excuse = get_object_or_404(waiting, pk=pk)
    accepted = request.POST.get("decision") == "accept"
    excuse.status = AttendanceExcuse.Status.ACCEPTED if accepted else AttendanceExcuse.Status.DECLINED
    excuse.decided_by_id = request.user.pk
    excuse.save(update_fields=["status", "decided_by"])
    messages.success(request, f"The excuse of {excuse.student} was {excuse.status}.")
    return redirect("excuses")
