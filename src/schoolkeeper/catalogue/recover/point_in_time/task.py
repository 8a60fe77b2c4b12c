"""Bring the database back to just before a moment or a transaction."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from schoolkeeper.catalogue.recover.point_in_time.carrying import carry_out
from schoolkeeper.catalogue.recover.point_in_time.facts import PointFacts, PointOptions
from schoolkeeper.catalogue.recover.point_in_time.guarding import objections
from schoolkeeper.catalogue.recover.point_in_time.judging import Verdict, not_in_place, reached, verdicts
from schoolkeeper.catalogue.recover.point_in_time.looking import look_around
from schoolkeeper.catalogue.recover.point_in_time.planning import steps
from schoolkeeper.catalogue.task import SystemTask
from schoolkeeper.connectors.act import Act
from schoolkeeper.connectors.look import Look
from schoolkeeper.kernel.evidence import Evidence
from schoolkeeper.kernel.finding import Finding, Level
from schoolkeeper.kernel.measurement import Measurement
from schoolkeeper.kernel.plan import Action, Step
from schoolkeeper.kernel.spec import Kind, Risk, Spec, Undo


class RecoverPointInTime(SystemTask[PointOptions, PointFacts]):
    spec = Spec(
        id="recover.point_in_time",
        version=1,
        title="Recover the database to a moment",
        summary="Recovers the database to just before a moment, beside the live one or in its place.",
        kind=Kind.CORRECTIVE,
        risk=Risk.DESTRUCTIVE,
        undo=Undo.STEPWISE,
        reads=frozenset({"postgres", "barman|pgbackrest", "scratch"}),
        reads_if_there=frozenset({"files", "web"}),
        writes=frozenset({"postgres", "scratch"}),
        cadence=None,
        requirements=frozenset({"M013", "M014", "M015", "M060"}),
        findings={
            "refused": "The recovery is refused",
            "reached": "Where the recovery ends",
            "zone": "A time without a zone was taken in the system's zone",
            "lost": "Later work is not in the recovered database",
            "table_differs": "A table is not now what it was then",
            "few_tables": "Few tables differ: bringing rows back is gentler",
            "integrity": "The recovered data breaks a rule of the product",
            "beside": "The recovered database is there",
            "differs": "Something was restored otherwise than it was recovered",
            "by_hand": "Something must be set by hand",
            "role_made": "A role was made that may not sign in yet",
            "maintenance": "Maintenance mode could not be switched",
            "not_in_place": "The recovered database is not where it should be",
            "left_aside": "What a recovery put aside is still there",
        },
        home=Path(__file__).parent,
    )
    options = PointOptions
    facts = PointFacts

    def assess(self, look: Look, options: PointOptions) -> PointFacts:
        return look_around(look, options)

    def judge(self, facts: PointFacts, options: PointOptions) -> Sequence[Finding]:
        return self._findings(verdicts(facts, options))

    def plan(self, facts: PointFacts, options: PointOptions) -> Sequence[Step]:
        if facts.is_concluded or (facts.record is None and objections(facts, options)):
            return ()
        return tuple(steps(facts, options))

    def apply(self, action: Action, act: Act) -> Mapping[str, object]:
        return carry_out(action, act)

    def verify(self, before: PointFacts, after: PointFacts, options: PointOptions) -> Sequence[Finding]:
        """Content was compared before users were let in. Now the server is asked what stands under which name."""
        if after.live is None:
            says = "The recovery did not come to its end."
            return [self.finding("not_in_place", Level.ERROR, says, subject="database")]
        return self._findings(not_in_place(after.live))

    def measure(self, facts: PointFacts) -> Sequence[Measurement]:
        record = facts.record
        if record is None or record.concluded_at is None:
            return ()
        seconds = (record.concluded_at - record.started_at).total_seconds()
        return [Measurement("recover.point_in_time_seconds", seconds)]

    def evidence(self, facts: PointFacts) -> Sequence[Evidence]:
        record, live = facts.record, facts.live
        if record is None or live is None:
            return ()
        seen = record.recovered
        where = (
            "in the place of the live one" if record.into == "swap" else f"beside the live one as {record.name}"
        )
        says = f"The database of {facts.system} was recovered {reached(seen, facts.timezone)}; it is {where}."
        data = {
            "engine": record.engine,
            "copy_id": record.chosen.id,
            "asked": record.asked.what,
            "of": record.asked.name,
            "ended_at": seen.ended_at.isoformat() if seen.ended_at else None,
            "into": record.into,
            "tables": seen.tables,
            "rows": seen.rows,
        }
        return [Evidence("rewind", record.tag, not list(not_in_place(live)), says, data)]

    def _findings(self, found: Iterable[Verdict]) -> list[Finding]:
        return [
            self.finding(suffix, level, says, subject=subject, hint=hint)
            for suffix, level, says, subject, hint in found
        ]
