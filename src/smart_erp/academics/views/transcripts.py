from __future__ import annotations

from decimal import Decimal

from django.db.models import DecimalField, F, Func, Sum
from django.db.models.functions import Round
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from smart_erp.academics.access import visible_students

GRADE = DecimalField(max_digits=5, decimal_places=2)


def page(request: HttpRequest, pk: int) -> HttpResponse:
    """What a student has achieved: computed by the database from the single scores, and the mean by credits."""
    student = get_object_or_404(visible_students(request), pk=pk)
    computed = Func(F("pk"), function="weighted_grade", output_field=GRADE)
    graded = student.enrolments.annotate(computed=computed).filter(computed__isnull=False)
    credits = Sum("section__course__credits")
    average: Decimal | None = graded.aggregate(
        average=Round(Sum(F("computed") * F("section__course__credits"), output_field=GRADE) / credits, 2)
    )["average"]
    context = {
        "student": student,
        "enrolments": graded.select_related("section__course", "section__school_year").order_by(
            "section__school_year__starts_on", "section__course__code"
        ),
        "credits": graded.aggregate(credits=credits)["credits"],
        "average": average,
    }
    return render(request, "academics/transcript.html", context)
