"""Maintenance mode: a flag file that every process looks at; switching needs no restart and no database."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

DEFAULT_MESSAGE = "We are looking after the system and will be back soon."
RETRY_AFTER_SECONDS = 120
OPEN_PATHS = ("/healthz", "/version")


@dataclass(frozen=True, slots=True)
class Maintenance:
    message: str
    since: str


def _flag(home: Path | None = None) -> Path:
    return (home or settings.ENVIRONMENT.home) / "config" / "maintenance.json"


def status(home: Path | None = None) -> Maintenance | None:
    """What is being maintained, or None. An unreadable flag counts as on: closed is the safe side."""
    try:
        values = json.loads(_flag(home).read_text(encoding="utf-8"))
        return Maintenance(message=str(values["message"]), since=str(values["since"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        return Maintenance(message=DEFAULT_MESSAGE, since="")


def switch_on(home: Path, message: str = "") -> Maintenance:
    """Write the flag in one move; switching on twice keeps the first time and takes the newer message."""
    before = status(home)
    since = before.since if before else datetime.now(UTC).isoformat(timespec="seconds")
    wanted = Maintenance(message=message or (before.message if before else DEFAULT_MESSAGE), since=since)
    draft = _flag(home).with_suffix(".draft")
    draft.write_text(json.dumps(asdict(wanted)), encoding="utf-8")
    draft.replace(_flag(home))
    return wanted


def switch_off(home: Path) -> None:
    _flag(home).unlink(missing_ok=True)


class MaintenanceMiddleware:
    """While the flag is there, nobody comes in, administrators neither: data stands still for a backup."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path in OPEN_PATHS or (current := status()) is None:
            return self.get_response(request)
        context = {"message": current.message, "school": settings.SCHOOL}
        response = HttpResponse(render_to_string("campus/maintenance.html", context), status=503)
        response["Retry-After"] = str(RETRY_AFTER_SECONDS)
        response["Cache-Control"] = "no-store"
        return response
