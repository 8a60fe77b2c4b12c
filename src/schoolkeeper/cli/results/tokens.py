"""The tokens of programs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.utils import timezone
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from schoolkeeper.api import tokens
from schoolkeeper.api.models import ApiToken
from schoolkeeper.kernel.errors import Invalid


@dataclass(frozen=True, slots=True)
class TokenLine:
    """One token; times are UTC. `state` is good, expired or revoked."""

    number: int
    user: str
    name: str
    expires_at: datetime
    state: str


def make(user: str, purpose: str, days: int, *, by: str) -> str:
    """A new token, in clear. Raises Invalid when there is no such user."""
    found = User.objects.filter(username=user, is_active=True).first()
    if found is None:
        raise Invalid("user", [f"nobody signs in as {user!r}: make the user with `schoolkeeper users create`"])
    return tokens.make(found, purpose, timedelta(days=days), by=by, now=timezone.now())


def listed() -> tuple[TokenLine, ...]:
    """Every token, the oldest first."""
    rows = ApiToken.objects.select_related("user")
    return tuple(TokenLine(row.pk, row.user.username, row.name, row.expires_at, _state(row)) for row in rows)


def _state(row: ApiToken) -> str:
    if row.revoked_at is not None:
        return "revoked"
    return "good" if row.expires_at > timezone.now() else "expired"


def render(lines: Sequence[TokenLine]) -> RenderableType:
    """A table."""
    if not lines:
        return Text("There are no tokens.")
    table = Table("No.", "Acts for", "For", "Until (UTC)", "State", box=None, pad_edge=False)
    for line in lines:
        style = "green" if line.state == "good" else "dim"
        until = f"{line.expires_at:%Y-%m-%d}"
        table.add_row(str(line.number), Text(line.user), Text(line.name), until, Text(line.state, style))
    return table


def revoke(number: int, *, by: str) -> str:
    """Make a token worthless; what was done in a sentence. Raises Invalid."""
    row = tokens.revoke(number, by=by, now=timezone.now())
    return f"Token {number} ({row.name}) of {row.user.username} is worthless now."
