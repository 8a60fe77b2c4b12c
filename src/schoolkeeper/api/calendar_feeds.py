"""Calendar feeds: making and revoking their secret addresses."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Status

from schoolkeeper.api import feeds
from schoolkeeper.api.access import may, may_for, who
from schoolkeeper.api.inputs import FeedRequest, Number
from schoolkeeper.api.models import CalendarFeed
from schoolkeeper.api.problems import PROBLEMS, row_of
from schoolkeeper.api.programme_answers import FeedAnswer, NewFeedAnswer
from schoolkeeper.controlroom import roles

router = Router(tags=["calendar feeds"])


@router.get("/feeds", response={200: list[FeedAnswer], **PROBLEMS})
def all_feeds(request: HttpRequest) -> Any:
    """The feeds that you made, or all as an administrator; their addresses are shown once and never again."""
    may(request, roles.SEE)
    rows = CalendarFeed.objects.filter(revoked_at=None)
    return list(rows if request.user.has_perm("auth.change_user") else rows.filter(made_by=who(request)))


@router.post("/feeds", response={201: NewFeedAnswer, **PROBLEMS})
def make(request: HttpRequest, body: FeedRequest) -> Any:
    """Make a feed of an institution or of a person: of yourself, or of anybody as an administrator."""
    may(request, roles.SEE)
    if body.person:
        may_for(request, body.person)
    feed, token = feeds.make(**body.model_dump(), by=who(request), now=timezone.now())
    address = request.build_absolute_uri(feeds.address(token))
    return Status(201, NewFeedAnswer(**FeedAnswer.from_orm(feed).model_dump(), address=address))


@router.post("/feeds/{number}/revoke", response={200: FeedAnswer, **PROBLEMS})
def revoke(request: HttpRequest, number: Number) -> Any:
    """Make the address of a feed worthless at once: of one that you made or that is yours, or of any."""
    may(request, roles.SEE)
    feed = row_of(CalendarFeed, number)
    if who(request) not in (feed.made_by, feed.person):
        may_for(request, feed.made_by)
    return feeds.revoke(feed.pk, by=who(request), now=timezone.now())
