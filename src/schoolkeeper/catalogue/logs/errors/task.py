"""Find new and rising errors in the logs of applications, servers and databases."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from schoolkeeper.catalogue.logs.errors import judging
from schoolkeeper.catalogue.logs.errors.counting import Tally
from schoolkeeper.catalogue.logs.errors.facts import ErrorsOptions, Fault, LogsFacts, SourceFacts
from schoolkeeper.catalogue.task import SystemTask
from schoolkeeper.connectors.look import Look
from schoolkeeper.kernel.errors import Unreachable
from schoolkeeper.kernel.finding import Finding
from schoolkeeper.kernel.measurement import Measurement
from schoolkeeper.kernel.spec import Cadence, Kind, Risk, Spec, Undo
from schoolkeeper.profiles.model import LogFormat


class LogErrors(SystemTask[ErrorsOptions, LogsFacts]):
    spec = Spec(
        id="logs.errors",
        version=1,
        title="Find new and rising errors",
        summary="Groups the errors of the last day by what they say and compares them with the days before.",
        kind=Kind.PREVENTIVE,
        risk=Risk.READ_ONLY,
        undo=Undo.NOTHING_WRITTEN,
        reads=frozenset({"logs"}),
        cadence=Cadence.DAILY,
        requirements=frozenset({"M027", "M085", "M086", "M087", "M096"}),
        findings={
            "new_pattern": "An error that was not there before",
            "rising_pattern": "An error that became more frequent",
            "many_patterns": "More kinds of error than are listed",
            "error_rate": "Many requests fail",
            "rejected_lines": "Lines of a log are not understood",
            "cut": "A log is larger than what is read of it",
            "silent": "A log that usually speaks says nothing",
        },
        home=Path(__file__).parent,
    )
    options = ErrorsOptions
    facts = LogsFacts

    def assess(self, look: Look, options: ErrorsOptions) -> LogsFacts:
        formats = look.profile.logs
        if not formats:
            raise Unreachable("logs", f"the profile {look.profile.slug} describes no log")
        sources, faults = [], []
        for name in sorted(formats.keys() | look.logs().sources.keys()):
            try:
                if name not in formats:
                    raise Unreachable(name, "the profile does not describe a log of this name")
                sources.append(self._source(look, name, formats[name], options))
            except Unreachable as error:
                faults.append(Fault(part=name, reason=error.reason))
        if not sources:
            raise Unreachable("logs", "; ".join(f"{fault.part}: {fault.reason}" for fault in faults))
        return LogsFacts(seen_at=look.run.now, sources=sources, faults=faults)

    def judge(self, facts: LogsFacts, options: ErrorsOptions) -> Sequence[Finding]:
        return [
            self.finding(seen.suffix, seen.level, seen.says, subject=seen.subject, hint=seen.hint, data=seen.data)
            for seen in judging.verdicts(facts, options)
        ]

    def measure(self, facts: LogsFacts) -> Sequence[Measurement]:
        found = []
        for source in facts.sources:
            found.append(Measurement("logs.errors_count", source.window_errors, source.name))
            found.append(Measurement("logs.rejected_lines_count", source.rejected, source.name))
            if source.kind == "access":
                found.append(Measurement("logs.requests_count", source.window_entries, source.name))
            if source.kind == "access" and source.window_entries:
                found.append(Measurement("logs.error_percent", round(source.error_percent, 3), source.name))
            if source.latency_p95_ms is not None:
                found.append(Measurement("logs.latency_p95_ms", source.latency_p95_ms, source.name))
        return found

    @staticmethod
    def _source(look: Look, name: str, format: LogFormat, options: ErrorsOptions) -> SourceFacts:
        window_at = look.run.now - timedelta(hours=options.window_hours)
        baseline_at = window_at - timedelta(days=options.baseline_days)
        limit_bytes = options.limit_megabytes * 1_000_000
        reading = look.logs().entries(
            name, format, baseline_at, zone=look.system.timezone, limit_bytes=limit_bytes
        )
        tally = Tally(name, format, baseline_at.timestamp(), window_at.timestamp())
        for entry in reading:
            tally.add(entry)
        return tally.facts(reading)
