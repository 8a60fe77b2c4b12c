"""What a definition says of a store of backup sets."""

from typing import Literal

from pydantic import Field

from schoolkeeper.connectors.component import Component
from schoolkeeper.connectors.files.component import AbsolutePath
from schoolkeeper.connectors.secrets import SecretReference


class StoreComponent(Component):
    """A folder that holds backup sets, encrypted with age."""

    kind: Literal["store"]
    path: AbsolutePath = Field(description="The folder, best on another disk than the ERP's")
    recipients: list[str] = Field(min_length=1, description="age public keys (age1…) that can open the sets")
    identity: SecretReference | None = Field(
        None, description="Where the private key is kept that drills open the sets with"
    )
