"""Bring deleted or wrongly changed rows back from a backup set."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from schoolkeeper.catalogue.recover.rows import assessing
from schoolkeeper.catalogue.recover.rows.change import Change, change_of
from schoolkeeper.catalogue.recover.rows.facts import RowsFacts
from schoolkeeper.catalogue.recover.rows.journal import Journal
from schoolkeeper.catalogue.recover.rows.judging import verdicts
from schoolkeeper.catalogue.recover.rows.options import RowsOptions
from schoolkeeper.catalogue.recover.rows.ordering import possible
from schoolkeeper.catalogue.recover.rows.postgres_writing import bring_back, take_back
from schoolkeeper.catalogue.recover.rows.wording import says
from schoolkeeper.catalogue.task import SystemTask
from schoolkeeper.connectors.act import Act
from schoolkeeper.connectors.engines.kinds import ENGINE_KINDS
from schoolkeeper.connectors.look import Look
from schoolkeeper.kernel.errors import Permanent
from schoolkeeper.kernel.finding import Finding, Level
from schoolkeeper.kernel.measurement import Measurement
from schoolkeeper.kernel.plan import Action, Step
from schoolkeeper.kernel.spec import Kind, Risk, Spec, Undo

WORK = {"bring_back": bring_back, "take_back": take_back}


class RecoverRows(SystemTask[RowsOptions, RowsFacts]):
    spec = Spec(
        id="recover.rows",
        version=1,
        title="Bring rows back",
        summary="Brings deleted or wrongly changed rows of chosen tables back from a backup set, row by row.",
        kind=Kind.CORRECTIVE,
        risk=Risk.DESTRUCTIVE,
        undo=Undo.STEPWISE,
        reads=frozenset({"postgres", "store", "scratch"}),
        reads_if_there=ENGINE_KINDS,
        writes=frozenset({"postgres", "scratch"}),
        cadence=None,
        requirements=frozenset({"M014", "M070"}),
        findings={
            "nothing_chosen": "No table was named",
            "no_set": "There is no such backup set",
            "unusable_set": "The set does not give its rows back",
            "table_refused": "Rows of a table cannot be brought back one by one",
            "bad_condition": "The condition does not fit the saved rows",
            "too_many": "Too many rows would have to be brought back",
            "missing": "Rows are missing",
            "changed": "Rows are not as saved",
            "parent_missing": "What rows refer to is missing",
            "in_the_way": "Other rows have taken their place",
            "waiting": "Rows have to wait for others",
            "dependents_left": "Rows that depend on others were not looked at",
            "left_alone": "Columns are left alone",
            "triggers": "The ERP answers to each row",
            "side_effects": "The ERP has changed other rows in answer",
            "nothing_differs": "All chosen rows are as saved",
            "integrity": "A rule of the product is broken now",
        },
        home=Path(__file__).parent,
    )
    options = RowsOptions
    facts = RowsFacts

    def assess(self, look: Look, options: RowsOptions) -> RowsFacts:
        return assessing.assess(look, options)

    def judge(self, facts: RowsFacts, options: RowsOptions) -> Sequence[Finding]:
        return [
            self.finding(suffix, level, says, subject=subject, hint=hint)
            for suffix, level, says, subject, hint in verdicts(facts, options)
        ]

    def plan(self, facts: RowsFacts, options: RowsOptions) -> Sequence[Step]:
        """Keys carry a number instead of the row's key, because they stand in the ledger."""
        if facts.obstacle:
            return ()
        steps = []
        for number, group in enumerate(possible(facts.differences), start=1):
            rows = [facts.differences[position] for position in group]
            key = f"{number:05}:{rows[0].table}"
            arguments = change_of(key, rows, facts).model_dump()
            steps.append(
                Step(
                    key=key,
                    says=says(rows, facts.tables),
                    action=Action(verb="bring_back", arguments=arguments),
                    inverse=Action(verb="take_back", arguments=arguments),
                )
            )
        return tuple(steps)

    def apply(self, action: Action, act: Act) -> Mapping[str, object]:
        if action.verb not in WORK:
            raise Permanent(f"{self.spec.id} knows no action {action.verb!r}")
        journal = Journal(act.workspace / assessing.FOLDER)
        return WORK[action.verb](act.postgres(), journal, Change.model_validate(action.arguments))

    def verify(self, before: RowsFacts, after: RowsFacts, options: RowsOptions) -> Sequence[Finding]:
        """The rows themselves are verified by the plan that must be empty; here the product's own rules."""
        newly = {
            code: rows for code, rows in after.broken.items() if rows > 0 and before.broken.get(code, 0) < rows
        }
        return [
            self.finding(
                "integrity",
                Level.WARNING if before.broken.get(code, 0) > 0 else Level.ERROR,
                f"{rows:,} rows break a rule of the product that {before.broken.get(code, 0):,} broke before.",
                subject=code,
                hint="Choose the rows that belong together, such as grades with their enrolment.",
            )
            for code, rows in newly.items()
        ]

    def measure(self, facts: RowsFacts) -> Sequence[Measurement]:
        return [Measurement("recover.rows_differing_count", len(facts.differences))]
