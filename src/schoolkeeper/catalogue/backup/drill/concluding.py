"""The end of a drill: its record, and nothing else left behind."""

from datetime import UTC, datetime

from schoolkeeper.catalogue.backup.drill.facts import PHASES, DrillFacts, Proof
from schoolkeeper.catalogue.backup.drill.scratch import Rehearsal
from schoolkeeper.connectors.scratch_servers import release
from schoolkeeper.kernel.errors import Permanent
from schoolkeeper.kernel.evidence import Evidence
from schoolkeeper.kernel.failpoints import failpoint

FAULTS_KEPT = 50
NAMES_SHOWN = 5


def conclude(rehearsal: Rehearsal) -> None:
    """Write the proof, which holds only when every phase was carried out and found nothing; then clean up."""
    phases = [phase for name in PHASES if (phase := rehearsal.note(name)) is not None]
    if len(phases) != len(PHASES):
        raise Permanent("The drill cannot be concluded: not every phase was carried out.")
    proof = Proof(
        set=rehearsal.set_id,
        run=rehearsal.act.run.key,
        manifest_sha256=rehearsal.manifest_sha256(),
        server=_server(rehearsal),
        concluded_at=datetime.now(UTC),
        holds=all(phase.holds for phase in phases),
        phases=phases,
    )
    failpoint("backup.drill.conclude.before_proof")
    rehearsal.store.keep_proof(rehearsal.set_id, proof.run, proof.model_dump_json(indent=2) + "\n")
    release(rehearsal.act.run.workspace)


def _server(rehearsal: Rehearsal) -> str:
    """What the copy is on. Where nothing was restored, half of a server may lie there that does not start."""
    if not rehearsal.is_restored:
        return "none"
    with rehearsal.server() as server:
        return server.version


def evidence_of(proof: Proof, facts: DrillFacts) -> Evidence:
    """What later readers may rely on."""
    counted = [fault for fault in proof.faults if fault.level != "info"]
    data = {
        "tables": proof.count("tables"),
        "rows": proof.count("rows"),
        "objects": proof.count("objects"),
        "files": proof.count("files"),
        "assertions": proof.count("assertions"),
        "journey_steps": proof.count("journey_steps"),
        "golden_records": proof.count("golden_records"),
        "seconds": round(proof.seconds, 1),
        "recovery_seconds": round(proof.recovery_seconds, 1),
        "rto_seconds": facts.rto.total_seconds(),
        "rpo_hours": facts.rpo.total_seconds() / 3600,
        "phases": [
            {"name": phase.name, "seconds": phase.seconds, "parts": phase.parts, "skipped": phase.skipped}
            for phase in proof.phases
        ],
        "server": proof.server,
        "versions": {"server": proof.server, **facts.tools},
        "size_bytes": facts.size_bytes,
        "unclaimed": proof.unclaimed[:FAULTS_KEPT],
        "faults": [fault.model_dump(mode="json") for fault in counted[:FAULTS_KEPT]],
        "fault_count": len(counted),
        "taken_at": facts.taken_at and facts.taken_at.astimezone(UTC).isoformat(),
        "manifest_sha256": proof.manifest_sha256,
        "run": proof.run,
    }
    answer = "restores" if proof.holds else "is NOT proven to restore"
    says = (
        f"Backup set {proof.set} {answer}: {data['tables']:,} tables with {data['rows']:,} rows, "
        f"{data['objects']:,} objects and {data['files']:,} files compared in {data['seconds']} s, "
        f"{len(counted)} faults.{_unclaimed(proof)}"
    )
    return Evidence("proof", proof.set, proof.holds, says, data)


def _unclaimed(proof: Proof) -> str:
    """What the sentence does not speak of, in words."""
    if not (names := proof.unclaimed):
        return ""
    more = f" and {len(names) - NAMES_SHOWN:,} more" if len(names) > NAMES_SHOWN else ""
    return f" Not among them, because it changed while it was saved: {', '.join(names[:NAMES_SHOWN])}{more}."
