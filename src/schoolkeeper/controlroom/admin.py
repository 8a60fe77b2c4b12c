"""Users and roles, for administrators. What is changed here stands in the ledger too."""

from typing import Any

from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin  # type: ignore[import-untyped]
from unfold.forms import (  # type: ignore[import-untyped]
    AdminPasswordChangeForm,
    UserChangeForm,
    UserCreationForm,
)

from schoolkeeper.controlroom.site import site
from schoolkeeper.records import ledger


class UserPage(UserAdmin, ModelAdmin):  # type: ignore[type-arg, misc]
    """Accounts and their roles. There are no permissions for single people: roles say everything."""

    form, add_form, change_password_form = UserChangeForm, UserCreationForm, AdminPasswordChangeForm
    list_display = ("username", "roles", "is_active", "last_login")
    list_filter = ("groups", "is_active")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        ("Access", {"fields": ("is_active", "groups", "last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("username", "usable_password", "password1", "password2", "groups")}),)
    readonly_fields = ("last_login", "date_joined")
    filter_horizontal = ()
    autocomplete_fields = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        users: QuerySet[User] = super().get_queryset(request).prefetch_related("groups")
        return users

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        obj.is_staff = True  # unfold shows its search to "staff" alone; what one may do is for the roles to say
        super().save_model(request, obj, form, change)

    def roles(self, user: User) -> str:
        return ", ".join(sorted(group.name for group in user.groups.all())) or "none"

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        self._note(request, "user.added", obj)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        self._note(request, "user.changed", obj)
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        for user in queryset:
            self._note(request, "user.deleted", user)
        return super().log_deletions(request, queryset)

    def _note(self, request: HttpRequest, kind: str, user: Any) -> None:
        data = {"roles": sorted(group.name for group in user.groups.all()), "active": user.is_active}
        ledger.append(kind, actor=request.user.get_username(), subject=user.username, data=data)


class RolePage(ModelAdmin):  # type: ignore[misc]
    """The roles as they are; what each may do is decided in one table of the program."""

    list_display = ("name", "members")
    fields = ("name", "permissions")
    readonly_fields = ("name", "permissions")

    def members(self, group: Group) -> int:
        return group.user_set.count()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


site.register(User, UserPage)
site.register(Group, RolePage)
