"""How a definition names the place of a store: a folder by `path`, all others by `url` and keys of their own."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from schoolkeeper.connectors.component import Component
from schoolkeeper.connectors.files.component import AbsolutePath
from schoolkeeper.connectors.secrets import SecretReference, resolve
from schoolkeeper.connectors.store.places.folder import FolderPlace
from schoolkeeper.connectors.store.places.place import Place
from schoolkeeper.connectors.store.places.s3 import S3Place
from schoolkeeper.connectors.store.places.urls import (
    S3Address,
    SftpAddress,
    address_of,
    checked_endpoint,
    checked_host_key,
    checked_region,
    checked_url,
    is_loopback,
)

S3_KEYS = ("plain_http", "endpoint", "region", "access_key", "secret_key")
SFTP_KEYS = ("host_key", "private_key", "password")
FOLDER, S3, SFTP = "a folder", "an s3:// address", "an sftp:// address"
_OWNERS = {**dict.fromkeys(S3_KEYS, S3), **dict.fromkeys(SFTP_KEYS, SFTP)}
_REQUIRED = {
    "access_key": "missing: s3:// needs an access key, as env:NAME or file:/path",
    "secret_key": "missing: s3:// needs the secret key of that access key, as env:NAME or file:/path",
    "host_key": "missing: sftp:// needs the server's public host key; ask who runs it, or compare what they say "
    "with the answer of ssh-keyscan",
}


class PlaceFields(Component):
    """The keys of a store's definition that say where it lies. Those of other kinds of place must be absent."""

    path: AbsolutePath | None = Field(None, description="The folder, best on another disk than the ERP's")
    url: Annotated[str, AfterValidator(checked_url)] | None = Field(
        None, validate_default=True, description="s3://bucket/prefix or sftp://user@host:port/path"
    )
    plain_http: bool = Field(False, description="Speak to an S3 endpoint of your own network without encryption")
    endpoint: Annotated[str, AfterValidator(checked_endpoint)] | None = Field(
        None, validate_default=True, description="The S3 server's address; none for Amazon's own"
    )
    region: Annotated[str, AfterValidator(checked_region)] | None = Field(
        None, validate_default=True, description="The bucket's region; needed for Amazon's own servers"
    )
    access_key: SecretReference | None = Field(
        None, validate_default=True, description="Where the S3 access key is kept"
    )
    secret_key: SecretReference | None = Field(
        None, validate_default=True, description="Where the S3 secret key is kept"
    )
    host_key: Annotated[str, AfterValidator(checked_host_key)] | None = Field(
        None, validate_default=True, description="The one public key that the SFTP server may show (ssh-ed25519 …)"
    )
    private_key: SecretReference | None = Field(
        None, validate_default=True, description="Where the SSH private key is kept, without a passphrase"
    )
    password: SecretReference | None = Field(
        None, validate_default=True, description="Where the SFTP password is kept, if there is no key"
    )

    @field_validator("url")
    @classmethod
    def _one_place(cls, url: str | None, info: ValidationInfo) -> str | None:
        if "path" in info.data and (url is None) == (info.data["path"] is None):
            if url is None:
                raise ValueError("missing: a store has a path (a folder) or a url (s3://… or sftp://…)")
            raise ValueError("a store lies in one place: write path or url, not both")
        return url

    @field_validator(*S3_KEYS, *SFTP_KEYS)
    @classmethod
    def _belongs(cls, value: Any, info: ValidationInfo) -> Any:
        key, lies_at = str(info.field_name), _lies_at(info.data)
        if lies_at is None:
            return value
        if value and _OWNERS[key] != lies_at:
            raise ValueError(f"belongs to {_OWNERS[key]}, and this store lies at {lies_at}")
        if value is None and _OWNERS[key] == lies_at and key in _REQUIRED:
            raise ValueError(_REQUIRED[key])
        return value

    @field_validator("endpoint")
    @classmethod
    def _encrypted(cls, endpoint: str | None, info: ValidationInfo) -> str | None:
        open_line = endpoint is not None and endpoint.startswith("http://") and not is_loopback(endpoint)
        if open_line and not info.data.get("plain_http"):
            raise ValueError("use https://, or allow this network to read along with plain_http = true")
        return endpoint

    @field_validator("region")
    @classmethod
    def _region_of_amazon(cls, region: str | None, info: ValidationInfo) -> str | None:
        if region is None and _lies_at(info.data) == S3 and info.data.get("endpoint", "") is None:
            raise ValueError("missing: Amazon's buckets lie in a region; for other servers write their endpoint")
        return region

    @field_validator("password")
    @classmethod
    def _one_means(cls, password: str | None, info: ValidationInfo) -> str | None:
        if _lies_at(info.data) != SFTP or "private_key" not in info.data:
            return password
        if password is None and info.data["private_key"] is None:
            raise ValueError("missing: sftp:// needs a private_key or a password, as env:NAME or file:/path")
        if password is not None and info.data["private_key"] is not None:
            raise ValueError("write private_key or password, not both")
        return password


def _lies_at(data: dict[str, Any]) -> str | None:
    """The kind of place that is described; None when its address has a fault of its own."""
    if "url" not in data or "path" not in data:
        return None
    if data["url"] is None:
        return FOLDER
    return S3 if data["url"].startswith("s3://") else SFTP


def place_of(name: str, fields: PlaceFields) -> Place:
    """The place that a definition names, not yet opened; `name` is the component's, for faults.

    Secrets are read now. Raises Unreachable when one cannot be read.
    """
    if fields.path is not None:
        return FolderPlace(name, fields.path)
    assert fields.url is not None
    address = address_of(fields.url)
    if isinstance(address, S3Address):
        return S3Place(
            name,
            address.bucket,
            address.prefix,
            fields.endpoint,
            fields.region or "us-east-1",  # what servers other than Amazon's expect when they have no regions
            _secret(name, fields.access_key),
            _secret(name, fields.secret_key),
        )
    return _sftp_place(name, fields, address)


def _sftp_place(name: str, fields: PlaceFields, address: SftpAddress) -> Place:
    # Here and not above: the SSH library takes half a second to load, and every command reads definitions.
    from schoolkeeper.connectors.store.places.sftp import SftpPlace
    from schoolkeeper.connectors.store.places.sftp_line import Login

    assert fields.host_key is not None
    login = Login(
        host=address.host,
        port=address.port,
        username=address.username,
        host_key=fields.host_key,
        private_key=None if fields.private_key is None else resolve(fields.private_key, name),
        password=None if fields.password is None else resolve(fields.password, name),
    )
    return SftpPlace(name, login, address.path)


def _secret(name: str, reference: SecretReference | None) -> str:
    assert reference is not None
    return resolve(reference, name)
