"""Take away what the ERP itself regards as dead: expired rows and stale files."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from schoolkeeper.catalogue.storage.cleanup import looking, rows, stale
from schoolkeeper.catalogue.storage.cleanup.facts import (
    CleanupFacts,
    CleanupOptions,
    Fault,
    FilesFacts,
    RowsFacts,
)
from schoolkeeper.catalogue.task import SystemTask
from schoolkeeper.connectors.act import Act
from schoolkeeper.connectors.look import Look
from schoolkeeper.kernel.canonical import digest
from schoolkeeper.kernel.errors import Permanent, Unreachable
from schoolkeeper.kernel.finding import Finding, Level
from schoolkeeper.kernel.measurement import Measurement
from schoolkeeper.kernel.plan import Action, Step
from schoolkeeper.kernel.spec import Cadence, Kind, Risk, Spec, Undo


class Cleanup(SystemTask[CleanupOptions, CleanupFacts]):
    spec = Spec(
        id="storage.cleanup",
        version=1,
        title="Clean up expired rows and stale files",
        summary="Sets aside what the ERP regards as dead, such as expired sessions and old temporary files.",
        kind=Kind.PREVENTIVE,
        risk=Risk.ROUTINE,
        undo=Undo.STEPWISE,
        reads=frozenset({"postgres", "files"}),
        writes=frozenset({"postgres", "files"}),
        cadence=Cadence.WEEKLY,
        requirements=frozenset({"M040"}),
        findings={
            "expired_rows": "Rows that the ERP no longer needs",
            "stale_files": "Files that the ERP left behind",
            "kept": "Rows are left alone because they could not be put back",
        },
        home=Path(__file__).parent,
    )
    options = CleanupOptions
    facts = CleanupFacts

    def assess(self, look: Look, options: CleanupOptions) -> CleanupFacts:
        faults: list[Fault] = []
        rules = look.profile.cleanup
        found_rows = looking.each(rules.rows, lambda rule: looking.expired_rows(look, rule), faults)
        found_files = looking.each(rules.files, lambda rule: looking.stale_files(look, rule), faults)
        if faults and not found_rows and not found_files:
            raise Unreachable("cleanup", "; ".join(f"{fault.rule}: {fault.reason}" for fault in faults))
        return CleanupFacts(rows=found_rows, files=found_files, faults=faults)

    def judge(self, facts: CleanupFacts, options: CleanupOptions) -> Sequence[Finding]:
        findings = [finding for found in facts.rows for finding in self._expired(found, options)]
        findings += [self._left(found, options) for found in facts.files if found.amount.count]
        for fault in facts.faults:
            says = f"What the rule is about could not be looked at: {fault.reason}."
            hint = "Add the component that the rule names to the definition, or mend what is named."
            findings.append(self.finding("unknown", Level.UNKNOWN, says, subject=fault.rule, hint=hint))
        return findings

    def plan(self, facts: CleanupFacts, options: CleanupOptions) -> Sequence[Step]:
        steps = []
        for dead in facts.rows:
            if dead.amount.count and not dead.obstacles:
                what = {"component": dead.component, "table": dead.table, "where": dead.where}
                says = f"Set aside {dead.amount.count:,} rows of {dead.table} ({dead.name})."
                steps.append(_step("rows", dead.name, says, {**what, "batch_rows": options.batch_rows}))
        for files in facts.files:
            if files.amount.count:
                what = {"component": files.component, "pattern": files.pattern}
                says = f"Set aside {files.amount.count:,} files of {files.component} ({files.name})."
                steps.append(_step("files", files.name, says, {**what, "older_than_days": files.older_than_days}))
        return tuple(steps)

    def apply(self, action: Action, act: Act) -> Mapping[str, object]:
        """What counts as expired is fixed by the start of the run, so that a repeated step takes no more."""
        given = action.arguments
        component, kept_in = str(given["component"]), _folder(act, given)
        match action.verb:
            case "set_rows_aside":
                which = str(given["table"]), str(given["where"])
                batch_rows = int(str(given["batch_rows"]))
                database = act.postgres(component)
                return {"rows": rows.set_aside(database, kept_in, *which, act.run.started_at, batch_rows)}
            case "put_rows_back":
                return {"rows": rows.put_back(act.postgres(component), kept_in, str(given["table"]))}
            case "set_files_aside":
                rule = str(given["pattern"]), int(str(given["older_than_days"]))
                found = stale.stale(act.look.files(component), *rule, act.run.started_at)
                return {"files": stale.set_aside(act.files(component), found, kept_in)}
            case "put_files_back":
                return {"files": stale.put_back(act.files(component), kept_in)}
        raise Permanent(f"there is no action {action.verb!r}")

    def measure(self, facts: CleanupFacts) -> Sequence[Measurement]:
        files = facts.files
        return [
            *(Measurement("storage.expired_rows_count", found.amount.count, found.name) for found in facts.rows),
            *(Measurement("storage.stale_files_count", found.amount.count, found.name) for found in files),
            *(Measurement("storage.stale_files_bytes", found.amount.size_bytes, found.name) for found in files),
        ]

    def _expired(self, found: RowsFacts, options: CleanupOptions) -> Sequence[Finding]:
        if not found.amount.count:
            return []
        count = found.amount.count
        if found.obstacles:
            says = f"{count:,} expired rows of {found.table} stay: {'; '.join(found.obstacles)}."
            hint = "Use the ERP's own clean-up command for these."
            return [self.finding("kept", Level.WARNING, says, subject=found.name, hint=hint)]
        level = Level.WARNING if count >= options.warning_rows else Level.INFO
        says = f"{count:,} rows of {found.table} are expired by the rule {found.name!r}."
        hint = "A run of this task sets them aside."
        return [self.finding("expired_rows", level, says, subject=found.name, hint=hint)]

    def _left(self, found: FilesFacts, options: CleanupOptions) -> Finding:
        megabytes = found.amount.size_bytes / 1_000_000
        level = Level.WARNING if megabytes >= options.warning_megabytes else Level.INFO
        says = f"{found.amount.count:,} files of {found.component} ({megabytes:,.1f} MB) were not written to "
        says += f"for {found.older_than_days} days."
        hint = "A run of this task sets them aside."
        return self.finding("stale_files", level, says, subject=found.name, hint=hint)


def _step(kind: str, name: str, says: str, arguments: Mapping[str, object]) -> Step:
    named = {"rule": name, **arguments}
    return Step(
        key=f"{kind}:{name}",
        says=says,
        action=Action(verb=f"set_{kind}_aside", arguments=named),
        inverse=Action(verb=f"put_{kind}_back", arguments=named),
    )


def _folder(act: Act, arguments: Mapping[str, object]) -> Path:
    """Where a step keeps what it takes away: named for people, and distinct for every rule."""
    readable = re.sub(r"[^\w-]+", "-", str(arguments["rule"]))[:60]
    return act.quarantine / f"{readable}-{digest(arguments)[:8]}"
