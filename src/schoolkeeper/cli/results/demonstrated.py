"""What the demonstration showed: outcomes, backup set, proof, and what to look at next."""

from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.rule import Rule

from schoolkeeper.cli.exits import Exit
from schoolkeeper.cli.results import finding_lines, findings, runs
from schoolkeeper.cli.results.finding_lines import FindingLine
from schoolkeeper.programme.following import RunView
from schoolkeeper.records import evidence
from schoolkeeper.server.demo import Demo


@dataclass(frozen=True, slots=True)
class Proof:
    """The newest evidence of one kind: a backup set, or the proof of one. None where its data do not say."""

    key: str
    holds: bool
    says: str
    tables: int | None
    rows: int | None
    files: int | None
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Demonstrated:
    """The daily programme of the demonstration's ERP."""

    system: str
    runs: tuple[RunView, ...]
    findings: tuple[FindingLine, ...]
    backup: Proof | None
    proof: Proof | None
    programme_seconds: float
    total_seconds: float

    @property
    def exit_code(self) -> Exit:
        return runs.exit_for(self.runs)


def gather(
    system: str, views: tuple[RunView, ...], *, programme_seconds: float, total_seconds: float
) -> Demonstrated:
    """Read from the records what came of these runs."""
    return Demonstrated(
        system=system,
        runs=views,
        findings=findings.findings(system=system, level=None, everything=False),
        backup=_newest(system, "backup-set"),
        proof=_newest(system, "proof"),
        programme_seconds=programme_seconds,
        total_seconds=total_seconds,
    )


def render(result: Demonstrated) -> RenderableType:
    """Outcomes and findings."""
    parts: list[RenderableType] = [Rule("Daily programme", align="left"), runs.table(result.runs)]
    if result.findings:
        parts += [Rule("Findings", align="left"), finding_lines.render(result.findings)]
    return Group(*parts)


def next_lines(running: Demo) -> list[str]:
    """Where to look next; whole lines, to be copied."""
    system = running.system
    return [
        f"Control room  {running.address}",
        *(f"  sign in as {name:<14} {password}" for name, password in running.sign_ins),
        f"The ERP       {running.erp.url}/",
        f"  sign in as admin, registrar01, teacher0001, student00001 … with {running.erp_password}",
        f"Definition    {running.folder.definition}",
        "Commands      in another terminal, for instance:",
        f"  export SCHOOLKEEPER_HOME={running.folder.keeper_home}",
        f"  schoolkeeper status; schoolkeeper findings --all; schoolkeeper plan storage.cleanup {system}",
        f"  schoolkeeper backups list {system}; schoolkeeper evidence pdf {system} --to proof.pdf",
        f"  schoolkeeper run backup.drill {system}; schoolkeeper ledger verify",
    ]


def last_lines(result: Demonstrated) -> list[str]:
    """What a script looks for: backup set, proof, every outcome, times."""
    outcomes = ", ".join(f"{run.task} {runs.word_for(run)}" for run in result.runs)
    return [
        f"Backup set  {_described(result.backup, 'saved')}",
        f"Proof       {_described(result.proof, 'restored and compared')}",
        f"Outcomes    {outcomes}",
        f"Time        programme {result.programme_seconds:.1f} s, everything {result.total_seconds:.1f} s",
    ]


def _described(proof: Proof | None, verb: str) -> str:
    """The key, then how much was saved or compared; what went wrong only where something did."""
    if proof is None:
        return "none"
    amounts = [(proof.tables, "tables"), (proof.rows, "rows"), (proof.files, "files")]
    told = ", ".join(f"{amount:,} {name}" for amount, name in amounts if amount is not None)
    time = f" in {proof.seconds:.1f} s" if proof.seconds is not None else ""
    return f"{proof.key}: {told} {verb}{time}" + ("" if proof.holds else f". IT DOES NOT HOLD: {proof.says}")


def _newest(system: str, kind: str) -> Proof | None:
    row = evidence.newest(system, kind)
    if row is None:
        return None
    data = row.data
    counts = (data.get(name) for name in ("tables", "rows", "files", "seconds"))
    return Proof(row.key, row.holds, row.says, *counts)
