"""In whose stead may somebody decide? Naming a deputy hands on what one may do oneself, and nothing more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AnonymousUser, User

from schoolkeeper.engine import delegations
from schoolkeeper.kernel.person import same_person


@dataclass(frozen=True, slots=True)
class Stead:
    """In whose name a person decides: in their own if they may, else in that of whoever named them."""

    name: str
    in_own_name: bool
    others: Sequence[str]

    def for_run(self, asked_by: str) -> str | None:
        """In whose stead, "" for their own name, None when not at all; rather not for who asked for the run."""
        if self.in_own_name:
            return ""
        return next(
            (one for one in self.others if not same_person(one, asked_by)), self.others[0] if self.others else None
        )

    def is_askers(self, asked_by: str) -> bool:
        """Whether who asked for the run would decide on it: in their own name or by a deputy."""
        return any(same_person(asked_by, one) for one in (self.name, self.for_run(asked_by)) if one)


def stead_of(user: User | AnonymousUser, permission: str, now: datetime) -> Stead:
    """In whose name this person decides now."""
    if user.has_perm(permission):
        return Stead(user.get_username(), True, ())
    return Stead(user.get_username(), False, stands_in_for(user.get_username(), permission, now))


def stands_in_for(deputy: str, permission: str, now: datetime) -> list[str]:
    """Those who have the permission and in whose stead this person decides now."""
    named = delegations.stands_in_for(deputy, now)
    if not named:
        return []
    users = User.objects.filter(username__in=named, is_active=True).order_by("username")
    return [user.username for user in users if user.has_perm(permission)]
