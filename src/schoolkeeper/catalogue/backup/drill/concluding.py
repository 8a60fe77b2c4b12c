"""The end of a drill: its record, and nothing else left behind."""

from datetime import UTC, datetime

from schoolkeeper.catalogue.backup.drill.facts import PHASES, Proof
from schoolkeeper.catalogue.backup.drill.scratch import Rehearsal
from schoolkeeper.connectors.scratch_servers import release
from schoolkeeper.kernel.errors import Permanent
from schoolkeeper.kernel.evidence import Evidence
from schoolkeeper.kernel.failpoints import failpoint


def conclude(rehearsal: Rehearsal) -> None:
    """Write the proof, which holds only when every phase was carried out and found nothing; then clean up."""
    phases = [phase for name in PHASES if (phase := rehearsal.note(name)) is not None]
    if len(phases) != len(PHASES):
        raise Permanent("The drill cannot be concluded: not every phase was carried out.")
    with rehearsal.server() as server:
        version = server.version
    proof = Proof(
        set=rehearsal.set_id,
        run=rehearsal.act.run.key,
        manifest_sha256=rehearsal.store.manifest_sha256(rehearsal.set_id),
        server=version,
        concluded_at=datetime.now(UTC),
        holds=all(phase.holds for phase in phases),
        phases=phases,
    )
    failpoint("backup.drill.conclude.before_proof")
    rehearsal.store.keep_proof(rehearsal.set_id, proof.run, proof.model_dump_json(indent=2) + "\n")
    release(rehearsal.act.run.workspace)


def evidence_of(proof: Proof, taken_at: datetime | None) -> Evidence:
    """What later readers may rely on; `taken_at` is when the set was taken."""
    data = {
        "tables": proof.count("tables"),
        "rows": proof.count("rows"),
        "objects": proof.count("objects"),
        "files": proof.count("files"),
        "assertions": proof.count("assertions"),
        "seconds": round(proof.seconds, 1),
        "phases": {f"{phase.name}_seconds": phase.seconds for phase in proof.phases},
        "server": proof.server,
        "faults": len([fault for fault in proof.faults if fault.level != "info"]),
        "taken_at": taken_at and taken_at.astimezone(UTC).isoformat(),
        "manifest_sha256": proof.manifest_sha256,
        "run": proof.run,
    }
    answer = "restores" if proof.holds else "is NOT proven to restore"
    says = (
        f"Backup set {proof.set} {answer}: {data['tables']:,} tables with {data['rows']:,} rows, "
        f"{data['objects']:,} objects and {data['files']:,} files compared in {data['seconds']} s, "
        f"{data['faults']} faults."
    )
    return Evidence("proof", proof.set, proof.holds, says, data)
