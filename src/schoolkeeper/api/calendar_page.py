"""The address of a calendar feed: who knows it may read it, so it tells nothing when it is wrong."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from schoolkeeper.api import feeds
from schoolkeeper.api.calendar_text import Content


@csrf_exempt
@require_safe
def calendar(request: HttpRequest, token: str) -> HttpResponseBase:
    """The feed as text/calendar; 304 for who has it already. Raises Http404 for a token that is not good."""
    feed = feeds.behind(token)
    if feed is None:
        raise Http404("There is no such calendar.")
    content = Content.of(feed, timezone.now())
    tag = f'"{content.tag}"'
    answer: HttpResponseBase | None = get_conditional_response(request, etag=tag)
    if answer is None:
        answer = HttpResponse(content.text(), content_type="text/calendar; charset=utf-8")
        answer.headers["Content-Disposition"] = 'inline; filename="schoolkeeper.ics"'
    answer.headers["ETag"] = tag
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer
