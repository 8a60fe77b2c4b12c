"""What a definition says of a restic repository."""

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, TypeAdapter

from schoolkeeper.connectors.engines.tool import ToolComponent
from schoolkeeper.connectors.secrets import SecretReference

_REFERENCE = ("env:", "file:")
# Variables by which restic's backends take credentials. Others, such as LD_PRELOAD, would change what runs.
_CREDENTIAL = re.compile(r"(AWS|AZURE|B2|GOOGLE|OS|ST|RCLONE|RESTIC_REST)_[A-Z0-9_]+")


def is_reference(repository: str) -> bool:
    return repository.startswith(_REFERENCE)


def _repository(text: str) -> str:
    if is_reference(text):
        return TypeAdapter(SecretReference).validate_python(text)
    _backend, _, rest = text.partition(":")
    if rest and urlsplit(rest if "://" in rest else text).password:
        raise ValueError("holds a password: keep the whole address elsewhere and write env:NAME or file:/path")
    if not rest and not text.startswith("/"):
        raise ValueError("needs an absolute path or an address such as s3:…, sftp:… or rest:…")
    return text


def _credential(name: str) -> str:
    if not _CREDENTIAL.fullmatch(name):
        raise ValueError("is no variable that restic takes credentials from, such as AWS_ACCESS_KEY_ID")
    return name


def _absolute(text: str) -> str:
    if not text.startswith("/"):
        raise ValueError("needs an absolute path, as it is inside the snapshots")
    return text.rstrip("/") or "/"


Inside = Annotated[str, AfterValidator(_absolute)]


class ResticComponent(ToolComponent):
    """A restic repository: where we keep copies, or where the school's own snapshots are."""

    kind: Literal["restic"]
    repository: Annotated[str, AfterValidator(_repository)] = Field(
        description="A path, or s3:, sftp:, rest: …; env:NAME or file:/path when the address holds a password"
    )
    password: SecretReference = Field(description="Where the repository's password is kept")
    environment: dict[Annotated[str, AfterValidator(_credential)], SecretReference] = Field(
        default_factory=dict, description="Credentials of the backend by variable, such as AWS_ACCESS_KEY_ID"
    )
    host: str = Field("", description="Of snapshots that others took, only those of this host name")
    dump: Inside | None = Field(None, description='Where such a snapshot has a dump: "/var/backups/erp*.dump"')
    files: dict[str, Inside] = Field(
        default_factory=dict, description="Where such a snapshot has the files of a component, by its name"
    )
    program: str = Field("restic", description="The program, if it is not on the usual path")
