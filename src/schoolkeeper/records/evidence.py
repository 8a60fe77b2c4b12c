"""Keeping evidence, asking for the newest, and vouching for it.

When evidence is kept, the ledger takes its digest down in the same transaction. Whoever changes the row afterwards
contradicts the ledger, whose own changes its chain and the heads kept outside the database reveal.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from schoolkeeper.kernel.errors import Invalid, Refused
from schoolkeeper.kernel.evidence import Evidence
from schoolkeeper.ledger import keys
from schoolkeeper.ledger.entry import Entry
from schoolkeeper.ledger.evidence import KEPT, SignedEvidence, Statement, sign, takes_down
from schoolkeeper.records import ledger
from schoolkeeper.records.models import EvidenceRecord, LedgerEntry, Run


def keep(run: Run, evidence: Sequence[Evidence], at: datetime) -> None:
    """Take down a run's evidence, once: a repeated call changes nothing."""
    for one in evidence:
        record, is_new = EvidenceRecord.objects.get_or_create(
            run=run,
            kind=one.kind,
            key=one.key,
            defaults={
                "system": run.system,
                "at": at,
                "holds": one.holds,
                "says": one.says,
                "data": dict(one.data),
            },
        )
        if is_new:
            data = statement(record).entry_data()
            ledger.append(KEPT, actor=f"run {run.pk}", system=run.system, subject=run.task, data=data)


def newest(system: str, kind: str, *, holds: bool | None = None) -> EvidenceRecord | None:
    """The newest evidence of a kind; with `holds`, the newest that does (or does not)."""
    rows = EvidenceRecord.objects.filter(system=system, kind=kind)
    if holds is not None:
        rows = rows.filter(holds=holds)
    return rows.order_by("-at").first()


def find(system: str, kind: str, key: str = "") -> EvidenceRecord:
    """The newest evidence of a kind, and of a key if one is given. Raises Invalid naming what there is."""
    rows = EvidenceRecord.objects.filter(system=system).select_related("run").order_by("-at", "-id")
    of_kind = rows.filter(kind=kind)
    if found := (of_kind.filter(key=key) if key else of_kind).first():
        return found
    if newest_one := of_kind.first():
        says = f"there is none with the key {key!r}; the newest is {newest_one.key}"
    elif kinds := sorted(set(rows.order_by().values_list("kind", flat=True))):
        says = f"there is none of the kind {kind!r}; there is: {', '.join(kinds)}"
    else:
        says = "no run has left any yet"
    raise Invalid(f"evidence of {system}", [f"{says}; `schoolkeeper evidence list {system}` shows all"])


def statement(record: EvidenceRecord) -> Statement:
    """What a row says now."""
    return Statement(
        system=record.system,
        task=record.run.task,
        run=str(record.run.key),
        kind=record.kind,
        key=record.key,
        holds=record.holds,
        says=record.says,
        data=record.data,
        at=record.at,
    )


def vouch(record: EvidenceRecord, home: Path, instance: str) -> SignedEvidence:
    """Sign evidence, having found that it is as it was kept and that the ledger is whole.

    Raises Refused when it is not, or when that cannot be known.
    """
    entry = _entry(record)
    report = ledger.verify_table(home, instance)
    if not report.ok:
        raise Refused(
            "The ledger itself is not as it was written, so nothing is vouched for: "
            "`schoolkeeper ledger verify` says where."
        )
    return sign(statement(record), entry, keys.load_private(ledger.signing_key(home)), instance=instance)


def _entry(record: EvidenceRecord) -> Entry:
    """The ledger entry that took this evidence down, which must be the only one and fit what the row says now."""
    said = statement(record)
    about = {"data__run": said.run, "data__kind": said.kind, "data__key": said.key}
    rows = LedgerEntry.objects.filter(kind=KEPT, system=said.system, **about).order_by("sequence")[:2]
    entries = [row.entry() for row in rows]
    name = f"The {record.kind} {record.key} of run {record.run_id}"
    if not entries:
        raise Refused(
            f"{name} is not in the ledger: it was kept by a version that took no digests down, or put into the "
            f"database by hand, or its key was altered. Let {record.run.task} run anew and export what it leaves."
        )
    if len(entries) > 1:
        numbers = " and ".join(str(entry.sequence) for entry in entries)
        raise Refused(f"{name} was taken down twice (entries {numbers} of the ledger): somebody added one.")
    if not takes_down(entries[0], said):
        raise Refused(
            f"{name} was ALTERED in the database since it was kept: it no longer fits entry {entries[0].sequence} "
            f"of the ledger. Nothing was exported. Find out who did it, and let {record.run.task} run anew."
        )
    return entries[0]
