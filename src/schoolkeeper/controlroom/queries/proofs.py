"""Which backups are proven to restore, and how old what they hold is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.utils.dateparse import parse_duration

from schoolkeeper.controlroom.wording import Word
from schoolkeeper.records.sets import MAIN_STORE

DEFAULT_RPO = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Proof:
    """The newest set that was proven to restore. `set_at` is when it was taken: what came later would be lost.

    `set_at` None: no set was ever proven. `failed_at` is set when the newest proof of all did not hold.
    """

    set_at: datetime | None = None
    proven_at: datetime | None = None
    key: str = ""
    failed_at: datetime | None = None
    is_old: bool = False

    @property
    def word(self) -> Word:
        """How the backups stand."""
        if self.failed_at:
            return Word("Last proof failed", "bad", "cancel")
        if self.set_at is None:
            return Word("Never proven", "unknown", "help")
        return Word("Too old", "warn", "schedule") if self.is_old else Word("Proven", "good", "verified")


def newest_proofs(rpo: Mapping[str, str | None], now: datetime) -> dict[str, Proof]:
    """For each system (mapped to the ISO 8601 duration of data that it may lose) its newest proof.

    Proofs of sets that are missed in the store do not count.
    """
    query = """
        SELECT s.slug, good.key, good.at, newest.holds, newest.at,
               (SELECT coalesce((b.data->>'taken_at')::timestamptz, b.at) FROM records_evidencerecord AS b
                 WHERE b.system = s.slug AND b.kind = 'backup-set' AND b.key = good.key ORDER BY b.at LIMIT 1)
          FROM unnest(%s::text[]) AS s(slug)
         CROSS JOIN LATERAL (
               SELECT holds, at FROM records_evidencerecord
                WHERE system = s.slug AND kind = 'proof' ORDER BY at DESC LIMIT 1) AS newest
          LEFT JOIN LATERAL (
               SELECT data FROM records_evidencerecord
                WHERE system = s.slug AND kind = 'verification' AND key = %s
                ORDER BY at DESC LIMIT 1) AS reading ON true
          LEFT JOIN LATERAL (
               SELECT key, at FROM records_evidencerecord
                WHERE system = s.slug AND kind = 'proof' AND holds
                  AND NOT coalesce(reading.data->'gone' ? key, false) ORDER BY at DESC LIMIT 1) AS good ON true"""
    proofs = dict.fromkeys(rpo, Proof())
    with connection.cursor() as cursor:
        cursor.execute(query, [list(rpo), MAIN_STORE])
        for slug, key, proven_at, newest_holds, newest_at, set_at in cursor.fetchall():
            taken_at = set_at or proven_at
            allowed = parse_duration(rpo[slug] or "") or DEFAULT_RPO
            proofs[slug] = Proof(
                set_at=taken_at,
                proven_at=proven_at,
                key=key or "",
                failed_at=None if newest_holds else newest_at,
                is_old=taken_at is not None and now - taken_at > allowed + timedelta(hours=2),
            )
    return proofs
