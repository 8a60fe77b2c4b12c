"""What every page shows: the school, and the places that the user's roles may go to."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from smart_erp.people.roles import Role, roles_of

OFFICE = {Role.ADMINISTRATOR, Role.REGISTRAR}
FAMILY = {Role.STUDENT, Role.PARENT}
PLACES: tuple[tuple[str, str, set[Role]], ...] = (
    ("dashboard", "Home", set(Role)),
    ("students", "Students", OFFICE | {Role.TEACHER}),
    ("timetable", "Timetable", FAMILY | {Role.TEACHER}),
    ("fees", "Fees", FAMILY | {Role.ACCOUNTANT, Role.ADMINISTRATOR}),
    ("excuses", "Excuses", OFFICE | {Role.PARENT, Role.TEACHER}),
    ("announcements", "Announcements", set(Role)),
    ("admin:index", "Records", OFFICE | {Role.ACCOUNTANT}),
)


def context(request: HttpRequest) -> dict[str, object]:
    """Template context of every page; asks for roles only where the user is known to be signed in."""
    base = {"school": settings.SCHOOL, "release": settings.RELEASE.version}
    if not hasattr(request, "user") or not request.user.is_authenticated:
        return base
    roles = roles_of(request)
    places = [
        {"url": reverse(name), "title": title, "here": request.path == reverse(name)}
        for name, title, allowed in PLACES
        if roles & allowed and (name != "excuses" or "excuses" in settings.RELEASE.features)
    ]
    return base | {"places": places, "role_names": ", ".join(sorted(roles))}
