"""Making, finding and revoking the secret addresses of calendar feeds, each with its entry in the ledger."""

import hashlib
import secrets
from collections.abc import Iterator
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from schoolkeeper.api.models import CalendarFeed
from schoolkeeper.calendars.scope import faults_of
from schoolkeeper.kernel.errors import Invalid, Refused
from schoolkeeper.programme.models import Entry
from schoolkeeper.records import ledger


@transaction.atomic
def make(
    *, institution: str = "", person: str = "", daily: bool = True, by: str, now: datetime
) -> tuple[CalendarFeed, str]:
    """A new feed with its token in clear: this is the only time that anybody sees it. Raises Invalid."""
    if faults := list(_faults(institution, person)):
        raise Invalid("calendar feed", faults)
    token = secrets.token_urlsafe(32)
    feed = CalendarFeed.objects.create(
        institution=institution, person=person, daily=daily, digest=_digest(token), made_by=by, made_at=now
    )
    _note("feed.made", feed, by)
    return feed, token


@transaction.atomic
def revoke(number: int, *, by: str, now: datetime) -> CalendarFeed:
    """Make a feed's address worthless at once. Raises Refused when there is none of this number."""
    feed = CalendarFeed.objects.select_for_update().filter(pk=number, revoked_at=None).first()
    if feed is None:
        raise Refused(f"There is no calendar feed {number} that is still good.")
    feed.revoked_at = now
    feed.save(update_fields=["revoked_at"])
    _note("feed.revoked", feed, by)
    return feed


def revoke_with_account(sender: type[User], instance: User, **signal: object) -> None:
    """Revoke the feeds of a person whose account is deleted: later they could not be told from those of people who
    never had one."""
    feeds = CalendarFeed.objects.filter(person=instance.username, revoked_at=None)
    for number in feeds.values_list("pk", flat=True):
        revoke(number, by="schoolkeeper", now=timezone.now())


def behind(token: str) -> CalendarFeed | None:
    """The feed of a token; None when it is unknown or revoked, or its person may not sign in any more."""
    feed = CalendarFeed.objects.filter(digest=_digest(token), revoked_at=None).first()
    if feed is None or User.objects.filter(username=feed.person, is_active=False).exists():
        return None
    return feed


def address(token: str) -> str:
    """Where the feed is, below the address of the control room."""
    return f"/calendar/{token}.ics"


def _faults(institution: str, person: str) -> Iterator[str]:
    if bool(institution) == bool(person):
        yield "institution: name an institution or a person"
    yield from faults_of("", institution)
    if person and not (
        User.objects.filter(username=person).exists()
        or Entry.objects.filter(Q(owner=person) | Q(deputy=person), retired_at=None).exists()
    ):
        yield f"person: nobody signs in as {person!r}, and no entry of a programme is theirs"


def _digest(token: str) -> str:
    """Tokens are long and random, so a plain hash is as good as a slow one."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def _note(kind: str, feed: CalendarFeed, by: str) -> None:
    data = {"feed": feed.pk, "institution": feed.institution, "person": feed.person}
    ledger.append(kind, actor=by, subject=str(feed), data=data)
