"""What the outcome of a run is, and how it is said: pure."""

from collections import Counter
from collections.abc import Sequence

from schoolkeeper.engine.failure import Failure
from schoolkeeper.kernel.evidence import Evidence
from schoolkeeper.kernel.finding import Finding, Level
from schoolkeeper.kernel.outcome import Outcome


def outcome_of(findings: Sequence[Finding], *, steps: int, changes_something: bool) -> Outcome:
    """The outcome of a run in which nothing broke."""
    worst = {finding.level for finding in findings}
    if Level.ERROR in worst:
        return Outcome.FAILED
    if Level.UNKNOWN in worst:
        return Outcome.UNKNOWN
    return Outcome.OK if steps or not changes_something else Outcome.NOTHING_TO_DO


def outcome_of_failure(failure: Failure) -> Outcome:
    """The outcome of a run in which a stage failed before anything was changed, or after it was taken back."""
    match failure["kind"]:
        case "unreachable" | "temporary":
            return Outcome.UNKNOWN
        case "unforeseen":
            return Outcome.ERRORED
        case _:
            return Outcome.FAILED


def summary(findings: Sequence[Finding], evidence: Sequence[Evidence], *, steps: int) -> str:
    """The outcome in a sentence or two: what the run can show for itself, then what it found."""
    done = " ".join(one.says for one in evidence) or (
        f"{steps} step{'s' if steps != 1 else ''} done." if steps else ""
    )
    done = f"{done} " if done else ""
    counts = Counter(finding.level for finding in findings if finding.level > Level.OK)
    if not counts:
        return f"{done}Nothing to report." if not evidence else done.rstrip()
    worst = max(findings, key=lambda finding: finding.level)
    names = {Level.UNKNOWN: "unknown", Level.ERROR: "error", Level.WARNING: "warning", Level.INFO: "note"}
    told = ", ".join(
        f"{counts[level]} {name}{'s' if counts[level] > 1 and level is not Level.UNKNOWN else ''}"
        for level, name in names.items()
        if counts[level]
    )
    return f"{done}{told}: {worst.says}" if worst.level >= Level.WARNING else f"{done}{told}."
