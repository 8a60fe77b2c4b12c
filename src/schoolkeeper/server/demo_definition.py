"""The system definition of the demonstration's ERP, as an operator would write it."""

import importlib.util
import json
from pathlib import Path

from schoolkeeper.server.demo_folder import DemoFolder

SLUG = "north-college"
ZONE = "Asia/Tashkent"
JOURNEY_USER = "registrar01"

_TEXT = """\
# The ERP of North College, as Schoolkeeper is to take care of it.
# Change it and run `schoolkeeper apply` again: it says what changes. Secrets are references to files or
# environment variables (file:/path, env:NAME), never values, so this file may be shown to anybody.

[system]
slug = "{slug}"                     # its name for good: commands and restores use it
name = "North College ERP"
institution = "North College"
profile = "smart-education-erp"     # what we know of this ERP product
environment = "scratch"             # production, staging or scratch: here nobody is hurt
timezone = "{zone}"
rpo = "24h"                         # at most this much work may be lost …
rto = "2h"                          # … and this long it may take to be back

[components.database]
kind = "postgres"
dsn = {dsn}

[components.web]
kind = "web"
url = {url}
username = "{user}"                 # an account for the signed-in journey
password = {password}

[components.host]
kind = "host"
address = "local"

[components.uploads]                # the files that the database names
kind = "files"
path = {uploads}

[components.configuration]          # what the ERP cannot start without, its keys included
kind = "files"
path = {configuration}

[components.code]                   # the program itself: a set brings back an ERP that starts
kind = "files"
path = {code}

[components.temporary]              # what interrupted uploads leave behind
kind = "files"
path = {temporary}

[components.logs]
kind = "logs"

[components.logs.sources]           # names as in the profile
application = {application_log}
access = {access_log}
database = {database_log}

[components.backups]                # in earnest: on another disk, better in another building
kind = "store"
path = {backups}
recipients = [{recipient}]
identity = {identity}               # drills open the sets with it

[components.far]                    # in earnest: url = "s3://…" or "sftp://…"; every set is copied there
kind = "store"
path = {far}
offsite = true
medium = "another disk"
recipients = [{recipient}]
identity = {identity}
"""


def write(folder: DemoFolder, *, url: str, database_log: str) -> Path:
    """Write the definition file; its path."""
    erp = folder.erp_home
    values: dict[str, str | Path] = {
        "dsn": folder.reference("erp-database-url"),
        "url": url,
        "password": folder.reference("erp-user-password"),
        "uploads": erp / "uploads",
        "configuration": erp / "config",
        "code": _code(),
        "temporary": erp / "tmp",
        "application_log": erp / "logs" / "app.log",
        "access_log": erp / "logs" / "access.log",
        "database_log": database_log,
        "backups": folder.backups,
        "far": folder.second_store,
        "recipient": folder.age_recipient(),
        "identity": folder.reference("backup-key"),
    }
    # A JSON string is a TOML string too.
    quoted = {name: json.dumps(str(value), ensure_ascii=False) for name, value in values.items()}
    folder.definition.write_text(_TEXT.format(slug=SLUG, zone=ZONE, user=JOURNEY_USER, **quoted), encoding="utf-8")
    return folder.definition


def _code() -> Path:
    """Where the ERP's program lies; found, not imported: it shares no code with us."""
    found = importlib.util.find_spec("smart_erp")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent
