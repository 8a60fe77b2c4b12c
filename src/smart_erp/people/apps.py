import logging
from typing import Any

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.http import HttpRequest

logger = logging.getLogger(__name__)


class PeopleConfig(AppConfig):
    name = "smart_erp.people"

    def ready(self) -> None:
        user_logged_in.connect(log_sign_in)
        user_logged_out.connect(log_sign_out)
        user_login_failed.connect(log_refused_sign_in)


def log_sign_in(user: Any, **kwargs: Any) -> None:
    logger.info("signed in: %s", user.get_username())


def log_sign_out(user: Any, **kwargs: Any) -> None:
    if user is not None:
        logger.info("signed out: %s", user.get_username())


def log_refused_sign_in(credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any) -> None:
    address = request.META.get("REMOTE_ADDR", "-") if request else "-"
    logger.warning("sign-in refused: %r from %s", str(credentials.get("username", ""))[:150], address)
