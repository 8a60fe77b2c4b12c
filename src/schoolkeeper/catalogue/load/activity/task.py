"""Count how much people do with the ERP in each hour of the week."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from schoolkeeper.catalogue.load.activity import judging, sources
from schoolkeeper.catalogue.load.activity.facts import ActivityFacts, ActivityOptions, Fault, SourceFacts
from schoolkeeper.catalogue.task import SystemTask
from schoolkeeper.connectors.databases.kinds import ANY_DATABASE
from schoolkeeper.connectors.look import Look
from schoolkeeper.kernel.errors import Unreachable
from schoolkeeper.kernel.finding import Finding
from schoolkeeper.kernel.measurement import Measurement
from schoolkeeper.kernel.spec import Cadence, Kind, Risk, Spec, Undo


class Activity(SystemTask[ActivityOptions, ActivityFacts]):
    spec = Spec(
        id="load.activity",
        version=1,
        title="Count activity by hour of the week",
        summary="Counts what people enter and ask for in each hour of the week: windows belong where it is quiet.",
        kind=Kind.PREVENTIVE,
        risk=Risk.READ_ONLY,
        undo=Undo.NOTHING_WRITTEN,
        reads=frozenset({f"logs|{ANY_DATABASE}"}),
        cadence=Cadence.WEEKLY,
        requirements=frozenset({"M005", "M094"}),
        findings={"rejected_lines": "Lines of an access log are not understood"},
        home=Path(__file__).parent,
    )
    options = ActivityOptions
    facts = ActivityFacts

    def assess(self, look: Look, options: ActivityOptions) -> ActivityFacts:
        seen, faults = list[SourceFacts](), list[Fault]()
        for name, count in _countable(look, options):
            try:
                seen.append(count())
            except Unreachable as error:
                faults.append(Fault(part=name, reason=error.reason))
        if not seen:
            reasons = "; ".join(f"{fault.part}: {fault.reason}" for fault in faults)
            nothing = f"{look.profile.slug} has neither a query for activity nor an access log that is defined"
            raise Unreachable("activity", reasons or nothing)
        return ActivityFacts(seen_at=look.run.now, zone=look.system.timezone, sources=seen, faults=faults)

    def judge(self, facts: ActivityFacts, options: ActivityOptions) -> Sequence[Finding]:
        return [
            self.finding(said.suffix, said.level, said.says, subject=said.subject, hint=said.hint, data=said.data)
            for said in judging.verdicts(facts, options)
        ]

    def measure(self, facts: ActivityFacts) -> Sequence[Measurement]:
        found = []
        for source in facts.sources:
            if source.weeks:
                weekly = sum(map(sum, source.per_hour))
                busiest = max(map(max, source.per_hour))
                found.append(Measurement("load.actions_per_week_count", round(weekly, 1), source.name))
                found.append(Measurement("load.busiest_hour_count", busiest, source.name))
        return found


def _countable(look: Look, options: ActivityOptions) -> Iterator[tuple[str, Callable[[], SourceFacts]]]:
    """What the product and the definition offer; a log that is not defined has nothing to say."""
    if look.profile.queries.activity and look.has("database"):
        yield "database", partial(sources.entries, look, options)
    if look.has("logs"):
        for name, format in sorted(look.profile.logs.items()):
            if format.kind == "access" and name in look.logs().sources:
                yield name, partial(sources.requests, look, name, options)
