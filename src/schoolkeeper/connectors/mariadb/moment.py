"""The moment as of which a database is saved: begun by the dump and by our own snapshot together."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import datetime

from schoolkeeper.connectors.databases.contents import TableContent
from schoolkeeper.connectors.mariadb.address import Address
from schoolkeeper.connectors.mariadb.holding import Way, standing_still
from schoolkeeper.connectors.mariadb.snapshot import Table, View, survey
from schoolkeeper.connectors.mariadb.tools import Dump
from schoolkeeper.kernel.errors import Unreachable

# Writers wait for as long as the dump needs to begin, normally a few hundredths of a second, at most this.
BEGIN_SECONDS = 5.0
PATIENCE_SECONDS = 300.0

Tables = dict[str, TableContent]


@dataclass(frozen=True, slots=True)
class Moment:
    """The dump and our snapshot of the same moment; `after` is a second snapshot where no lock could be had."""

    way: Way
    taken_at: datetime
    dump: Dump
    view: View
    after: View | None

    def count(self, tables: Sequence[Table]) -> tuple[Tables, set[str]]:
        """The content of all tables, and which of them are not the same in both snapshots, if there are two."""
        found = survey([self.view], tables)
        if self.after is None:
            return found, set()
        later = survey([self.after], tables)
        return later, {name for name in found if found[name] != later[name]}


def begin(
    stack: ExitStack, component: str, address: Address, tables: Sequence[Table], start_dump: Callable[[], Dump]
) -> Moment:
    """Begin the dump and our snapshot behind one lock; `stack` closes both.

    1. Nobody commits any more.
    2. Our snapshot begins, and the dump's: seen by the first words that it writes after it has begun.
    3. Everybody goes on. Where step 1 failed or step 2 took too long, a second snapshot of ours is taken after
       the dump's: a table that is the same in both is the same in the dump.
    """
    view = stack.enter_context(closing(View(component, address)))
    after = stack.enter_context(closing(View(component, address)))
    with standing_still(component, address, tables) as way:
        view.hold()
        taken_at = view.now()
        dump = stack.enter_context(closing(start_dump()))
        has_begun = dump.has_begun(BEGIN_SECONDS)
    if has_begun and way != "no lock":
        return Moment(way, taken_at, dump, view, None)
    if not has_begun and not dump.has_begun(PATIENCE_SECONDS):
        raise Unreachable(component, "mariadb-dump did not begin")
    after.hold()
    return Moment("no lock", taken_at, dump, view, after)
