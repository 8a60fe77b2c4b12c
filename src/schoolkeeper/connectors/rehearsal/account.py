"""The throw-away account that a journey through the copy signs in with."""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from pathlib import Path

from schoolkeeper.connectors.rehearsal.places import fill
from schoolkeeper.connectors.rehearsal.restored import Copy
from schoolkeeper.profiles.model import SignIn

# The password is random and long and lives for minutes: stretching it would only cost time.
ROUNDS = 1000


def make(sign_in: SignIn, copy: Copy, values: Mapping[str, str], secret: Path) -> None:
    """Make the account on the copy and leave its password in the file `secret`. Raises QueryFailed."""
    password = secrets.token_hex(24)
    account = {
        "username": sign_in.username,
        "password": password,
        "password_hash": hashed(sign_in.hash, password),
    }
    copy.run([fill(statement, {**values, **account}) for statement in sign_in.sql])
    secret.unlink(missing_ok=True)
    secret.touch(mode=0o600)
    secret.write_text(password)


def hashed(kind: str, password: str) -> str:
    """A password as Django 5.2 (`pbkdf2_sha256$rounds$salt$hash`) or passlib 1.7 stores it
    (`$pbkdf2-sha512$rounds$salt$hash`); "" for `none`."""
    salt = secrets.token_hex(8).encode()
    match kind:
        case "django":
            digest = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ROUNDS)
            return f"pbkdf2_sha256${ROUNDS}${salt.decode()}${base64.b64encode(digest).decode()}"
        case "passlib":
            digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ROUNDS)
            return f"$pbkdf2-sha512${ROUNDS}${_adapted(salt)}${_adapted(digest)}"
        case _:
            return ""


def _adapted(data: bytes) -> str:
    """Base64 as passlib writes it: a dot for the plus sign, no padding."""
    return base64.b64encode(data, b"./").rstrip(b"=").decode()
