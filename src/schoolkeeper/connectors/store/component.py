"""What a definition says of a store of backup sets."""

from typing import Annotated, Literal

import pyrage  # type: ignore[import-untyped]
from pydantic import AfterValidator, Field

from schoolkeeper.connectors.secrets import SecretReference
from schoolkeeper.connectors.store.places.address import PlaceFields
from schoolkeeper.connectors.store.signatures import Fingerprint


def _recipient(text: str) -> str:
    try:
        pyrage.x25519.Recipient.from_str(text)
    except pyrage.RecipientError as error:
        raise ValueError("is no age public key; one looks like age1… and comes from `age-keygen`") from error
    return text


Recipient = Annotated[str, AfterValidator(_recipient)]


class StoreComponent(PlaceFields):
    """A place that holds backup sets, encrypted with age: a folder, an S3 bucket, a folder on an SFTP server."""

    kind: Literal["store"]
    recipients: list[Recipient] = Field(min_length=1, description="age public keys (age1…) that can open the sets")
    database_by: str = Field("", description="The component of the tool that keeps the database; empty: we do")
    files_by: str = Field("", description="The component of the tool that keeps the folders; empty: we do")
    identity: SecretReference | None = Field(
        None, description="Where the private key is kept that drills open the sets with"
    )
    signed_by: list[Fingerprint] = Field(
        default_factory=list,
        description="Fingerprints of keys whose signatures count besides this installation's own",
    )
    offsite: bool = Field(False, description="Whether it lies in another building than the ERP")
    medium: str = Field("disk", min_length=1, description="What it is kept on (disk, object, tape), for 3-2-1")
    lock_expected_days: int | None = Field(
        None,
        ge=1,
        description="For how many days after a set was taken the place itself must keep it (object lock)",
    )
