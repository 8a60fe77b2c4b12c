"""The roles of the ERP, which are Django groups, and what each may do in the admin."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import wraps

from django.contrib.auth.models import Group, Permission
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

View = Callable[..., HttpResponse]


class Role(StrEnum):
    ADMINISTRATOR = "administrator"
    REGISTRAR = "registrar"
    TEACHER = "teacher"
    STUDENT = "student"
    PARENT = "parent"
    ACCOUNTANT = "accountant"


# Models that a role may view, add and change in the admin; administrators are superusers and need no list.
ADMIN_MODELS = {
    Role.REGISTRAR: {
        "campus": {"announcement"},
        "people": {"student", "guardian", "guardianship", "staff"},
        "academics": {"programme", "course", "section", "room", "timetableslot", "enrolment", "schoolyear"},
        "excuses": {"attendanceexcuse"},
    },
    Role.ACCOUNTANT: {"finance": {"invoice", "invoiceline", "payment"}},
}


def grant_permissions() -> None:
    """Create the six groups and give each the permissions of ADMIN_MODELS that exist in this schema."""
    for role in Role:
        group, _ = Group.objects.get_or_create(name=role)
        wanted = [
            permission
            for app, models in ADMIN_MODELS.get(role, {}).items()
            for permission in Permission.objects.filter(
                content_type__app_label=app, content_type__model__in=models
            ).exclude(codename__startswith="delete_")
        ]
        group.permissions.set(wanted)


def roles_of(request: HttpRequest) -> frozenset[Role]:
    """The roles of the signed-in user, asked for once in a request."""
    known: frozenset[Role] | None = getattr(request, "smart_erp_roles", None)
    if known is None:
        groups = Group.objects.filter(user=request.user.pk, name__in=list(Role))
        known = frozenset(map(Role, groups.values_list("name", flat=True)))
        request.smart_erp_roles = known  # type: ignore[attr-defined]
    return known


def requires(*roles: Role) -> Callable[[View], View]:
    """Only users with one of `roles` may open the decorated page; others get 403."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
            if roles_of(request).isdisjoint(roles):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return guarded

    return decorate
