"""What a definition says of a folder of files."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from schoolkeeper.connectors.component import Component


def _absolute(path: Path) -> Path:
    if not path.is_absolute():
        raise ValueError("needs an absolute path")
    return path


AbsolutePath = Annotated[Path, AfterValidator(_absolute)]


class FilesComponent(Component):
    """A folder: uploads, configuration, temporary files, code."""

    kind: Literal["files"]
    path: AbsolutePath = Field(description="The folder, as an absolute path")
