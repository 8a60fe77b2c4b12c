"""Who may do what: one table from roles to permissions. Roles are Django groups; a person may have several."""

from collections.abc import Mapping

from django.apps import AppConfig
from django.contrib.auth.models import Group, Permission
from django.db.models import Q

SEE = "controlroom.see"
RUN = "controlroom.run"
SILENCE = "controlroom.silence"
APPROVE = "controlroom.approve"
CLEAR_HOLD = "controlroom.clear_hold"
AUDIT = "controlroom.audit"
PLAN = "controlroom.plan"
FREEZE = "controlroom.freeze"
MANAGE_USERS = (
    "auth.view_user",
    "auth.add_user",
    "auth.change_user",
    "auth.delete_user",
    "auth.view_group",
)

ROLES: Mapping[str, frozenset[str]] = {
    "viewer": frozenset({SEE}),
    "keeper": frozenset({SEE, RUN, SILENCE, PLAN}),
    "approver": frozenset({SEE, RUN, SILENCE, PLAN, APPROVE, FREEZE, CLEAR_HOLD}),
    "auditor": frozenset({SEE, AUDIT}),
    "administrator": frozenset({SEE, RUN, SILENCE, PLAN, APPROVE, FREEZE, CLEAR_HOLD, AUDIT, *MANAGE_USERS}),
}


def install(sender: AppConfig, **signal: object) -> None:
    """Make the groups agree with the table; called after each migration, so an upgrade brings new permissions."""
    for role, names in ROLES.items():
        wanted = Q(pk__in=())
        for name in names:
            app, _, codename = name.partition(".")
            wanted |= Q(content_type__app_label=app, codename=codename)
        group, _ = Group.objects.get_or_create(name=role)
        group.permissions.set(Permission.objects.filter(wanted))
