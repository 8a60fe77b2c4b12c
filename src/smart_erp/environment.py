"""What the process is told from outside: SMART_ERP_* variables, read once, all faults reported together."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from smart_erp.releases import NEWEST, RELEASES, Release

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8100


class ConfigurationError(Exception):
    """The environment or the configuration file is wrong; `faults` names everything that is."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    database_url: str
    home: Path
    secret_key_file: Path
    release: Release
    host: str
    port: int

    @property
    def database(self) -> dict[str, str]:
        """Connection parameters of the database by libpq name (host, port, dbname, user, password, ...)."""
        return {key: str(value) for key, value in conninfo_to_dict(self.database_url).items()}


def read(variables: Mapping[str, str] = os.environ) -> Environment:
    """Read the SMART_ERP_* variables; raises ConfigurationError with every fault, not only the first."""
    faults: list[str] = []
    url = variables.get("SMART_ERP_DATABASE_URL", "")
    faults += _database_faults(url)
    home = Path(variables.get("SMART_ERP_HOME", ""))
    if not variables.get("SMART_ERP_HOME"):
        faults.append("SMART_ERP_HOME is not set: name the folder for uploads, logs, tmp and config")
    elif not home.is_absolute():
        faults.append("SMART_ERP_HOME must be an absolute path")
    version = variables.get("SMART_ERP_RELEASE", NEWEST)
    if version not in RELEASES:
        faults.append(f"SMART_ERP_RELEASE is {version!r}: choose one of {', '.join(RELEASES)}")
    port_text = variables.get("SMART_ERP_PORT", str(DEFAULT_PORT))
    port = int(port_text) if port_text.isascii() and port_text.isdigit() else 0
    if not 0 < port < 65536:
        faults.append(f"SMART_ERP_PORT is {port_text!r}: it must be a number from 1 to 65535")
    if faults:
        raise ConfigurationError(faults)
    return Environment(
        database_url=url,
        home=home,
        secret_key_file=Path(variables.get("SMART_ERP_SECRET_KEY_FILE") or home / "config" / "secret_key"),
        release=RELEASES[version],
        host=variables.get("SMART_ERP_HOST", DEFAULT_HOST),
        port=port,
    )


def _database_faults(url: str) -> list[str]:
    if not url:
        return ["SMART_ERP_DATABASE_URL is not set: give postgresql://user:password@host:port/database"]
    if not url.startswith(("postgresql://", "postgres://")):
        return ["SMART_ERP_DATABASE_URL must begin with postgresql://"]
    try:
        parameters = conninfo_to_dict(url)
    except ProgrammingError:
        # The parser's own words repeat the URL, and the URL holds the password.
        return ["SMART_ERP_DATABASE_URL cannot be parsed; special characters in it must be percent-encoded"]
    return [] if parameters.get("dbname") else ["SMART_ERP_DATABASE_URL names no database"]
