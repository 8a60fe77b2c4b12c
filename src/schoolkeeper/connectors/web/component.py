"""What a definition says of a web application."""

from typing import Literal

from pydantic import AnyHttpUrl, Field

from schoolkeeper.connectors.component import Component
from schoolkeeper.connectors.secrets import SecretReference


class WebComponent(Component):
    """The ERP's pages as its users reach them."""

    kind: Literal["web"]
    url: AnyHttpUrl = Field(description="The address without a path")
    username: str | None = Field(None, description="An account made for the signed-in journey")
    password: SecretReference | None = Field(None, description="Where that account's password is kept")
