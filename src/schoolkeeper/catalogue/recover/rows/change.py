"""One step's rows, as its action carries them, and what state they are found in."""

from collections.abc import Sequence

from schoolkeeper.catalogue.recover.rows.comparing import rest_of
from schoolkeeper.catalogue.recover.rows.facts import Difference, Row, RowsFacts
from schoolkeeper.kernel.facts import Facts


class RowChange(Facts):
    """A row of one table: see Difference. `before` None means that the row is inserted."""

    table: str
    in_schema: str
    relation: str
    partitioned: bool
    compared: list[str]
    key: dict[str, str]
    before: Row | None
    after: Row
    rest: str
    seal: str

    @property
    def looked_at(self) -> list[str]:
        """The columns that tell what state the row is in."""
        return list(dict.fromkeys([*self.compared, *self.key]))

    def is_as_before(self, live: Row | None) -> bool:
        if self.before is None or live is None:
            return self.before is None and live is None
        return self._shows(live, self.before) and self._rest_is_the_same(live)

    def is_as_after(self, live: Row | None) -> bool:
        return live is not None and self._shows(live, self.after) and self._rest_is_the_same(live)

    def altered(self, live: Row | None) -> list[str]:
        """The columns that are not what was written."""
        return [
            name for name in self.compared if name in self.after and (live or {}).get(name) != self.after[name]
        ]

    def _shows(self, live: Row, values: Row) -> bool:
        return all(live[name] == value for name, value in values.items() if name in self.compared)

    def _rest_is_the_same(self, live: Row) -> bool:
        return self.before is None or rest_of(live, self.compared, self.before, self.seal) == self.rest


class Change(Facts):
    """All rows of one step; more than one only where they refer to each other."""

    step: str
    rows: list[RowChange]


def change_of(step: str, differences: Sequence[Difference], facts: RowsFacts) -> Change:
    """What the action of a step carries."""
    rows = []
    for one in differences:
        table = facts.table(one.table)
        rows.append(
            RowChange(
                **one.model_dump(include={"table", "key", "before", "after", "rest"}),
                **table.model_dump(include={"in_schema", "relation", "partitioned", "compared"}),
                seal=facts.seal,
            )
        )
    return Change(step=step, rows=rows)
