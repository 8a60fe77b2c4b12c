"""Who may see which students, sections and files. Pages start from these, so a stranger's page is a 404."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from smart_erp.academics.models import Section
from smart_erp.campus.models import Upload
from smart_erp.people.models import Staff, Student
from smart_erp.people.roles import Role, roles_of

OFFICE = {Role.ADMINISTRATOR, Role.REGISTRAR}
NOBODY = Q(pk__in=[])


def visible_students(request: HttpRequest) -> QuerySet[Student]:
    """All for the office; those they teach for teachers; children for parents; oneself for a student."""
    roles, user = roles_of(request), request.user.pk
    if roles & OFFICE:
        return Student.objects.all()
    allowed = NOBODY
    if Role.STUDENT in roles:
        allowed |= Q(user=user)
    if Role.PARENT in roles:
        allowed |= Q(guardianship__guardian__user=user)
    if Role.TEACHER in roles:
        allowed |= Q(enrolments__section__teacher__user=user)
    return Student.objects.filter(pk__in=Student.objects.filter(allowed).values("pk"))


def visible_sections(request: HttpRequest) -> QuerySet[Section]:
    sections = Section.objects.select_related("course", "teacher", "school_year")
    if roles_of(request) & OFFICE:
        return sections
    attended = Section.objects.filter(enrolments__student__in=own_students(request)).values("pk")
    return sections.filter(Q(pk__in=attended) | Q(teacher__user=request.user.pk))


def own_students(request: HttpRequest) -> QuerySet[Student]:
    """The signed-in student, or the children of the signed-in parent."""
    user = request.user.pk
    family = Student.objects.filter(Q(user=user) | Q(guardianship__guardian__user=user))
    return Student.objects.filter(pk__in=family.values("pk"))


def taught_sections(request: HttpRequest) -> QuerySet[Section]:
    """Sections whose attendance and grades the user may write: a teacher's own."""
    return Section.objects.select_related("course", "teacher").filter(teacher__user=request.user.pk)


def visible_uploads(request: HttpRequest) -> QuerySet[Upload]:
    """One's own files, photos of staff, and the photos and submissions of students that one may see."""
    user = request.user.pk
    if Role.ADMINISTRATOR in roles_of(request):
        return Upload.objects.all()
    return Upload.objects.filter(
        Q(owner=user)
        | Q(submission__enrolment__section__teacher__user=user)
        | Q(submission__enrolment__student__in=own_students(request))
        | Q(pk__in=visible_students(request).values("photo"))
        | Q(pk__in=Staff.objects.values("photo"))
    )
