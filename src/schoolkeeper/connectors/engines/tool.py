"""What definitions say of every backup tool."""

from pydantic import Field

from schoolkeeper.connectors.component import Component


class ToolComponent(Component):
    """Where what the tool keeps lies: it is one copy, however many stores hold sets that count on it."""

    offsite: bool = Field(False, description="Whether what it keeps lies in another building than the ERP")
    medium: str = Field("disk", min_length=1, description="What it is kept on (disk, object, tape), for 3-2-1")
