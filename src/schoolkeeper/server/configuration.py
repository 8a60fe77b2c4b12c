"""Schoolkeeper's own settings: read from the environment, typed, all faults reported at once."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit
from zoneinfo import available_timezones

from schoolkeeper.kernel.errors import Invalid


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """Where Schoolkeeper keeps its own things and how it is reached.

    `database_url` is empty when the embedded PostgreSQL is to be used and not running yet. `instance` names
    this installation in its ledger. `tasks` are the entry points of other packages' tasks to load.
    """

    home: Path
    database_url: str
    timezone: str
    hosts: tuple[str, ...]
    worker_id: str
    secure_cookies: bool
    instance: str
    tasks: tuple[str, ...]

    def secret_key(self) -> str:
        """Django's signing key, made once and kept readable by us alone."""
        path = self.home / "keys" / "django"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                return path.read_text()
            with os.fdopen(descriptor, "w") as stream:
                stream.write(secrets.token_urlsafe(50))
        return path.read_text()


def read(environment: Mapping[str, str] = os.environ) -> Configuration:
    """The configuration that the environment describes. Raises Invalid listing every fault."""
    faults = []
    home = Path(environment.get("SCHOOLKEEPER_HOME") or Path.home() / ".local/share/schoolkeeper")
    if not home.is_absolute():
        faults.append("SCHOOLKEEPER_HOME: write an absolute path")
    url = environment.get("SCHOOLKEEPER_DATABASE_URL", "")
    if url and urlsplit(url).scheme not in ("postgres", "postgresql"):
        faults.append("SCHOOLKEEPER_DATABASE_URL: write postgresql://user:password@host:port/database")
    timezone = environment.get("SCHOOLKEEPER_TIMEZONE", "UTC")
    if timezone not in available_timezones():
        faults.append(f"SCHOOLKEEPER_TIMEZONE: {timezone!r} is no IANA time zone; write one like Asia/Tashkent")
    secure = environment.get("SCHOOLKEEPER_SECURE_COOKIES", "0")
    if secure not in ("0", "1"):
        faults.append("SCHOOLKEEPER_SECURE_COOKIES: write 1 (served over https) or 0")
    hosts = tuple(host.strip() for host in environment.get("SCHOOLKEEPER_HOSTS", "127.0.0.1,localhost").split(","))
    if not all(hosts) or "*" in hosts:
        faults.append("SCHOOLKEEPER_HOSTS: list the host names that it is reached by, separated by commas")
    if faults:
        raise Invalid("configuration", faults)
    return Configuration(
        home=home,
        database_url=url,
        timezone=timezone,
        hosts=hosts,
        worker_id=environment.get("SCHOOLKEEPER_WORKER_ID", "main"),
        secure_cookies=secure == "1",
        instance=environment.get("SCHOOLKEEPER_INSTANCE", "schoolkeeper"),
        tasks=tuple(environment.get("SCHOOLKEEPER_TASKS", "").split()),
    )


def django_database(url: str) -> dict[str, object]:
    """Django's form of a postgresql:// address."""
    parts = urlsplit(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        # A new connection costs more than most queries; threads share a few and give them back when done.
        "OPTIONS": {"pool": {"min_size": 0, "max_size": 16, "timeout": 30}},
    }
