"""What a definition says of a server that pgBackRest copies."""

from typing import Literal, Self

from pydantic import Field, model_validator

from schoolkeeper.connectors.engines.tool import ToolComponent
from schoolkeeper.connectors.files.component import AbsolutePath

PORT = 5432
FIRST = 1


class PgbackrestComponent(ToolComponent):
    """A stanza of pgBackRest: either as the school's configuration file says, or a plain repository folder.

    In both cases the server itself archives its log into the repository (`archive_command`).
    """

    kind: Literal["pgbackrest"]
    stanza: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", description="The name of the stanza")
    config: AbsolutePath | None = Field(None, description="pgBackRest's configuration file, secrets and all")
    repository: AbsolutePath | None = Field(None, description="Without a file: the folder of the repository")
    data: AbsolutePath | None = Field(None, description="Without a file: the server's data folder")
    socket: AbsolutePath | None = Field(None, description="Without a file: the folder of the server's socket")
    port: int = Field(PORT, description="Without a file: the server's port")
    repo: int = Field(FIRST, ge=1, description="Which repository of the configuration file")
    type: Literal["full", "diff", "incr"] = Field(
        "full", description="Of what we take; one that builds on others cannot be kept without them"
    )
    account: str | None = Field(None, description="The account to run as when we are root; else PostgreSQL's")
    program: str = Field("pgbackrest", description="The program, if it is not on the usual path")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.config is None) == (self.repository is None):
            raise ValueError("needs either `config`, the configuration file, or `repository`, the folder")
        if self.config is not None and (self.data or self.socket or self.port != PORT):
            raise ValueError("`data`, `socket` and `port` stand in the configuration file already")
        if self.repository is not None and self.repo != FIRST:
            raise ValueError("`repo` chooses one of a configuration file")
        return self
