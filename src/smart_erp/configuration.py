"""`config/smart_erp.toml`: what the school decides about its ERP, as opposed to where the ERP runs."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from smart_erp.environment import ConfigurationError

FILE_NAME = "smart_erp.toml"

DEFAULT_TEXT = """\
# Smart Education ERP: settings of the school. Read when the program starts.
school_name = "North College"
timezone = "Asia/Tashkent"
language = "en"
currency = "USD"
mail_from = "office@north-college.example"
hosts = ["127.0.0.1", "localhost", "[::1]"]
session_hours = 8
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    school_name: str
    timezone: str
    language: str
    currency: str
    mail_from: str
    hosts: list[str]
    session_hours: int


def load(home: Path) -> Configuration:
    """Read the file in `home/config`; raises ConfigurationError naming every unknown, missing or bad key."""
    path = home / "config" / FILE_NAME
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError([f"{path}: {error.strerror}"]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError([f"{path}: {error}"]) from error
    faults = [f"{path}: {fault}" for fault in _faults(values)]
    if faults:
        raise ConfigurationError(faults)
    return Configuration(**values)


def _faults(values: dict[str, object]) -> list[str]:
    kinds: dict[str, type] = {"hosts": list, "session_hours": int}
    known = {field.name: kinds.get(field.name, str) for field in fields(Configuration)}
    faults = [f"unknown key {key!r}" for key in values.keys() - known.keys()]
    faults += [f"{key!r} is missing" for key in known.keys() - values.keys()]
    for key, kind in known.items():
        value = values.get(key)
        if key in values and (not isinstance(value, kind) or isinstance(value, bool) or not value):
            faults.append(f"{key!r} must be a non-empty {kind.__name__}")
    hosts = values.get("hosts")
    if isinstance(hosts, list) and not all(isinstance(host, str) for host in hosts):
        faults.append("'hosts' must hold text only")
    hours = values.get("session_hours")
    if isinstance(hours, int) and not 1 <= hours <= 720:
        faults.append("'session_hours' must be from 1 to 720")
    zone = values.get("timezone")
    if isinstance(zone, str) and not _is_zone(zone):
        faults.append(f"unknown time zone {zone!r}")
    return sorted(faults)


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
