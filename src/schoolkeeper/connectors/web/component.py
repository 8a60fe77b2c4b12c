"""What a definition says of a web application."""

from typing import Annotated, Literal

from pydantic import AfterValidator, AnyHttpUrl, Field

from schoolkeeper.connectors.component import Component
from schoolkeeper.connectors.secrets import SecretReference


def _without_account(url: AnyHttpUrl) -> AnyHttpUrl:
    if url.username is not None or url.password is not None:
        raise ValueError("an address carries no account: write username and password as keys of their own")
    return url


class WebComponent(Component):
    """The ERP's pages as its users reach them."""

    kind: Literal["web"]
    url: Annotated[AnyHttpUrl, AfterValidator(_without_account)] = Field(description="The address without a path")
    username: str | None = Field(None, description="An account made for the signed-in journey")
    password: SecretReference | None = Field(None, description="Where that account's password is kept")
