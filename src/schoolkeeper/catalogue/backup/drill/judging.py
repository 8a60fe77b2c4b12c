"""What a person should know about the last drill."""

from collections.abc import Iterator
from datetime import timedelta

from schoolkeeper.catalogue.backup.drill.facts import DrillFacts, Proof
from schoolkeeper.connectors.databases.fault import Fault
from schoolkeeper.kernel.finding import Level

# (suffix, level, says, subject, hint)
Verdict = tuple[str, Level, str, str, str]
LEVELS = {"info": Level.INFO, "warning": Level.WARNING, "error": Level.ERROR, "unknown": Level.UNKNOWN}
ANOTHER_SET = "Do not rely on this set; take another one with backup.create and prove that."

SENTENCES = {
    "damaged_part": ("{subject} of the set is damaged: {found}.", ANOTHER_SET),
    "cannot_open": (
        "{subject} cannot be opened: {found}.",
        "Find the private key that belongs to one of the set's recipients before you need it.",
    ),
    "extension_missing": (
        "The database needs the extension {subject}, which the scratch installation lacks: nothing was restored.",
        "Install the same extension packages on the machine that restores, or a restore there will fail as well.",
    ),
    "restore_failed": ("pg_restore could not bring {subject} back: {found}", ANOTHER_SET),
    "rows_differ": ("{subject}: {expected} were saved, {found} came back.", ANOTHER_SET),
    "content_differs": ("{subject}: the number of rows is right, their content is not.", ANOTHER_SET),
    "schema_differs": ("{subject}: {expected} is expected, the copy has: {found}.", ANOTHER_SET),
    "integrity": ("{expected}: {found}.", "Look at the same query in the running system: it holds the same rows."),
    "not_compared": (
        "{subject} could not be compared with the source: {found}.",
        "Give the account the rights that the runbook names, or take sets when nobody works.",
    ),
    "corrupt": ("{subject} of the copy is broken: {found}.", ANOTHER_SET),
    "unchecked": ("{subject} were not checked more deeply: {found}.", "Install it where drills are carried out."),
    "missing_folder": (
        "The set has no folder {subject}, which belongs to the product: the ERP could not be brought back.",
        "Add the folder to the definition of the system and take another set.",
    ),
    "damaged_file": ("{subject} cannot be brought back: {found}.", ANOTHER_SET),
    "erp_does_not_start": (
        "{subject}: {expected} is expected, but {found}.",
        "Look at what the set lacks; until this is mended, a restore gives a database but no ERP.",
    ),
    "journey_fails": ("The restored ERP answers wrongly at {subject}: {found}.", ANOTHER_SET),
    "golden_differs": ("{subject}: {expected} is expected, the copy shows {found}.", ANOTHER_SET),
    "not_started": (
        "The restored {subject} was not started: {found}; database and files alone are proven.",
        "Add [rehearsal] to the profile of the product.",
    ),
    "not_isolated": (
        "The restored ERP ran without walls around it: {found}.",
        "Let drills run as root, or allow user namespaces on this machine.",
    ),
    "missing_file": (
        "{subject} is {expected}, but {found}.",
        "See whether the running system still has this file.",
    ),
    "different_file": ("{subject}: {expected} is expected, the set holds {found}.", ANOTHER_SET),
    "unknown": ("{subject} could not be checked: {found}.", "Correct the query in the profile of the product."),
}


def verdicts(facts: DrillFacts, proof_age_limit: timedelta, key_age_limit: timedelta) -> Iterator[Verdict]:
    if facts.obstacle:
        says = f"No set can be proven here: {facts.obstacle}."
        yield (
            "unknown",
            Level.UNKNOWN,
            says,
            "",
            "Remove this obstacle; until then nobody knows whether sets restore.",
        )
    if facts.unsound:
        yield (
            "damaged_part",
            Level.ERROR,
            f"The set {facts.set} cannot be used: {facts.unsound}.",
            facts.set,
            ANOTHER_SET,
        )
    elif not facts.set:
        yield (
            "no_set",
            Level.ERROR,
            "There is no such backup set, so nothing can be proven.",
            "",
            "Run backup.create.",
        )
    if facts.proof is not None:
        yield from _faults(facts.proof)
        yield from _time(facts.proof, facts.rto)
    for subject in facts.damaged_proofs:
        says = f"The record of the proof {subject} cannot be read, so it does not count."
        hint = "Look at the disk that the store is on, and prove the set anew."
        yield "damaged_proof", Level.WARNING, says, subject, hint
    yield from _age(facts, proof_age_limit)
    yield from _keys(facts, key_age_limit)


def _faults(proof: Proof) -> Iterator[Verdict]:
    for fault in proof.faults:
        says, hint = SENTENCES[fault.code]
        yield fault.code, LEVELS[fault.level], _sentence(says, fault), fault.subject, hint


def _sentence(says: str, fault: Fault) -> str:
    return says.format(subject=fault.subject, expected=fault.expected, found=fault.found)


def _time(proof: Proof, rto: timedelta) -> Iterator[Verdict]:
    seconds = proof.recovery_seconds
    if seconds > rto.total_seconds():
        target_hours = rto.total_seconds() / 3600
        says = f"The recovery took {seconds / 3600:.1f} hours; the target (RTO) is {target_hours:.1f} hours."
        yield "too_slow", Level.WARNING, says, "", "Restore on a faster machine, or agree on another target."


def _keys(facts: DrillFacts, limit: timedelta) -> Iterator[Verdict]:
    hint = "Let whoever keeps it run `schoolkeeper backups check-key`; replace a key that nobody has any more."
    for key in facts.keys:
        name = f"{key.recipient[:16]}…"
        if key.checked_at is None:
            says = f"The private key of {name} was never seen to open a set; perhaps nobody has it any more."
        elif facts.now - key.checked_at > limit:
            days = (facts.now - key.checked_at).days
            says = f"The private key of {name} was last seen to open a set {days} days ago."
        else:
            continue
        yield "key_not_checked", Level.WARNING, says, key.recipient, hint


def _age(facts: DrillFacts, limit: timedelta) -> Iterator[Verdict]:
    if facts.last_proven_at is None:
        if facts.set:
            says = "No backup set of this system has ever been proven to restore."
            yield "not_proven", Level.WARNING, says, "", "Run this task."
    elif facts.now - facts.last_proven_at > limit:
        says = f"The last proof that a set restores is {(facts.now - facts.last_proven_at).days} days old."
        yield "not_proven", Level.WARNING, says, "", "Run this task."
