"""Who asks, and whether they may."""

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils import timezone
from ninja.security import HttpBearer

from schoolkeeper.api import tokens
from schoolkeeper.controlroom import roles


class Token(HttpBearer):
    """`Authorization: Bearer sk_…`"""

    def authenticate(self, request: HttpRequest, token: str) -> User | None:
        user = tokens.user_of(token, timezone.now())
        if user is not None:
            request.user = user
        return user


def may(request: HttpRequest, permission: str) -> None:
    """Raises PermissionDenied for whom it is not allowed."""
    if not request.user.has_perm(permission):
        raise PermissionDenied(f"{request.user.get_username()} lacks the permission {permission}")


def may_decide(request: HttpRequest, instead_of: str) -> None:
    """For approving: whoever decides in somebody's stead needs only that one's permission, not their own."""
    if not instead_of:
        may(request, roles.APPROVE)
        return
    may(request, roles.SEE)
    holder = User.objects.filter(username=instead_of, is_active=True).first()
    if holder is None or not holder.has_perm(roles.APPROVE):
        raise PermissionDenied(f"{instead_of} lacks the permission {roles.APPROVE}, and so has no deputy for it")


def may_for(request: HttpRequest, person: str) -> None:
    """For what is a person's own: it is theirs, or of whoever manages the users."""
    if person != who(request) and not request.user.has_perm("auth.change_user"):
        raise PermissionDenied(f"this is for {person}, or for an administrator")


def who(request: HttpRequest) -> str:
    """The name of who asks, for the records."""
    return request.user.get_username()
