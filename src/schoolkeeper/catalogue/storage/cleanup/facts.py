"""What `storage.cleanup` is asked and what it sees."""

from typing import ClassVar

from pydantic import Field

from schoolkeeper.kernel.facts import Facts, Options


class CleanupOptions(Options):
    warning_rows: int = Field(1_000_000, ge=1, description="Warn when so many expired rows of one kind are left")
    warning_megabytes: int = Field(1024, ge=1, description="Warn when stale files of one kind take this much")
    batch_rows: int = Field(10_000, ge=1, description="Rows taken away in one transaction")


class Amount(Facts):
    """How much there is. An approval is bound to the order of magnitude alone: sessions expire every minute, and
    permission to remove twelve rows is still none to remove a million."""

    volatile: ClassVar[frozenset[str]] = frozenset({"count", "size_bytes"})

    count: int
    size_bytes: int = 0
    digits: int

    @classmethod
    def of(cls, count: int, size_bytes: int = 0) -> "Amount":
        return cls(count=count, size_bytes=size_bytes, digits=len(str(count)) if count else 0)


class RowsFacts(Facts):
    """Expired rows by one rule. `obstacles` say why they cannot be taken away so that they can be put back."""

    name: str
    component: str
    table: str
    where: str
    amount: Amount
    obstacles: list[str] = Field(default_factory=list)


class FilesFacts(Facts):
    """Stale files by one rule."""

    name: str
    component: str
    pattern: str
    older_than_days: int
    amount: Amount


class Fault(Facts):
    """A rule whose rows or files could not be looked at, and why."""

    rule: str
    reason: str


class CleanupFacts(Facts):
    rows: list[RowsFacts] = Field(default_factory=list)
    files: list[FilesFacts] = Field(default_factory=list)
    faults: list[Fault] = Field(default_factory=list)
