"""What a definition says of a machine."""

from typing import Literal

from pydantic import Field

from schoolkeeper.connectors.component import Component


class HostComponent(Component):
    """The machine that the ERP runs on."""

    kind: Literal["host"]
    address: Literal["local"] = Field("local", description="local: the machine that the worker runs on")
