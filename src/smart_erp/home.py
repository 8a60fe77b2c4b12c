"""The folder SMART_ERP_HOME: everything of the ERP that is not in the database."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from smart_erp import configuration
from smart_erp.environment import ConfigurationError, Environment

FOLDERS = ("uploads", "logs", "tmp", "config")


def prepare(environment: Environment) -> None:
    """Create the folders, the configuration file and the secret key, each only where it is missing."""
    try:
        for folder in FOLDERS:
            (environment.home / folder).mkdir(parents=True, exist_ok=True)
        config_file = environment.home / "config" / configuration.FILE_NAME
        if not config_file.exists():
            config_file.write_text(configuration.DEFAULT_TEXT, encoding="utf-8")
        read_or_create_secret(environment.secret_key_file, secrets.token_urlsafe(48))
    except OSError as error:
        raise ConfigurationError([f"SMART_ERP_HOME cannot be prepared: {error}"]) from error


def read_or_create_secret(path: Path, proposal: str) -> str:
    """Return the secret in `path`; if there is none, write `proposal` there, readable by its owner only."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="utf-8").strip()
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(proposal + "\n")
    return proposal


def demo_password(environment: Environment) -> str:
    """The password of all generated users: SMART_ERP_DEMO_PASSWORD, else one kept in config/demo_password."""
    path = environment.home / "config" / "demo_password"
    return os.environ.get("SMART_ERP_DEMO_PASSWORD") or read_or_create_secret(path, secrets.token_urlsafe(12))
