"""Making, finding and revoking tokens, each with its entry in the ledger."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction

from schoolkeeper.api.models import ApiToken
from schoolkeeper.kernel.errors import Invalid
from schoolkeeper.records import ledger

PREFIX = "sk_"


@transaction.atomic
def make(user: User, name: str, lifetime: timedelta, *, by: str, now: datetime) -> str:
    """A new token, in clear: this is the only time that anybody sees it."""
    token = PREFIX + secrets.token_urlsafe(32)
    record = ApiToken.objects.create(
        user=user, name=name, digest=_digest(token), created_at=now, expires_at=now + lifetime
    )
    _note("token.made", record, by)
    return token


@transaction.atomic
def revoke(number: int, *, by: str, now: datetime) -> ApiToken:
    """Make a token worthless at once. Raises Invalid when there is none of this number."""
    record = ApiToken.objects.select_for_update().filter(pk=number, revoked_at=None).first()
    if record is None:
        raise Invalid("token", [f"there is no token {number} that is still good: see `schoolkeeper users tokens`"])
    record.revoked_at = now
    record.save()
    _note("token.revoked", record, by)
    return record


def user_of(token: str, now: datetime) -> User | None:
    """Whom a token acts for; None when it is unknown, expired or revoked, or its user may not sign in."""
    found = (
        ApiToken.objects.filter(digest=_digest(token), revoked_at=None, expires_at__gt=now, user__is_active=True)
        .select_related("user")
        .first()
    )
    return found.user if found else None


def _digest(token: str) -> str:
    """Tokens are long and random, so a plain hash is as good as a slow one."""
    return hashlib.sha256(token.encode()).hexdigest()


def _note(kind: str, record: ApiToken, by: str) -> None:
    data = {"token": record.pk, "name": record.name, "expires_at": record.expires_at.isoformat()}
    ledger.append(kind, actor=by, system="", subject=record.user.get_username(), data=data)
