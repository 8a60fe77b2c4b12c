"""Schoolkeeper as a system in its own care: its records deserve what it does for others."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from schoolkeeper.connectors.system import System
from schoolkeeper.estate.definition import parse
from schoolkeeper.kernel.errors import Invalid
from schoolkeeper.ledger import keys
from schoolkeeper.server.configuration import Configuration
from schoolkeeper.server.database import URL_FILE, control_plane

PROFILE = "schoolkeeper"
_TEXT = """\
# Schoolkeeper itself, in its own care. Keep a copy of this file where you keep the private key: with both and the
# store everything is recovered, also on a new machine. Written by `schoolkeeper protect`; change it as you like.

[system]
slug = {slug}
name = "Schoolkeeper"
profile = "schoolkeeper"
environment = "production"
timezone = {zone}
rpo = "24h"
rto = "1h"

[components.database]
kind = "postgres"
dsn = {dsn}

[components.keys]                   # they sign the ledger and the sessions
kind = "files"
path = {keys}

[components.heads]                  # signed heads of the ledger, put aside
kind = "files"
path = {heads}

[components.definitions]            # such as this one
kind = "files"
path = {definitions}

[components.backups]
kind = "store"
path = {store}
recipients = {recipients}
signed_by = [{key}]                 # whose signatures count also where the folder of keys is lost
"""


def definition_file(configuration: Configuration) -> Path:
    """Where the definition lies."""
    return configuration.home / "definitions" / "schoolkeeper.toml"


def write_definition(configuration: Configuration, store: Path, recipients: Sequence[str], identity: str) -> Path:
    """Write the definition of this installation; its path. `identity` is a reference or "".

    Raises Invalid with every fault, and when there is another definition already.
    """
    home, file = configuration.home, definition_file(configuration)
    for folder in ("keys", "ledger", "definitions"):
        (home / folder).mkdir(parents=True, exist_ok=True, mode=0o700)
    dsn = "env:SCHOOLKEEPER_DATABASE_URL" if configuration.database_url else f"file:{home / URL_FILE}"
    values = {
        "slug": PROFILE,
        "zone": configuration.timezone,
        "dsn": dsn,
        "keys": str(home / "keys"),
        "heads": str(home / "ledger"),
        "definitions": str(home / "definitions"),
        "store": str(store),
        "recipients": list(recipients),
        "key": signing_key(configuration),
    }
    # A JSON string, or list of strings, is TOML too.
    text = _TEXT.format(**{name: json.dumps(value, ensure_ascii=False) for name, value in values.items()})
    if identity:
        text += f"identity = {json.dumps(identity)}                  # drills open the sets with it\n"
    parse(text, str(file))  # a wrong key must not cost a definition that works
    if file.is_file() and file.read_text(encoding="utf-8") != text:
        says = "it is there already and says something else: edit it and run `schoolkeeper apply`, or move it away"
        raise Invalid(str(file), [says])
    file.write_text(text, encoding="utf-8")
    return file


def signing_key(configuration: Configuration) -> str:
    """The fingerprint of the key that this installation signs with, which is made if there is none yet."""
    path = keys.own_path(configuration.home)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    keys.ensure(path)
    return keys.KeySigner(path).key_id


@contextmanager
def at_hand(system: System, configuration: Configuration) -> Iterator[None]:
    """Have the database server of a system running: only Schoolkeeper's own is ours to start."""
    if system.profile != PROFILE:
        yield
        return
    with control_plane(configuration):
        yield
