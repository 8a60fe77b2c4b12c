"""The first page after sign-in: for each role of the user, what matters today."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Avg, Count, F, Q, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from smart_erp.academics.access import own_students, taught_sections
from smart_erp.academics.models import Attendance, Section, Submission
from smart_erp.campus.health import schema_release
from smart_erp.finance.models import FeeBalance, Invoice, Payment
from smart_erp.people.models import Guardian, Staff, Student
from smart_erp.people.roles import Role, roles_of
from smart_erp.portal.announcements import announcements_for

MISSED = Q(enrolments__attendance__mark__in=["absent", "excused"])


def page(request: HttpRequest) -> HttpResponse:
    roles = roles_of(request)
    context: dict[str, object] = {"announcements": announcements_for(request)[:4]}
    if roles & {Role.STUDENT, Role.PARENT}:
        context["children"] = _children(request)
    if Role.TEACHER in roles:
        context["teaching"] = _teaching(request)
    if Role.ACCOUNTANT in roles:
        context["money"] = _money()
    if roles & {Role.ADMINISTRATOR, Role.REGISTRAR}:
        context["figures"] = _figures()
    return render(request, "portal/dashboard.html", context)


def _children(request: HttpRequest) -> list[dict[str, object]]:
    """For the student, or each child of the parent: sections with grades, days missed, money owed."""
    students = own_students(request).annotate(missed_days=Count("enrolments__attendance", filter=MISSED))
    balances = {
        balance.student_id: balance for balance in FeeBalance.objects.filter(student__in=own_students(request))
    }
    return [
        {
            "student": student,
            "missed_days": student.missed_days,
            "mean": student.enrolments.aggregate(mean=Avg("final_grade"))["mean"],
            "balance": balances.get(student.pk),
            "enrolments": student.enrolments.select_related("section__course", "section__teacher").order_by(
                "section__course__code"
            ),
        }
        for student in students
    ]


def _teaching(request: HttpRequest) -> dict[str, object]:
    week_ago = timezone.now() - timedelta(days=7)
    sections = taught_sections(request).annotate(size=Count("enrolments"))
    recent = Submission.objects.filter(assignment__section__teacher__user=request.user.pk)
    return {
        "sections": sections,
        "recent": recent.select_related("assignment__section__course", "enrolment__student").order_by(
            "-handed_in_at"
        )[:6],
        "recent_count": recent.filter(handed_in_at__gte=week_ago).count(),
    }


def _money() -> dict[str, object]:
    sums = Invoice.objects.aggregate(invoiced=Sum("total_amount"), paid=Sum("paid_amount"))
    late = Invoice.objects.filter(due_on__lt=timezone.localdate(), paid_amount__lt=F("total_amount"))
    return sums | {
        "open": (sums["invoiced"] or 0) - (sums["paid"] or 0),
        "late_count": late.count(),
        "payments": Payment.objects.select_related("invoice__student").order_by("-booked_at")[:8],
    }


def _figures() -> dict[str, object]:
    last_day = Attendance.objects.order_by("-held_on").values_list("held_on", flat=True).first()
    marks = Attendance.objects.filter(held_on=last_day) if last_day else Attendance.objects.none()
    present = marks.filter(mark__in=["present", "late"]).count()
    total = marks.count()
    return {
        "counts": [
            ("Students", Student.objects.filter(status=Student.Status.ACTIVE).count()),
            ("Guardians", Guardian.objects.count()),
            ("Staff", Staff.objects.count()),
            ("Sections", Section.objects.count()),
        ],
        "last_day": last_day,
        "present_percent": 100 * present / total if total else None,
        "schema": schema_release(),
    }
