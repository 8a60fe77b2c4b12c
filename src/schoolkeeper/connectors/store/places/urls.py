"""The addresses of places, taken apart; their faults in sentences that quote no secret."""

import base64
import binascii
import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

from schoolkeeper.connectors.store.places.names import is_name

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_REGION = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
SSH_PORT = 22


@dataclass(frozen=True, slots=True)
class S3Address:
    """A bucket and what the names of our objects begin with in it."""

    bucket: str
    prefix: str


@dataclass(frozen=True, slots=True)
class SftpAddress:
    """A user on a host and an absolute path there."""

    username: str
    host: str
    port: int
    path: str


def address_of(url: str) -> S3Address | SftpAddress:
    """The parts of a place's address. Raises ValueError saying what to write instead."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("is no address: check its host and port") from None
    if parts.password is not None:
        raise ValueError("an address carries no password: write it as a key of its own, as env:NAME or file:/path")
    if parts.query or parts.fragment:
        raise ValueError("an address has no ? and no #; write %3F or %23 where a name has them")
    match parts.scheme:
        case "s3":
            return _s3(parts, port)
        case "sftp":
            return _sftp(parts, port or SSH_PORT)
        case _:
            raise ValueError("an address begins with s3:// or sftp://; for a folder of this machine write path")


def _s3(parts: SplitResult, port: int | None) -> S3Address:
    if parts.username is not None:
        raise ValueError("an s3:// address carries no account: write access_key and secret_key")
    if port is not None or not _BUCKET.fullmatch(parts.netloc):
        raise ValueError(
            "write s3://BUCKET/PREFIX, a bucket's name as S3 allows it; a server belongs into endpoint"
        )
    prefix = unquote(parts.path).strip("/")
    if prefix and not is_name(prefix):
        raise ValueError("the prefix after the bucket must be a relative path without empty parts and dots")
    return S3Address(parts.netloc, prefix)


def _sftp(parts: SplitResult, port: int) -> SftpAddress:
    if not parts.username or not parts.hostname:
        raise ValueError("write sftp://USER@HOST/PATH or sftp://USER@HOST:PORT/PATH")
    path = unquote(parts.path).rstrip("/")
    if parts.path != "/" and not is_name(path.removeprefix("/")):
        raise ValueError("the path after the host must be a folder's absolute path as the server shows it")
    return SftpAddress(unquote(parts.username), parts.hostname, port, path)


def checked_url(url: str) -> str:
    """The url itself. Raises ValueError."""
    address_of(url)
    return url


def checked_endpoint(endpoint: str) -> str:
    """The endpoint without a slash at its end. Raises ValueError."""
    try:
        parts = urlsplit(endpoint.rstrip("/"))
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable or parts.path or parts.query or parts.fragment:
        raise ValueError("write https://HOST or https://HOST:PORT; the bucket belongs into url")
    if parts.username is not None or parts.password is not None:
        raise ValueError("an address carries no account: write access_key and secret_key")
    return endpoint.rstrip("/")


def is_loopback(endpoint: str) -> bool:
    """Whether an address is one of this machine itself, so that nobody reads along."""
    host = urlsplit(endpoint).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def checked_region(region: str) -> str:
    """The region itself. Raises ValueError."""
    if not _REGION.fullmatch(region):
        raise ValueError("is no name of a region; one looks like eu-central-1")
    return region


def checked_host_key(text: str) -> str:
    """A public key of SSH as "TYPE BASE64". Raises ValueError.

    The encoded key begins with its own type, a string after its length in four bytes (RFC 4253, section 6.6).
    """
    words = text.split()
    if len(words) >= 2 and words[0].startswith(("ssh-", "ecdsa-")):
        try:
            blob = base64.b64decode(words[1], validate=True)
        except binascii.Error:
            blob = b""
        size_bytes = int.from_bytes(blob[:4], "big")
        if blob[4 : 4 + size_bytes] == words[0].encode() and len(blob) > 4 + size_bytes:
            return f"{words[0]} {words[1]}"
    raise ValueError("is no public host key; one looks like ssh-ed25519 AAAA…, without the host's name before it")
