"""What only each database product knows about comparing a copy with what was saved."""

from collections.abc import Iterator

from schoolkeeper.connectors.databases.contents import DatabaseContents
from schoolkeeper.connectors.databases.fault import Fault
from schoolkeeper.connectors.mariadb import notes
from schoolkeeper.connectors.mariadb import settling as mariadb
from schoolkeeper.connectors.postgres import settling as postgres


def setting_faults(saved: DatabaseContents, restored: DatabaseContents) -> Iterator[Fault]:
    """The settings of the copy that are not as saved; values are not shown, they may be secret."""
    match saved.source.product:
        case "postgres":
            yield from postgres.differing(saved.settings, restored.settings)
        case "mariadb":
            yield from mariadb.differing(saved.settings, restored.settings)
        case "sqlite":
            was = {one.name: one.value for one in saved.settings}
            now = {one.name: one.value for one in restored.settings}
            for name in sorted(name for name in was.keys() | now.keys() if was.get(name) != now.get(name)):
                subject = f"setting {name}"
                yield Fault(code="schema_differs", subject=subject, expected="as saved", found="another value")


def moved(saved: DatabaseContents) -> frozenset[str]:
    """What changed while it was saved, because nothing could hold it still: it cannot be compared. By the
    subjects of faults."""
    return notes.moved(saved) if saved.source.product == "mariadb" else frozenset()
