"""What a definition says of log files."""

from typing import Literal

from pydantic import Field

from schoolkeeper.connectors.component import Component
from schoolkeeper.connectors.files.component import AbsolutePath


class LogsComponent(Component):
    """Log files by source; the profile knows each source's format."""

    kind: Literal["logs"]
    sources: dict[str, AbsolutePath] = Field(
        description="Source name (as in the profile) to the newest file; rotated ones are found beside it"
    )
