"""What the facts about log sources mean."""

from collections.abc import Iterator

from schoolkeeper.catalogue.health import Verdict
from schoolkeeper.catalogue.logs.errors.facts import ErrorsOptions, LogsFacts, PatternFacts, SourceFacts
from schoolkeeper.kernel.finding import Level


def verdicts(facts: LogsFacts, options: ErrorsOptions) -> Iterator[Verdict]:
    for fault in facts.faults:
        yield unread(fault.part, f"The log could not be read: {fault.reason}.")
    for source in facts.sources:
        for reason in source.faults:
            yield unread(source.name, f"A part of the log could not be read: {reason}.")
        for pattern in source.patterns:
            yield from error(source, pattern, options)
        yield from many(source)
        yield from rate(source, options)
        yield from rejected(source, options)
        yield from cut(source, options)
        yield from silent(source, options)


def unread(source: str, says: str) -> Verdict:
    hint = "Let the worker's account read the file, or correct its path in the definition."
    return Verdict(suffix="unknown", level=Level.UNKNOWN, says=says, subject=source, hint=hint)


def error(source: SourceFacts, pattern: PatternFacts, options: ErrorsOptions) -> Iterator[Verdict]:
    """New where the baseline has none of it, rising where it has few; with a short baseline everything would be
    new, so it weighs one level less."""
    seen = f"{pattern.count:,} times between {pattern.first_at:%Y-%m-%d %H:%M} and {pattern.last_at:%H:%M} UTC"
    per_hour = pattern.count / options.window_hours
    before_per_hour = pattern.baseline_count / max(source.baseline_hours, 1)
    if pattern.baseline_count == 0:
        suffix = "new_pattern"
        level = Level.ERROR if pattern.count >= options.many_count else Level.WARNING
        says = f"{pattern.text} ({seen}, not once in the {source.baseline_hours / 24:.1f} days before)."
        if source.is_fresh:
            level = Level(level - 1)
            says = f"{pattern.text} ({seen}; the log reaches back too little to tell whether this is new)."
    elif (
        not source.is_fresh
        and pattern.count >= options.rising_count
        and per_hour >= options.rising_factor * before_per_hour
    ):
        suffix, level = "rising_pattern", Level.WARNING
        says = f"{pattern.text} ({seen}, {per_hour:.2g} per hour against {before_per_hour:.2g} before)."
    else:
        return
    yield Verdict(
        suffix=suffix,
        level=level,
        says=says,
        subject=f"{source.name}:{pattern.id}",
        hint=f"Read the {source.name} log around the first time, and ask what was changed just before.",
        data={"count": pattern.count, "baseline_count": pattern.baseline_count},
    )


def many(source: SourceFacts) -> Iterator[Verdict]:
    if source.patterns_left_out:
        yield Verdict(
            suffix="many_patterns",
            level=Level.INFO,
            says=f"{source.patterns_left_out:,} further kinds of error are not listed one by one.",
            subject=source.name,
            hint="Deal with the listed ones first; the rest may follow from them.",
        )


def rate(source: SourceFacts, options: ErrorsOptions) -> Iterator[Verdict]:
    """The share of failed requests, where there are enough requests to speak of a share."""
    if source.kind != "access" or source.window_entries < options.requests_count:
        return
    if source.error_percent < options.error_warning_percent:
        return
    serious = source.error_percent >= options.error_error_percent
    yield Verdict(
        suffix="error_rate",
        level=Level.ERROR if serious else Level.WARNING,
        says=f"{source.error_percent:.2f} % of {source.window_entries:,} requests in {options.window_hours} hours "
        f"failed ({source.window_errors:,}).",
        subject=source.name,
        hint="See which addresses fail among the error patterns of this log.",
        data={"error_percent": round(source.error_percent, 3)},
    )


def rejected(source: SourceFacts, options: ErrorsOptions) -> Iterator[Verdict]:
    """Lines that nobody understood may have been errors."""
    example = f" One of them: {source.rejected_example}" if source.rejected_example else ""
    if not source.entries and (source.rejected or source.cut_bytes):
        says = f"Not one line of the log is as the profile describes it.{example}"
        yield unread(source.name, says)
    elif source.rejected and source.rejected_percent >= options.rejected_percent:
        yield Verdict(
            suffix="rejected_lines",
            level=Level.WARNING,
            says=f"{source.rejected:,} lines ({source.rejected_percent:.1f} %) were not understood.{example}",
            subject=source.name,
            hint="Correct the line format in the profile, or see who else writes into this file.",
            data={"rejected": source.rejected},
        )


def cut(source: SourceFacts, options: ErrorsOptions) -> Iterator[Verdict]:
    """Harmless while the window itself is covered; else a part of it was not seen."""
    if source.cut_bytes:
        left_out = f"About {source.cut_bytes / 1_000_000:,.0f} MB at the log's beginning were left out"
        missing = "" if source.covers_window else ", a part of the judged hours among them"
        yield Verdict(
            suffix="cut",
            level=Level.INFO if source.covers_window else Level.WARNING,
            says=f"{left_out}{missing}; at most {options.limit_megabytes} MB of a log are read.",
            subject=source.name,
            hint="Rotate this log more often, or raise the limit.",
        )


def silent(source: SourceFacts, options: ErrorsOptions) -> Iterator[Verdict]:
    """A log that usually speaks says nothing: no error can be found in what is not written."""
    if source.window_entries or source.is_fresh:
        return
    expected = source.baseline_entries / source.baseline_hours * options.window_hours
    if expected >= options.silent_count:
        yield Verdict(
            suffix="silent",
            level=Level.WARNING,
            says=f"No entry in {options.window_hours} hours, where about {expected:,.0f} were to be expected.",
            subject=source.name,
            hint="See whether the program still writes into this file: a rotated log may not have been reopened.",
        )
