"""The page of a proof as data: in words, short enough for one sheet of paper."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from schoolkeeper.reporting.proof.collect import Collected
from schoolkeeper.reporting.proof.trend import trend
from schoolkeeper.reporting.status.paper import Tone
from schoolkeeper.reporting.status.wording import count, moment, number, offset, size, span

MOST_FAULTS = 10
_MOST_PHASES = 11
_MOST_VERSIONS = 6
_LONGEST_SENTENCE = 330
_LONGEST_LINE = 100
_LONGEST_FAULT = 130
_LONGEST_NAME = 40
_PHASES = {
    "fetch": "Fetch and decrypt",
    "prepare": "Prepare a scratch server",
    "restore": "Restore the database",
    "compare": "Compare the contents",
    "integrity": "Check integrity",
    "files": "Restore and compare files",
    "start": "Start the ERP, sign in, compare records",
    "journey": "Walk the declared journeys",
    "journeys": "Walk the declared journeys",
    "golden records": "Compare golden records",
}
_COUNTS = {
    "tables": ("table", ""),
    "rows": ("row", ""),
    "objects": ("database object", ""),
    "files": ("file", ""),
    "assertions": ("integrity assertion", ""),
    "journey_steps": ("step of a user's journey", "steps of a user's journey"),
    "golden_records": ("golden record", ""),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A name and what is to be said of it; `part` is the length of the bar beside it, from 0 to 1."""

    name: str
    value: str
    tone: Tone = ""
    part: float = 0
    is_total: bool = False


@dataclass(frozen=True, slots=True)
class Tile:
    """One of the few things to see first."""

    label: str
    value: str
    note: str
    tone: Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """`attachment` is the signed evidence, as its file. `trend` is an SVG, "" where there is no trend to show."""

    title: str
    subject: str
    made_at: datetime
    answer: str
    tone: Tone
    says: str
    tiles: Sequence[Tile]
    facts: Sequence[Line]
    phases: Sequence[Line]
    faults: Sequence[str]
    faults_note: str
    trend: str
    trend_says: str
    seal: Sequence[tuple[str, Sequence[str]]]
    commands: Sequence[str]
    attachment: str


def page(collected: Collected) -> Page:
    """Put it into words. Nothing is said that neither the evidence nor the records have."""
    signed, reading = collected.signed, collected.reading
    statement = signed.statement
    zone = ZoneInfo(collected.system.timezone)
    institution = f" · {collected.system.institution}" if collected.system.institution else ""
    svg, trend_says = _trend(collected, zone)
    return Page(
        title="Proof of a restore",
        subject=_short(f"{collected.system.name}{institution}", _LONGEST_LINE),
        made_at=statement.at,
        answer="RESTORES" if statement.holds else "NOT PROVEN",
        tone="ok" if statement.holds else "error",
        says=_short(statement.says, _LONGEST_SENTENCE),
        tiles=list(_tiles(collected)),
        facts=list(_facts(collected, zone)),
        phases=list(_phases(collected)),
        faults=[_short(fault, _LONGEST_FAULT) for fault in reading.faults[:MOST_FAULTS]],
        faults_note=_faults_note(collected),
        trend=svg,
        trend_says=trend_says,
        seal=_seal(collected),
        commands=[
            "python -m schoolkeeper.ledger verify-evidence evidence.json --key ledger.pub",
            "python -m schoolkeeper.ledger verify-evidence evidence.json --key ledger.pub --ledger export.jsonl",
        ],
        attachment=signed.line().decode(),
    )


def _tiles(collected: Collected) -> Iterator[Tile]:
    reading, statement = collected.reading, collected.signed.statement
    if (took := reading.recovery_seconds) is not None:
        target = reading.rto_seconds
        note = f"target (RTO) {span(target)}" if target is not None else "fetched, prepared, restored, started"
        yield Tile("A recovery would take", span(took), note, _within(took, target, statement.holds))
    if reading.taken_at is not None and (age := statement.at - reading.taken_at).total_seconds() >= 0:
        target = reading.rpo_hours
        note = "when it was proven" if target is None else f"when proven; target (RPO) {span(target * 3600)}"
        yield Tile(
            "Age of the data", span(age), note, _within(age.total_seconds() / 3600, target, statement.holds)
        )
    if reading.fault_count is not None:
        word = "found in what came back" if reading.fault_count else "all is as it was saved"
        if not reading.fault_count and not statement.holds:
            word = "not all could be looked at"
        tone: Tone = "error" if reading.fault_count else "ok" if statement.holds else "unknown"
        yield Tile("Faults", number(reading.fault_count), word, tone)


