"""What a restored MariaDB database holds, in the words of the set it came from."""

from collections.abc import Iterator
from contextlib import closing

from schoolkeeper.connectors.databases.contents import DatabaseContents, Objects, SequencePosition, Setting
from schoolkeeper.connectors.databases.fault import Fault
from schoolkeeper.connectors.mariadb import accounts, settling
from schoolkeeper.connectors.mariadb.accounts import GRANT, WITH_GRANT_OPTION
from schoolkeeper.connectors.mariadb.address import Address
from schoolkeeper.connectors.mariadb.binaries import release_of
from schoolkeeper.connectors.mariadb.notes import is_note
from schoolkeeper.connectors.mariadb.snapshot import HISTORY_SINCE, View, survey

SESSIONS = 2
RECOVERED = "restored database"
OF_TABLES = frozenset({"database", "table", "column", "index", "foreign key", "check", "partition", "sequence"})
ON_SERVER = """
SELECT grantee, privilege_type AS privilege FROM information_schema.user_privileges
"""


def observe(address: Address, contents: DatabaseContents) -> DatabaseContents:
    """Everything in the database at `address`. Settings belong to the server, and are told of elsewhere."""
    views = [View(RECOVERED, address) for _ in range(SESSIONS)]
    try:
        view = views[0]
        history = release_of(contents.source.server_version) >= HISTORY_SINCE
        positions = view.sequences().items()
        return contents.model_copy(
            update={
                "source": view.source(),
                "tables": survey(views, view.tables(history=history)),
                "objects": named_as(view.objects(), address.database, contents.source.database),
                "sequences": {
                    name: SequencePosition(earliest=position, latest=position) for name, position in positions
                },
            }
        )
    finally:
        for opened in views:
            opened.close()


def objects(address: Address, contents: DatabaseContents) -> DatabaseContents:
    """The definitions only; people may be writing rows."""
    with closing(View(RECOVERED, address)) as view:
        found = named_as(view.objects(), address.database, contents.source.database)
        return contents.model_copy(update={"objects": found})


def named_as(found: Objects, name: str, source: str) -> Objects:
    """With the database's name as the set has it, where the server spells it out."""
    if name == source:
        return found
    spelled = {
        "foreign key": (f"referenced_table_schema={name};", f"referenced_table_schema={source};"),
        "view": (f"`{name}`.", f"`{source}`."),
    }
    for kind, (was, wanted) in spelled.items():
        if kind in found:
            found = {**found, kind: {one: text.replace(was, wanted) for one, text in found[kind].items()}}
    return found


def tables_only(contents: DatabaseContents) -> DatabaseContents:
    """What lies beside: no code yet, nor the columns of views."""
    of_views = tuple(f"{name}." for name in contents.objects.get("view", {}))
    found = {kind: named for kind, named in contents.objects.items() if kind in OF_TABLES}
    if "column" in found:
        columns = found["column"].items()
        found["column"] = {name: text for name, text in columns if not name.startswith(of_views)}
    return contents.model_copy(update={"objects": found})


def without_events(contents: DatabaseContents) -> DatabaseContents:
    """Events come last, because they would begin to run."""
    found = {kind: named for kind, named in contents.objects.items() if kind != "event"}
    return contents.model_copy(update={"objects": found})


def by_hand(address: Address, contents: DatabaseContents, made: list[str]) -> Iterator[Fault]:
    """What belongs to the server: settings that the ERP relied on, privileges of accounts on all of it, and of
    those that were `made` where the set does not know them."""
    for name in made if not accounts.are_known(contents.settings) else ():
        found = "the set does not know them: it was taken by an account that may not see those of others"
        yield Fault(code="by_hand", subject=f"privileges of {name}", found=found, level="warning")
    with closing(View(RECOVERED, address)) as view:
        now = {one.name: one.value for one in settling.read(view)}
        have = {(_who(row["grantee"]), str(row["privilege"])) for row in view.rows(ON_SERVER)}
    for one in contents.settings:
        if one.role and one.name == f"{GRANT}*.*":
            names = one.value.removesuffix(WITH_GRANT_OPTION).split(", ")
            if missing := [name for name in names if (one.role, name) not in have]:
                found = f"it lacks {', '.join(missing)} on the server, which a recovery gives nobody"
                yield Fault(code="by_hand", subject=f"privileges of {one.role}", found=found, level="warning")
        elif not (one.role or is_note(one) or one.name in settling.NOT_TRIED) and now.get(one.name) != one.value:
            yield Fault(
                code="by_hand",
                subject=f"setting {one.name} of the server",
                expected=one.value,
                found=now.get(one.name, "unknown here"),
                level="warning",
            )
    events = len(contents.objects.get("event", {}))
    if events and now.get("event_scheduler") != "ON":
        found = f"it is off on this server, so none of the {events} events of the set will run"
        yield Fault(code="by_hand", subject="event_scheduler", found=found, level="warning")


def grants(address: Address) -> list[Setting]:
    """What accounts may do in the database at `address`."""
    with closing(View(RECOVERED, address)) as view:
        return accounts.read(view)[1]


def _who(grantee: object) -> str:
    return str(grantee).removeprefix("'").removesuffix("'").replace("'@'", "@")
