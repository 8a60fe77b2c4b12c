"""The control room as Django's admin site: unfold's shell and sign-in, our pages, and the users."""

from functools import wraps
from typing import Any

from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from unfold.forms import AuthenticationForm  # type: ignore[import-untyped]
from unfold.sites import UnfoldAdminSite  # type: ignore[import-untyped]

from schoolkeeper.controlroom import deputies, roles
from schoolkeeper.controlroom.page import Kind, Page, View
from schoolkeeper.controlroom.pages import PAGES


class SignIn(AuthenticationForm):  # type: ignore[misc]
    """Lets in who has a role; Django's "staff" flag is not asked for."""

    def confirm_login_allowed(self, user: User) -> None:
        if not user.is_active:
            raise self.get_invalid_login_error()
        if not user.has_perm(roles.SEE):
            raise ValidationError(
                "This account has no role in the control room yet: ask an administrator for one.", code="no_role"
            )


class ControlRoomSite(UnfoldAdminSite):  # type: ignore[misc]
    """Every address asks for a signed-in person with a role; each page then for its own permission."""

    login_form = SignIn
    site_header = site_title = "Schoolkeeper"
    enable_nav_sidebar = True

    def has_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active and request.user.has_perm(roles.SEE)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        """Who signs in without having asked for a page comes to the overview; unfold's form names no target."""
        asked = request.GET.copy()
        asked.setdefault(REDIRECT_FIELD_NAME, reverse("admin:index"))
        request.GET = asked  # type: ignore[assignment]
        answer: HttpResponseBase = super().login(request, extra_context)
        return answer

    def extra_urls(self) -> list[URLPattern]:
        """Our pages, before those of Django's admin."""
        return [path(page.route, self._guarded(page), name=page.name) for page in PAGES]

    def _guarded(self, page: Page) -> View:
        """Behind the sign-in page; a fragment makes its page load again, which then leads there."""
        view: View = self.admin_view(self._furnished(page))
        if page.kind is not Kind.FRAGMENT:
            return view

        def fragment(request: HttpRequest, **place: Any) -> HttpResponseBase:
            if not self.has_permission(request):
                return HttpResponse(status=401, headers={"HX-Refresh": "true"})
            return view(request, **place)

        return fragment

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        return {**super().each_context(request), "may": _may(request)}

    def get_sidebar_list(self, request: HttpRequest) -> list[dict[str, Any]]:
        """The pages that have an icon, in their groups, and the users."""
        groups: dict[str, list[dict[str, Any]]] = {}
        for page in PAGES:
            if page.icon:
                link = _link(request, page.title, page.icon, reverse(f"admin:{page.name}"), page.permission)
                groups.setdefault(page.group, []).append(link)
        groups["Administration"] = [
            _link(request, "Users", "group", reverse("admin:auth_user_changelist"), "auth.view_user"),
            _link(request, "Roles", "badge", reverse("admin:auth_group_changelist"), "auth.view_group"),
        ]
        return [{"title": title, "items": items} for title, items in groups.items()]

    def _furnished(self, page: Page) -> View:
        """A page's view behind its permission and inside the shell."""

        @wraps(page.view)
        def view(request: HttpRequest, **place: Any) -> HttpResponseBase:
            if not (request.user.has_perm(page.permission) or (page.for_deputies and _stands_in(request, page))):
                raise PermissionDenied(page.title)
            if page.kind is Kind.ACTION and request.method != "POST":
                return HttpResponseNotAllowed(["POST"])
            response = page.view(request, **place)
            if isinstance(response, TemplateResponse):
                shell = {"may": _may(request)} if page.kind is Kind.FRAGMENT else self.each_context(request)
                response.context_data = {**shell, "title": page.title, **(response.context_data or {})}
            return response

        return view


def _link(request: HttpRequest, title: str, icon: str, address: str, permission: str) -> dict[str, Any]:
    here = request.path == address or (address != reverse("admin:index") and request.path.startswith(address))
    return {
        "title": title,
        "icon": icon,
        "link": address,
        "active": here,
        "has_permission": request.user.has_perm(permission),
    }


def _stands_in(request: HttpRequest, page: Page) -> bool:
    return bool(deputies.stands_in_for(request.user.get_username(), page.permission, timezone.now()))


def _may(request: HttpRequest) -> dict[str, bool]:
    names = ("run", "silence", "plan", "approve", "freeze", "clear_hold", "audit")
    return {name: request.user.has_perm(f"controlroom.{name}") for name in names}


site = ControlRoomSite()
