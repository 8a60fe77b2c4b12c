"""Letting the old and the restored tables of a MariaDB database change places, and their code with them.

1. The code of the old database is written down, and which accounts will be locked; then the accounts are locked
   and the sessions ended.
2. The old code is dropped: a table with triggers cannot move, and a view cannot at all.
3. All tables move at once: the old ones into a database of this run, the restored ones into the place.
4. The code of the set is made, without its events; those come last, when users are let in.

Going back is the same with the old code in place of the set's. Every step looks at what is where before it acts.
"""

from schoolkeeper.connectors.databases.fault import Fault
from schoolkeeper.connectors.mariadb import accounts, code, doors, inventory, loading, moving, privileges, way_back
from schoolkeeper.connectors.mariadb.administration import Administration
from schoolkeeper.connectors.mariadb.dump_parts import Part
from schoolkeeper.connectors.mariadb.memory import Memory, Notebook
from schoolkeeper.connectors.mariadb.session import MariadbConnection, query, quoted
from schoolkeeper.connectors.mariadb.target import MariadbTarget, table_ids
from schoolkeeper.kernel.errors import Permanent
from schoolkeeper.kernel.failpoints import failpoint

ONCE = "event_type=ONE TIME"


class Exchange:
    """`database` is where the ERP works; `restored` and `before` are databases of this run's own."""

    def __init__(self, administration: Administration, notebook: Notebook, restored: str, before: str) -> None:
        self._administration = administration
        self._notebook = notebook
        self._database = administration.database
        self._restored = restored
        self._before = before

    def swap(self, restored_id: str, target: MariadbTarget) -> None:
        memory = self._notebook.remembered()
        with self._administration.working() as connection:
            if not memory.begun:
                memory = self._begin(connection, restored_id, target, memory)
            self._shut(connection, memory)
            query(connection, f"USE {quoted(self._database)}")
            if not self._has_moved(connection, memory):
                code.drop(connection)
                failpoint("recover.system.code_dropped")
                old, away, coming = memory.old_tables, self._before, self._restored
                moves = moving.exchange(connection, self._database, old=old, away=away, coming=coming)
                moving.move(connection, moves)
            failpoint("recover.system.database_swapped")
            if not memory.is_coded:
                self._make_code(connection, memory)

    def _begin(
        self, connection: MariadbConnection, restored_id: str, target: MariadbTarget, memory: Memory
    ) -> Memory:
        """Write down what no name will show any more, and only then touch it."""
        if id_of(connection, self._restored) != restored_id:
            raise Permanent(f"{self._restored} is not the database that this run restored")
        there = set(table_ids(connection, self._database))
        if not there & set(target.table_ids) and (there or target.table_ids):
            raise Permanent(f"{self._database} is another database than when this began: somebody else is at it")
        if moving.exists(connection, self._before):
            raise Permanent(f"there is a database {self._before} already")
        moving.create_database(connection, self._database, memory.encoding, memory.collate)
        query(connection, f"USE {quoted(self._database)}")
        memory = memory.model_copy(
            update={
                "begun": True,
                "old_encoding": target.encoding or memory.encoding,
                "old_collate": target.collate or memory.collate,
                "old_tables": moving.tables(connection, self._database),
                "new_tables": moving.tables(connection, self._restored),
                "old_code": code.read(connection),
                "old_grants": privileges.on_routines(connection, self._database),
                "locked": doors.users_of(connection, self._database).lockable,
            }
        )
        return self._notebook.write(memory)

    def _shut(self, connection: MariadbConnection, memory: Memory) -> None:
        doors.lock(connection, memory.locked)
        doors.send_away(connection, self._database, memory.locked)
        failpoint("recover.system.database_shut")
        moving.create_database(connection, self._before, memory.old_encoding, memory.old_collate)
        moving.write_script(connection, self._before, code.script(memory.old_code))

    def _has_moved(self, connection: MariadbConnection, memory: Memory) -> bool:
        old_is_away = set(moving.tables(connection, self._before)) == set(memory.old_tables)
        return old_is_away and not moving.tables(connection, self._restored)

    def _make_code(self, connection: MariadbConnection, memory: Memory) -> None:
        moving.give_character_set(connection, self._database, memory.encoding, memory.collate)
        code.drop(connection)
        memory = self._notebook.write(memory.model_copy(update={"granted": memory.missing_grants}))
        accounts.allow_all(connection, memory.made_accounts, self._database)
        self._load("code", memory)
        failpoint("recover.system.code_loaded")
        privileges.give(connection, [*memory.missing_grants, *memory.old_grants])  # views may need them
        self._load("views", memory)
        accounts.confine(connection, memory.made_accounts, self._database)
        privileges.give(connection, memory.missing_grants)
        script = way_back.script(connection, self._database, self._before, memory)
        moving.write_script(connection, self._before, script)
        self._notebook.write(memory.model_copy(update={"is_coded": True}))

    def _load(self, part: Part, memory: Memory) -> None:
        address = self._administration.address(self._database)
        loading.load_kept(address, part, self._notebook.folder, memory.taken_at_seconds)

    def settle(self) -> list[Fault]:
        """The privileges that are missing, on views too, then the events; a copy that must not act gets none."""
        memory = self._notebook.remembered()
        with self._administration.working(self._database) as connection:
            faults = privileges.give(connection, memory.missing_grants)
            code.drop(connection, ("EVENT",))
            if memory.is_neutralised:
                found = "not made: a copy runs no events"
                return [*faults, *(_by_hand(f"event {name}", found) for name in sorted(memory.events))]
            self._load("events", memory)
            made = inventory.objects(connection).get("event", {})
        return [*faults, *_events_differing(memory.events, made)]

    def open(self) -> None:
        memory = self._notebook.remembered()
        with self._administration.working() as connection:
            doors.unlock(connection, memory.locked)
            if not moving.tables(connection, self._restored):
                query(connection, f"DROP DATABASE IF EXISTS {quoted(self._restored)}")

    def is_open(self) -> bool:
        memory = self._notebook.read()
        with self._administration.working() as connection:
            return memory is None or not doors.are_locked(connection, memory.locked)

    def swap_back(self, restored_id: str | None, target: MariadbTarget) -> None:
        memory = self._notebook.read()
        if memory is None or not memory.begun:
            return
        with self._administration.working() as connection:
            if self._is_anothers(connection, restored_id, target):
                doors.unlock(connection, memory.locked)
                return
            self._shut(connection, memory)
            self._move_back(connection, memory)
            refused = self._make_old_code(connection, memory)
            privileges.take(connection, memory.granted)
            if not refused:
                query(connection, f"DROP DATABASE IF EXISTS {quoted(self._before)}")
            if not target.exists:
                query(connection, f"DROP DATABASE IF EXISTS {quoted(self._database)}")
            doors.unlock(connection, memory.locked)
        kept = {
            "begun",
            "old_encoding",
            "old_collate",
            "old_tables",
            "old_code",
            "old_grants",
            "locked",
            "granted",
        }
        fresh = memory.model_dump(exclude={*kept, "is_coded"})
        self._notebook.write(Memory.model_validate(fresh))

    def _is_anothers(self, connection: MariadbConnection, restored_id: str | None, target: MariadbTarget) -> bool:
        there = set(table_ids(connection, self._database))
        return bool(there) and not there & (ids_in(restored_id or "") | set(target.table_ids))

    def _move_back(self, connection: MariadbConnection, memory: Memory) -> None:
        """With what users have made meanwhile; its code goes along as text."""
        query(connection, f"USE {quoted(self._database)}")
        old, away, coming = memory.old_tables, self._before, self._restored
        moving.create_database(connection, coming, memory.encoding, memory.collate)
        moves = moving.exchange_back(connection, self._database, old=old, away=away, coming=coming)
        if any(target == coming for _, _, target in moves):
            moving.write_script(connection, coming, code.script(code.read(connection)))
        code.drop(connection)
        moving.move(connection, moves)
        failpoint("recover.system.database_swapped_back")

    def _make_old_code(self, connection: MariadbConnection, memory: Memory) -> list[code.Code]:
        """What the server refuses was broken before, such as a view of a table that is gone: its text stays."""
        moving.give_character_set(connection, self._database, memory.old_encoding, memory.old_collate)
        refused = code.make(connection, [one for one in memory.old_code if one.kind != code.VIEW])
        privileges.give(connection, memory.old_grants)
        refused += code.make(connection, [one for one in memory.old_code if one.kind == code.VIEW])
        if refused:
            moving.write_script(connection, self._before, code.script(refused))
        return refused


def id_of(connection: MariadbConnection, database: str) -> str:
    """The numbers of its InnoDB tables, as one text."""
    return ",".join(map(str, table_ids(connection, database)))


def ids_in(text: str) -> set[int]:
    return {int(one) for one in text.split(",") if one}


def _by_hand(subject: str, found: str) -> Fault:
    return Fault(code="by_hand", subject=subject, found=found, level="warning")


def _events_differing(saved: dict[str, str], made: dict[str, str]) -> list[Fault]:
    faults = []
    for name in sorted(saved.keys() | made.keys()):
        if saved.get(name) == made.get(name):
            continue
        if name not in made and ONCE in saved[name]:
            faults.append(_by_hand(f"event {name}", "its time has passed, so the server has removed it"))
            continue
        found = "missing" if name not in made else "another definition" if name in saved else "one too many"
        faults.append(Fault(code="schema_differs", subject=f"event {name}", expected="as saved", found=found))
    return faults
