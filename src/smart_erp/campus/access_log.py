"""The access log: one line for every request, with its user, its duration and its request id."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4

from django.http import HttpRequest, HttpResponse

from smart_erp.logs import request_id

logger = logging.getLogger("smart_erp.access")
ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
UNSAFE = re.compile(r'["\\\x00-\x1f\x7f]')


class AccessLogMiddleware:
    """First of all middleware, so that it also sees static files, refused and failed requests."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        offered = request.headers.get("X-Request-ID", "")
        identity = offered if ACCEPTABLE_ID.fullmatch(offered) else uuid4().hex
        # Not reset at the end: Django logs refused requests only after the last middleware is done.
        request_id.set(identity)
        started = time.perf_counter()
        response = self.get_response(request)
        logger.info(access_line(request, response, (time.perf_counter() - started) * 1000, identity))
        response["X-Request-ID"] = identity
        return response


def access_line(request: HttpRequest, response: HttpResponse, duration_ms: float, identity: str) -> str:
    """Combined log format, then the duration in milliseconds and the request id."""
    # Only a user that the request has already loaded: asking anew would query the database for every line.
    user = getattr(request, "_cached_user", None)
    name = (user.get_username() if user else "") or "-"
    size = response.headers.get("Content-Length") or ("-" if response.streaming else str(len(response.content)))
    when = datetime.now(UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")
    protocol = request.META.get("SERVER_PROTOCOL", "HTTP/1.1")
    return (
        f"{request.META.get('REMOTE_ADDR') or '-'} - {_safe(name).replace(' ', '_')} [{when}] "
        f'"{request.method} {_safe(request.get_full_path())} {protocol}" {response.status_code} {size} '
        f'"{_safe(request.headers.get("Referer", "-"))}" "{_safe(request.headers.get("User-Agent", "-"))}" '
        f"{duration_ms:.1f} {identity}"
    )


def _safe(text: str) -> str:
    """Escape what would break a line or its quotes."""
    return UNSAFE.sub(lambda match: f"\\x{ord(match.group()):02x}", text)
