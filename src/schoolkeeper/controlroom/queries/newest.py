"""The newest evidence of many systems at once: one look into the index for each, however long the history."""

from collections.abc import Iterable

from schoolkeeper.records.models import EvidenceRecord


def newest_of(
    kind: str, systems: Iterable[str], *, key: str = "", only_holding: bool = False
) -> dict[str, EvidenceRecord]:
    """The newest evidence of a kind of each system that has any; of one `key`, and of what holds, if asked for."""
    query = """
        SELECT e.* FROM unnest(%s::text[]) AS s(slug)
         CROSS JOIN LATERAL (
               SELECT * FROM records_evidencerecord
                WHERE system = s.slug AND kind = %s AND (%s = '' OR key = %s) AND (holds OR NOT %s)
                ORDER BY at DESC LIMIT 1) AS e"""
    found = EvidenceRecord.objects.raw(query, [list(systems), kind, key, key, only_holding])
    return {record.system: record for record in found}
