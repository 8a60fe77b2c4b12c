"""A small ledger, its keys and its export, made once per test that asks for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schoolkeeper.ledger.entry import Entry, seal
from schoolkeeper.ledger.export import lines
from schoolkeeper.ledger.head import Head, sign
from schoolkeeper.ledger.keys import PublicKey
from schoolkeeper.ledger.report import Report
from schoolkeeper.ledger.verify import verify

START = datetime(2026, 1, 31, 8, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Book:
    """A ledger in memory that signs, exports and verifies itself; `pinned` is the key an auditor keeps."""

    entries: list[Entry]
    private: Ed25519PrivateKey
    instance: str = "north"

    @property
    def pinned(self) -> PublicKey:
        return PublicKey.of(self.private)

    def head(self, length: int | None = None) -> Head:
        entries = self.entries[:length]
        at = START + timedelta(days=1, minutes=len(entries))
        return sign(entries[-1] if entries else None, self.private, at, instance=self.instance)

    def lines(self, length: int | None = None) -> list[bytes]:
        return list(lines(self.entries[:length], self.head(length), self.pinned))

    def verify(self, changed: list[bytes] | bytes, **others: Any) -> Report:
        given = changed.splitlines(keepends=True) if isinstance(changed, bytes) else changed
        return verify(given, **{"public_key": self.pinned, **others})

    def rewritten(self, place: int, **changes: Any) -> Book:
        """The same ledger with one entry (from 0) changed and everything after it chained anew."""
        entries = self.entries[:place]
        for entry in [replace(self.entries[place], **changes), *self.entries[place + 1 :]]:
            entries.append(reseal(entries[-1] if entries else None, entry))
        return replace(self, entries=entries)


def reseal(previous: Entry | None, entry: Entry) -> Entry:
    return seal(
        previous,
        at=entry.at,
        kind=entry.kind,
        system=entry.system,
        actor=entry.actor,
        subject=entry.subject,
        data=entry.data,
    )


def make(length: int, private: Ed25519PrivateKey | None = None) -> Book:
    entries: list[Entry] = []
    for number in range(length):
        entries.append(
            seal(
                entries[-1] if entries else None,
                at=START + timedelta(minutes=number, microseconds=number),
                kind="run.finished" if number % 3 else "approval.granted",
                system="north-college",
                actor="keeper@north.example",
                subject=f"run-{number}",
                data={"outcome": "ok", "rows": number * 7, "tables": ["oquvçi", "fees"], "dry": None},
            )
        )
    return Book(entries, private or Ed25519PrivateKey.generate())


@pytest.fixture
def make_book() -> Callable[..., Book]:
    return make


@pytest.fixture
def book() -> Book:
    return make(12)
