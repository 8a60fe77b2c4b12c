"""`/healthz` and `/version`: looked at, never assumed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from uuid import uuid4

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse

from smart_erp.campus import maintenance


class CheckFailed(Exception):
    """A health check looked, and the answer is no."""


def schema_release() -> str | None:
    """The release that the database says its schema is at; None before the first `migrate`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('release') IS NOT NULL")
        if not cursor.fetchone()[0]:
            return None
        cursor.execute("SELECT version FROM release ORDER BY id DESC LIMIT 1")
        row = cursor.fetchone()
    return str(row[0]) if row else None


def check_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def check_schema() -> None:
    found = schema_release()
    if found != settings.RELEASE.version:
        raise CheckFailed(f"the schema is at {found}, the code needs {settings.RELEASE.version}")


def check_uploads() -> None:
    """Write, read and remove a small file, as a hand-in would."""
    token = uuid4().bytes
    with tempfile.NamedTemporaryFile(dir=settings.MEDIA_ROOT, prefix=".healthz-") as file:
        file.write(token)
        file.flush()
        os.fsync(file.fileno())
        file.seek(0)
        if file.read() != token:
            raise CheckFailed("a written file reads back differently")


def check_cache() -> None:
    key = f"healthz:{uuid4().hex}"
    cache.set(key, key, timeout=10)
    if cache.get(key) != key:
        raise CheckFailed("a stored value does not come back")
    cache.delete(key)


CHECKS: dict[str, Callable[[], None]] = {
    "database": check_database,
    "schema": check_schema,
    "uploads": check_uploads,
    "cache": check_cache,
}


def _result(check: Callable[[], None]) -> str:
    try:
        check()
    except CheckFailed as error:
        return str(error)
    except (DatabaseError, OSError) as error:
        # The class alone: the text of a connection error names hosts and users, and this page is public.
        return type(error).__name__
    return "ok"


@login_not_required
def healthz(request: HttpRequest) -> JsonResponse:
    """200 when every check says "ok", else 503; the failed checks are named."""
    checks = {name: _result(check) for name, check in CHECKS.items()}
    failed = [name for name, result in checks.items() if result != "ok"]
    body = {
        "status": "failed" if failed else "ok",
        "failed": failed,
        "checks": checks,
        "maintenance": maintenance.status() is not None,
    }
    return JsonResponse(body, status=503 if failed else 200)


@login_not_required
def version(request: HttpRequest) -> JsonResponse:
    """Release of the running code and of the schema; 503 with a null schema release if it cannot be read."""
    try:
        schema = schema_release()
        status = 200
    except DatabaseError:
        schema, status = None, 503
    body = {"name": "Smart Education ERP", "release": settings.RELEASE.version, "schema_release": schema}
    return JsonResponse(body, status=status)
