from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string


@login_not_required
def server_error(request: HttpRequest) -> HttpResponse:
    """The page for failures; drawn without the request, whose session may be what failed."""
    return HttpResponse(render_to_string("500.html", {"school": settings.SCHOOL}), status=500)
