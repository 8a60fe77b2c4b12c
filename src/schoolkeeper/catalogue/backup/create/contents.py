"""What is in a set, with what it was made, and who can open it: for the evidence that an auditor reads."""

from typing import Literal

from pydantic import Field

from schoolkeeper.connectors.store.manifest import DatabasePart, FilesPart, Manifest
from schoolkeeper.kernel.facts import Facts

UNKNOWN = "unknown"
"""Stands for a version of the ERP that nobody could tell."""


class PartFacts(Facts):
    """One part: totals, how much was new, and the digest of the list of everything in it.

    `kept_by` is the backup tool that has its bytes and `copy_id` the copy there; "" when they are in the store.
    """

    component: str
    kind: Literal["database", "files"]
    tables: int = 0
    rows: int = 0
    files: int = 0
    bytes: int
    new_bytes: int
    list_digest: str
    kept_by: str = ""
    copy_id: str = ""


class SetContents(Facts):
    """`versions` are of the ERP, the database server and the programs that wrote the set; `recipients` are the age
    public keys whose private keys open it."""

    parts: list[PartFacts] = Field(default_factory=list)
    versions: dict[str, str] = Field(default_factory=dict)
    recipients: list[str] = Field(default_factory=list)

    @classmethod
    def of(cls, manifest: Manifest) -> "SetContents":
        database = manifest.database
        erp = database.version.database or database.version.web
        server = f"{database.source.product} {database.source.server_version}"
        return cls(
            parts=[_database(database), *(_files(one) for one in manifest.files)],
            versions={"erp": erp or UNKNOWN, "server": server, **manifest.tools},
            recipients=manifest.recipients,
        )


def _database(part: DatabasePart) -> PartFacts:
    return PartFacts(
        component=part.component,
        kind="database",
        tables=part.tables,
        rows=part.rows,
        bytes=part.dump_bytes,
        new_bytes=part.new_bytes,
        list_digest=part.contents_digest,
        kept_by=part.held.component if part.held else "",
        copy_id=part.held.copy_id if part.held else "",
    )


def _files(part: FilesPart) -> PartFacts:
    return PartFacts(
        component=part.component,
        kind="files",
        files=part.files,
        bytes=part.bytes,
        new_bytes=part.new_bytes,
        list_digest=part.index_digest,
        kept_by=part.held.component if part.held else "",
        copy_id=part.held.copy_id if part.held else "",
    )