def _within(value: float, target: float | None, holds: bool) -> Tone:
    """Green only on the page of a proof that holds: a fast restore of something else is no good news."""
    if target is not None and value > target:
        return "error"
    return "ok" if target is not None and holds else "info"


def _facts(collected: Collected, zone: ZoneInfo) -> Iterator[Line]:
    statement, reading, system = collected.signed.statement, collected.reading, collected.system
    yield Line("Backup set", _short(statement.key, _LONGEST_NAME))
    yield Line("System", f"{statement.system} ({system.environment})")
    if reading.taken_at is not None:
        yield Line("Taken", moment(reading.taken_at, zone))
    yield Line("Proven", moment(statement.at, zone))
    yield Line("Times are of", offset(statement.at, zone))
    if collected.set_size_bytes is not None:
        new = f", of which {size(reading.new_bytes)} new" if reading.new_bytes is not None else ""
        yield Line("Size as stored", f"{size(collected.set_size_bytes)}{new}")
    if reading.counts:
        yield Line("Compared", ", ".join(count(round(many), *_COUNTS[name]) for name, many in reading.counts))
    versions = [f"{name} {version}" for name, version in reading.versions[:_MOST_VERSIONS]]
    if versions:
        yield Line("Versions", _short(", ".join(versions), _LONGEST_LINE))
    yield Line("Run", _short(f"{collected.run.pk}, {statement.task}, {_asked(collected)}", _LONGEST_LINE))


def _asked(collected: Collected) -> str:
    run = collected.run
    return f"asked for by {run.requested_by}" + (f" ({run.occasion})" if run.occasion != run.requested_by else "")


def _phases(collected: Collected) -> Iterator[Line]:
    reading = collected.reading
    measured = [phase.seconds for phase in reading.phases if phase.seconds is not None]
    longest = max(measured, default=0) or 1
    for phase in reading.phases[:_MOST_PHASES]:
        name = _short(_PHASES.get(phase.name, phase.name[:1].upper() + phase.name[1:]), _LONGEST_NAME)
        if phase.skipped:
            yield Line(name, f"not done: {_short(phase.skipped, _LONGEST_NAME)}", "unknown")
        elif phase.seconds is None:
            yield Line(name, "not measured", "unknown")
        else:
            yield Line(name, span(phase.seconds), "", phase.seconds / longest)
    if rest := reading.phases[_MOST_PHASES:]:
        yield Line(f"and {len(rest)} more", span(sum(phase.seconds or 0 for phase in rest)))
    if (total := reading.total_seconds) is not None:
        yield Line("The whole proof", span(total), is_total=True)


def _faults_note(collected: Collected) -> str:
    reading, run = collected.reading, collected.run.pk
    shown = min(len(reading.faults), MOST_FAULTS)
    if reading.fault_count is None:
        return ""
    if more := reading.fault_count - shown:
        where = f"the page of run {run} lists them"
        return f"and {more:,} more; {where}." if shown else f"{count(more, 'fault')}: {where}."
    if shown:
        return ""
    return "None was found." if collected.signed.statement.holds else "None was found in what could be looked at."


def _trend(collected: Collected, zone: ZoneInfo) -> tuple[str, str]:
    proofs = collected.trend
    if not proofs:
        return "", "No recovery time was measured."
    if len(proofs) == 1:
        return "", "This is the first proof with a recovery time; a trend needs two."
    failed = sum(not proof.holds for proof in proofs)
    crossed = f" Crossed: {count(failed, 'proof')} that failed." if failed else ""
    says = f"The last {len(proofs)} proofs, from {span(min(proof.seconds for proof in proofs))} to "
    says += f"{span(max(proof.seconds for proof in proofs))}.{crossed} From the records, not under the signature."
    return trend(proofs, collected.reading.rto_seconds, zone), says


def _seal(collected: Collected) -> list[tuple[str, Sequence[str]]]:
    signed = collected.signed
    seal: list[tuple[str, Sequence[str]]] = [
        ("Digest", [signed.statement.digest()]),
        (
            "In the ledger",
            [f"of “{_short(signed.instance, _LONGEST_NAME)}”, entry {signed.sequence}:", signed.entry_digest],
        ),
        ("Signature", [signed.signature[:64], signed.signature[64:]]),
        ("Key fingerprint", [signed.key_id]),
    ]
    if collected.reading.manifest_sha256:
        seal.insert(0, ("Manifest", [_short(collected.reading.manifest_sha256, _LONGEST_LINE)]))
    return seal


def _short(text: str, longest: int) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= longest else f"{plain[: longest - 1].rstrip()}…"
