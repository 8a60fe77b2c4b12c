"""Who may sign in to the control room. Django must be loaded before this is imported."""

import secrets
from dataclasses import dataclass, field

from django.contrib.auth.models import Group, User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from schoolkeeper.controlroom.roles import ROLES
from schoolkeeper.kernel.errors import Invalid
from schoolkeeper.records import ledger

ADMINISTRATOR = "administrator"


@dataclass(frozen=True, slots=True)
class SignIn:
    """A name and a password that has just been made; it is stored nowhere but hashed."""

    name: str
    password: str = field(repr=False)


def first_administrator() -> SignIn | None:
    """Make an administrator with a random password if nobody can sign in yet; None otherwise."""
    if User.objects.exists():
        return None
    return invent(ADMINISTRATOR, ADMINISTRATOR)


def invent(name: str, role: str) -> SignIn:
    """Make a user with a random password, or give an existing one a new password."""
    password = secrets.token_urlsafe(12)
    create(name, role, password, by="schoolkeeper", replace=True)
    return SignIn(name, password)


@transaction.atomic
def create(name: str, role: str, password: str, *, by: str, replace: bool = False) -> None:
    """Make a user with one role. Raises Invalid with every fault; with `replace` the name may be taken."""
    faults = [] if role in ROLES else [f"role: there is no {role!r}; known are: {', '.join(ROLES)}"]
    user = User.objects.filter(username=name).first() or User(username=name)
    if user.pk and not replace:
        faults.append(f"name: there is a user {name!r} already")
    user.is_staff, user.is_active = True, True
    try:
        user.clean_fields(exclude={"password"})
        validate_password(password, user)
    except ValidationError as error:
        faults += [f"name or password: {message}" for message in error.messages]
    if faults:
        raise Invalid(f"user {name!r}", faults)
    user.set_password(password)
    user.save()
    user.groups.set([Group.objects.get(name=role)])
    ledger.append("user.created", actor=by, subject=name, data={"role": role})
