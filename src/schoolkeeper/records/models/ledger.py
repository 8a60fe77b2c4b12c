"""The ledger's table. PostgreSQL refuses to change or delete its rows (see the migrations)."""

from django.db import models
from psycopg.types.json import Jsonb

from schoolkeeper.ledger.entry import Entry


class LedgerEntry(models.Model):
    """One entry of the hash chain. `once` makes an append that is repeated after a crash happen once."""

    sequence = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    kind = models.CharField(max_length=60)
    system = models.CharField(max_length=63, blank=True)
    actor = models.CharField(max_length=150)
    subject = models.CharField(max_length=500, blank=True)
    data = models.JSONField()
    previous = models.CharField(max_length=64)
    digest = models.CharField(max_length=64, unique=True)
    once = models.CharField(max_length=400, unique=True, null=True)

    class Meta:
        ordering = ("sequence",)
        indexes = (models.Index(fields=["system", "-sequence"], name="ledger_system"),)

    def __str__(self) -> str:
        return f"{self.sequence} {self.kind}"

    @staticmethod
    def values_of(entry: Entry, once: str | None) -> dict[str, object]:
        """The values of the row that holds an entry, by column."""
        return {
            "sequence": entry.sequence,
            "at": entry.at,
            "kind": entry.kind,
            "system": entry.system,
            "actor": entry.actor,
            "subject": entry.subject,
            "data": Jsonb(entry.data),
            "previous": entry.previous,
            "digest": entry.digest,
            "once": once,
        }

    def entry(self) -> Entry:
        """The entry that this row holds."""
        return Entry(
            sequence=self.sequence,
            at=self.at,
            kind=self.kind,
            system=self.system,
            actor=self.actor,
            subject=self.subject,
            data=self.data,
            previous=self.previous,
            digest=self.digest,
        )
