"""How the profile's rules are looked at."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from schoolkeeper.catalogue.storage.cleanup import rows, stale
from schoolkeeper.catalogue.storage.cleanup.facts import Amount, Fault, FilesFacts, RowsFacts
from schoolkeeper.connectors.look import Look
from schoolkeeper.kernel.errors import Unreachable
from schoolkeeper.profiles.model import ExpiredRows, StaleFiles

RuleT = TypeVar("RuleT", ExpiredRows, StaleFiles)
FactsT = TypeVar("FactsT", RowsFacts, FilesFacts)


def each(rules: Sequence[RuleT], look: Callable[[RuleT], FactsT], faults: list[Fault]) -> list[FactsT]:
    """What `look` sees by each rule; the rules by which it cannot see go into `faults`."""
    found = []
    for rule in rules:
        try:
            found.append(look(rule))
        except Unreachable as error:
            faults.append(Fault(rule=rule.name, reason=error.reason))
    return found


def expired_rows(look: Look, rule: ExpiredRows) -> RowsFacts:
    database = look.postgres(rule.component)
    obstacles = rows.obstacles(database, rule.table)
    count = rows.expired(database, rule.table, rule.where, look.run.started_at)
    return RowsFacts(**rule.model_dump(), amount=Amount.of(count), obstacles=obstacles)


def stale_files(look: Look, rule: StaleFiles) -> FilesFacts:
    folder = look.files(rule.component)
    sizes = [
        file.size_bytes for file in stale.stale(folder, rule.pattern, rule.older_than_days, look.run.started_at)
    ]
    return FilesFacts(**rule.model_dump(), amount=Amount.of(len(sizes), sum(sizes)))
