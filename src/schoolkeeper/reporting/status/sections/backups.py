"""Backups and the proofs that they can be restored."""

from __future__ import annotations

from collections.abc import Iterator

from schoolkeeper.reporting.status.collect import Status
from schoolkeeper.reporting.status.paper import Block, Cell, Column, Note, Section, Table
from schoolkeeper.reporting.status.wording import moment, number, size, span

_MOST_ROWS = 40


def section(status: Status) -> Section:
    return Section("backups", "Backups and proofs", list(_blocks(status)))


def _blocks(status: Status) -> Iterator[Block]:
    backups, zone = status.backups, status.period.zone
    yield _last_proven(status)
    yield Table(
        title="Sets made",
        columns=(Column("Set", 2.4), Column("Made", 1.7), Column("Size", 1, is_number=True), Column("Says", 3)),
        rows=[
            [
                Cell(one.key, note="proven" if one.key == backups.proven_set else ""),
                Cell(moment(one.made_at, zone)),
                Cell(size(one.size_bytes)),
                Cell(one.says, "" if one.holds else "error"),
            ]
            for one in backups.sets[:_MOST_ROWS]
        ],
        empty="No set was made in this period.",
    )
    yield Table(
        title="Proofs by restore",
        columns=(
            Column("Set", 2.2),
            Column("Restored", 1.7),
            Column("Answer", 1.1),
            *(Column(name, 1, is_number=True) for name in ("Tables", "Rows", "Files")),
            Column("Took", 1.1, is_number=True),
        ),
        rows=[
            [
                Cell(proof.key, note="" if proof.holds else proof.says),
                Cell(moment(proof.at, zone)),
                Cell("holds", "ok") if proof.holds else Cell("does not hold", "error"),
                *(Cell(number(value)) for value in (proof.tables, proof.rows, proof.files)),
                Cell(span(proof.seconds)),
            ]
            for proof in backups.proofs[:_MOST_ROWS]
        ],
        empty="No set was proven in this period.",
    )


def _last_proven(status: Status) -> Note:
    backups, zone = status.backups, status.period.zone
    rpo, rto = span(backups.rpo), span(status.system.rto)
    if backups.proven_made_at is None:
        return Note(
            f"No backup set has been proven by a restore. At most {rpo} of work may be lost (RPO).", "error"
        )
    said = f"The newest proven set is {backups.proven_set}, of {moment(backups.proven_made_at, zone)}: "
    age = f"{span(backups.age)} old, where at most {rpo} of work may be lost (RPO)"
    return Note(
        f"{said}{age} and {rto} may pass until all is back (RTO).", "ok" if backups.within_rpo else "error"
    )
