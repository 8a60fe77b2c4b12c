from __future__ import annotations

from django.core.cache import cache
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from smart_erp.campus.models import Announcement
from smart_erp.people.roles import Role, roles_of


def announcements_for(request: HttpRequest) -> list[Announcement]:
    """What the user's roles may read, newest first; kept in the cache for a minute."""
    roles = sorted(roles_of(request))
    key = "announcements:" + ",".join(roles)
    known: list[Announcement] | None = cache.get(key)
    if known is None:
        readable = Announcement.objects.all()
        if Role.ADMINISTRATOR not in roles:
            readable = readable.filter(Q(audience=None) | Q(audience__name__in=roles))
        known = list(readable.select_related("audience")[:50])
        cache.set(key, known)
    return known


def page(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/announcements.html", {"announcements": announcements_for(request)})
