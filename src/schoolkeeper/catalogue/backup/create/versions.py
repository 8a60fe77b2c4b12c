"""Which version of the ERP a set belongs to, asked in the database and of the web application."""

import json

from schoolkeeper.connectors.look import Look
from schoolkeeper.connectors.store.manifest import Version
from schoolkeeper.connectors.web.look import NoAnswer
from schoolkeeper.kernel.errors import SchoolkeeperError


def erp_version(look: Look) -> Version:
    """Both versions. One that cannot be had is None with the reason: a set without it is still a set."""
    why: list[str] = []
    database, web = None, None
    if look.profile.version.database:
        try:
            database = str(look.postgres().row(look.profile.version.database)["version"])
        except (SchoolkeeperError, LookupError) as error:
            why.append(f"database: {error}")
    if look.profile.version.web_path and look.has("web"):
        try:
            web = _web_version(look)
        except (SchoolkeeperError, LookupError, TypeError, ValueError) as error:
            why.append(f"web: {error}")
    return Version(database=database, web=web, why=why)


def _web_version(look: Look) -> str:
    wanted = look.profile.version
    page = look.web().get(wanted.web_path, look.profile.web.headers)
    if isinstance(page, NoAnswer):
        raise ValueError(page.reason)
    if page.status != 200:
        raise ValueError(f"{wanted.web_path} answered {page.status}")
    return str(json.loads(page.body)[wanted.web_field])
