"""Refresh the planner's statistics of tables that have changed much since they were taken."""

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import ClassVar

from psycopg import sql
from pydantic import Field

from schoolkeeper.catalogue.task import SystemTask
from schoolkeeper.connectors.act import Act
from schoolkeeper.connectors.look import Look
from schoolkeeper.kernel.facts import Facts, Options
from schoolkeeper.kernel.finding import Finding, Level
from schoolkeeper.kernel.measurement import Measurement
from schoolkeeper.kernel.plan import Action, Step
from schoolkeeper.kernel.spec import Cadence, Kind, Risk, Spec, Undo


class AnalyzeOptions(Options):
    changed_percent: float = Field(10, gt=0, le=100, description="Stale from this share of changed rows")
    changed_rows: int = Field(50, ge=0, description="…and at least this many changed rows")


class TableStatistics(Facts):
    """`name` is the full name, quoted where it must be; `in_schema` and `relation` are its parts as they are."""

    volatile: ClassVar[frozenset[str]] = frozenset({"changed_rows", "rows_estimate"})

    name: str
    in_schema: str
    relation: str
    changed_rows: int
    rows_estimate: int
    has_statistics: bool

    def is_stale(self, options: AnalyzeOptions) -> bool:
        if not self.has_statistics:
            return True
        share_percent = 100 * self.changed_rows / max(self.rows_estimate, 1)
        return self.changed_rows >= options.changed_rows and share_percent >= options.changed_percent


class AnalyzeFacts(Facts):
    tables: list[TableStatistics]

    def stale(self, options: AnalyzeOptions) -> list[TableStatistics]:
        return [table for table in self.tables if table.is_stale(options)]


class Analyze(SystemTask[AnalyzeOptions, AnalyzeFacts]):
    spec = Spec(
        id="database.analyze",
        version=1,
        title="Update database statistics",
        summary="Refreshes the planner's statistics of tables that changed much, so that queries stay fast.",
        kind=Kind.PREVENTIVE,
        risk=Risk.ROUTINE,
        undo=Undo.DERIVED,
        reads=frozenset({"postgres"}),
        writes=frozenset({"postgres"}),
        cadence=Cadence.DAILY,
        requirements=frozenset({"M003", "M066"}),
        findings={"stale": "Statistics are older than the data"},
        home=Path(__file__).parent,
    )
    options = AnalyzeOptions
    facts = AnalyzeFacts

    def assess(self, look: Look, options: AnalyzeOptions) -> AnalyzeFacts:
        query = files(__package__).joinpath("tables.sql").read_text()
        return AnalyzeFacts(tables=[TableStatistics(**row) for row in look.postgres().rows(query)])

    def judge(self, facts: AnalyzeFacts, options: AnalyzeOptions) -> Sequence[Finding]:
        return [
            self.finding(
                "stale",
                Level.INFO,
                f"{table.changed_rows:,} of about {table.rows_estimate:,} rows changed since the last ANALYZE.",
                subject=table.name,
                hint="A run of this task refreshes them.",
            )
            for table in facts.stale(options)
        ]

    def plan(self, facts: AnalyzeFacts, options: AnalyzeOptions) -> Sequence[Step]:
        return tuple(
            Step(
                key=f"analyze:{table.name}",
                says=f"Refresh the statistics of {table.name}.",
                action=Action(verb="analyze", arguments={"schema": table.in_schema, "table": table.relation}),
            )
            for table in facts.stale(options)
        )

    def apply(self, action: Action, act: Act) -> Mapping[str, object]:
        schema, table = str(action.arguments["schema"]), str(action.arguments["table"])
        act.postgres().execute(sql.SQL("ANALYZE {}").format(sql.Identifier(schema, table)))
        return {}

    def measure(self, facts: AnalyzeFacts) -> Sequence[Measurement]:
        return [Measurement("database.changed_rows_count", sum(table.changed_rows for table in facts.tables))]
