"""What the facts about activity mean."""

from collections.abc import Iterator

from schoolkeeper.catalogue.health import Verdict
from schoolkeeper.catalogue.load.activity.facts import ActivityFacts, ActivityOptions, SourceFacts
from schoolkeeper.kernel.finding import Level


def verdicts(facts: ActivityFacts, options: ActivityOptions) -> Iterator[Verdict]:
    for fault in facts.faults:
        yield _unknown(fault.part, f"It could not be read: {fault.reason}.")
    for source in facts.sources:
        for reason in source.faults:
            yield _unknown(source.name, f"A part of it could not be read: {reason}.")
        yield from _rejected(source, options)
    if not facts.telling(options):
        seen = "; ".join(
            f"{one.name}: {one.actions:,} {one.kind} in {one.weeks:.1f} weeks" for one in facts.sources
        )
        yield _unknown("", f"Nothing can be said about a week from less than {options.least_weeks} ({seen}).")


def _rejected(source: SourceFacts, options: ActivityOptions) -> Iterator[Verdict]:
    """Lines that nobody understood may have been people at work."""
    if source.rejected and not source.lines:
        yield _unknown(source.name, f"Not one of its {source.rejected:,} lines is as the profile describes them.")
    elif source.rejected and source.rejected_percent >= options.rejected_percent:
        yield Verdict(
            suffix="rejected_lines",
            level=Level.WARNING,
            says=f"{source.rejected:,} lines ({source.rejected_percent:.1f} %) were not understood or counted.",
            subject=source.name,
            hint="Correct the line format in the profile, or see who else writes into this file.",
            data={"rejected": source.rejected},
        )


def _unknown(source: str, says: str) -> Verdict:
    hint = "Keep logs for longer, let the worker's account read them, or wait until there is more to count."
    return Verdict(suffix="unknown", level=Level.UNKNOWN, says=says, subject=source, hint=hint)
