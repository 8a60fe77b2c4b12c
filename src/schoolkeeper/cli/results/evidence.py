"""Evidence that runs left: what there is, and files of it for an auditor."""

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from schoolkeeper.estate import care
from schoolkeeper.ledger import keys
from schoolkeeper.ledger.evidence import SignedEvidence
from schoolkeeper.records.evidence import find, vouch
from schoolkeeper.records.ledger import signing_key
from schoolkeeper.records.models import EvidenceRecord
from schoolkeeper.reporting.proof import write_proof

_VERIFY = "python -m schoolkeeper.ledger verify-evidence {} --key ledger.pub"


@dataclass(frozen=True, slots=True)
class EvidenceLine:
    """One piece of evidence; `at` is UTC, `holds` is the answer, `run` the number of the run that left it."""

    kind: str
    key: str
    holds: bool
    says: str
    at: datetime
    run: int


@dataclass(frozen=True, slots=True)
class Exported:
    """A file that was written. `sequence` is the ledger entry that carries the evidence's digest, `verify` the
    command for the auditor."""

    file: str
    kind: str
    key: str
    holds: bool
    sequence: int
    public_key: str
    key_id: str
    verify: str

    @property
    def told(self) -> str:
        """What was written, and how it is verified."""
        answer = "holds" if self.holds else "does NOT hold"
        return "\n".join(
            (
                f"{self.file}: {self.kind} {self.key}, which {answer}; in the ledger's entry {self.sequence}",
                f"Public key: {self.public_key} ({self.key_id}); let it reach the auditor by another way",
                f"Verify: {self.verify}",
            )
        )


def listed(system: str, kind: str | None) -> tuple[EvidenceLine, ...]:
    """The evidence of a system, newest first. Raises Invalid for an unknown system."""
    rows = EvidenceRecord.objects.filter(system=care.find(system).slug).order_by("-at", "-id")
    if kind is not None:
        rows = rows.filter(kind=kind)
    return tuple(EvidenceLine(row.kind, row.key, row.holds, row.says, row.at, row.run_id) for row in rows)


def render(lines: Sequence[EvidenceLine]) -> RenderableType:
    """A table."""
    if not lines:
        return Text("No run has left any such evidence yet.")
    table = Table("When (UTC)", "Kind", "Key", "Answer", "Run", "Says", box=None, pad_edge=False)
    for line in lines:
        answer = Text("holds", "green") if line.holds else Text("does NOT hold", "red")
        cells = (f"{line.at:%Y-%m-%d %H:%M}", line.kind, Text(line.key, overflow="fold"))
        table.add_row(*cells, answer, str(line.run), Text(line.says))
    return table


def export(system: str, kind: str, key: str, file: Path) -> Exported:
    """Write signed evidence; "-" is standard output.

    Raises Invalid when there is none, and Refused, before anything is written, when it cannot be vouched for.
    """
    record = find(care.find(system).slug, kind, key)
    signed = vouch(record, settings.SCHOOLKEEPER_HOME, settings.SCHOOLKEEPER_INSTANCE)
    if str(file) == "-":
        sys.stdout.buffer.write(signed.line())
        sys.stdout.buffer.flush()
    else:
        file.write_bytes(signed.line())
    return _exported(signed, file, _VERIFY.format(shlex.quote(str(file))))


def pdf(system: str, key: str, file: Path) -> Exported:
    """Write the page of a proof; raises as `export` does."""
    record = find(care.find(system).slug, "proof", key)
    take_out = f"pdfdetach -save 1 -o evidence.json {shlex.quote(str(file))} && "
    return _exported(write_proof(record, file), file, take_out + _VERIFY.format("evidence.json"))


def _exported(signed: SignedEvidence, file: Path, verify: str) -> Exported:
    one = signed.statement
    public = str(keys.public_path(signing_key(settings.SCHOOLKEEPER_HOME)))
    return Exported(str(file), one.kind, one.key, one.holds, signed.sequence, public, signed.key_id, verify)
