"""What a definition says of a server that Barman copies."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from schoolkeeper.connectors.engines.tool import ToolComponent
from schoolkeeper.connectors.files.component import AbsolutePath


class BarmanComponent(ToolComponent):
    """A server in Barman's care, as Barman's configuration says. Barman's own `barman cron` must be running.

    As root, Barman changes to its own account by itself; otherwise we must run as that account.
    """

    kind: Literal["barman"]
    server: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", description="The server's name in Barman")
    config: AbsolutePath = Field(Path("/etc/barman.conf"), description="Barman's configuration file")
    account: str | None = Field(
        None, description="The account that servers on fetched files run as when we are root; else PostgreSQL's"
    )
    program: str = Field("barman", description="The program, if it is not on the usual path")
