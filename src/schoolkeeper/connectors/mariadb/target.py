"""Looking at the MariaDB database that a recovery is to replace, and at what its account may do there."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

import pymysql

from schoolkeeper.connectors.databases.contents import DatabaseContents, DatabaseSource
from schoolkeeper.connectors.databases.replacement import Target
from schoolkeeper.connectors.mariadb.accounts import Account
from schoolkeeper.connectors.mariadb.administration import IDENTITY, Administration
from schoolkeeper.connectors.mariadb.binaries import release_of
from schoolkeeper.connectors.mariadb.rights import ALL, granted
from schoolkeeper.connectors.mariadb.session import MariadbConnection, query, quoted
from schoolkeeper.connectors.space import space_at
from schoolkeeper.kernel.errors import Permanent, Unreachable

SERVER = """
SELECT VERSION() AS version, CURRENT_USER() AS account, @@global.read_only AS read_only,
       @@global.datadir AS folder, @@global.lower_case_table_names AS `names`
"""
DATABASE = """
SELECT default_character_set_name AS encoding, default_collation_name AS `collate`
  FROM information_schema.schemata WHERE schema_name = %s
"""
EMPTY = """
SELECT NOT EXISTS (SELECT 1 FROM information_schema.tables WHERE table_schema = %s)
   AND NOT EXISTS (SELECT 1 FROM information_schema.routines WHERE routine_schema = %s)
   AND NOT EXISTS (SELECT 1 FROM information_schema.events WHERE event_schema = %s) AS `empty`
"""
TABLES = """
SELECT table_name AS name FROM information_schema.tables
 WHERE table_schema = %s AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED', 'SEQUENCE') ORDER BY 1
"""
# The server's own number of each table, which a renaming does not change. The database is named there as its
# folder is, in a spelling that the server knows best; and byte for byte, because `erp` and `ERP` may be two.
IDS = """
SELECT table_id AS id FROM information_schema.innodb_sys_tables
 WHERE CAST(SUBSTRING_INDEX(name, '/', 1) AS BINARY) = CAST(CONVERT(
           IF(@@global.lower_case_table_names = 0, %s, LOWER(%s)) USING filename) AS BINARY)
"""
# A foreign key follows the table that it points to, and would lead into what is put aside.
REFERENCES = """
SELECT DISTINCT CONCAT(table_schema, '.', table_name) AS name FROM information_schema.key_column_usage
 WHERE referenced_table_schema = %s AND table_schema <> %s ORDER BY 1
"""
USERS = """
SELECT user AS login, COUNT(*) AS sessions FROM information_schema.processlist
 WHERE db = %s AND id <> CONNECTION_ID() GROUP BY 1 ORDER BY 1
"""
ON_DATABASE = (
    *("SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER", "INDEX", "REFERENCES", "LOCK TABLES"),
    *("CREATE VIEW", "SHOW VIEW", "CREATE ROUTINE", "ALTER ROUTINE", "EXECUTE", "EVENT", "TRIGGER"),
)
ON_SERVER = ("PROCESS", "CREATE USER", "CONNECTION ADMIN", "SET USER")
# Releases before 10.5 have this one in place of the finer ones.
SUPER = "SUPER"


class MariadbTarget(Target):
    """A MariaDB database that is to be replaced, and the server it is on.

    `table_ids` tell it from every other one; there are none where it has no InnoDB tables. `encoding` and
    `collate` are "" when there is no such database. `names` is the server's rule for capitals in names of tables,
    `names_wanted` that of the set's.
    `absent_sequences` are those that tables of the set take their defaults from. `names_itself` is code of the set
    that calls its database by its name, `referenced_by` are tables of other databases with foreign keys to this
    one.
    """

    product: Literal["mariadb"] = "mariadb"
    server_version: str
    is_replica: bool
    table_ids: list[int]
    encoding: str
    collate: str
    names: str
    names_wanted: str
    absent_sequences: list[str]
    names_itself: list[str]
    referenced_by: list[str]

    @property
    def exists(self) -> bool:
        return bool(self.encoding)

    def is_like(self, source: DatabaseSource) -> bool:
        return release_of(self.server_version) == release_of(source.server_version)


def look_at_target(administration: Administration, contents: DatabaseContents) -> MariadbTarget:
    """See what is there. Raises Unreachable."""
    try:
        with administration.working() as connection:
            return _look(administration, connection, contents)
    except Permanent as error:
        raise Unreachable(administration.name, str(error).removeprefix(f"{administration.name}: ")) from error


def _look(
    administration: Administration, connection: MariadbConnection, contents: DatabaseContents
) -> MariadbTarget:
    database = administration.database
    server, identity = query(connection, SERVER)[0], query(connection, IDENTITY)
    identifier = str(identity[0]["value"]) if identity else None
    found = query(connection, DATABASE, (database,))
    version = str(server["version"]).partition("-")[0]
    lacking = list(_lacking(connection, database))
    return MariadbTarget(
        database=database,
        login=administration.login,
        role=str(server["account"]),
        same_server=administration.leads_to(identifier),
        system_identifier=identifier,
        server_major=int(version.partition(".")[0]),
        server_version=version,
        read_only=str(server["read_only"]) not in ("0", "OFF"),
        is_replica=_is_replica(connection),
        is_empty=bool(query(connection, EMPTY, (database,) * 3)[0]["empty"]),
        lacking=lacking,
        absent_roles=[] if lacking else _absent(connection, contents.roles),
        sessions={str(row["login"]): int(row["sessions"]) for row in query(connection, USERS, (database,))},
        space=space_at(Path(str(server["folder"]))) if administration.is_local else None,
        table_ids=[] if lacking else table_ids(connection, database),
        encoding=str(found[0]["encoding"]) if found else "",
        collate=str(found[0]["collate"]) if found else "",
        names=str(server["names"]),
        names_wanted=next((one.value for one in contents.settings if one.name == "lower_case_table_names"), ""),
        absent_sequences=sorted(sequences_needed(contents) - set(tables_of(connection, database))),
        names_itself=named_itself(contents),
        referenced_by=[str(row["name"]) for row in query(connection, REFERENCES, (database, database))],
    )


def tables_of(connection: MariadbConnection, database: str) -> list[str]:
    """What RENAME TABLE can move: tables and sequences."""
    return [str(row["name"]) for row in query(connection, TABLES, (database,))]


def table_ids(connection: MariadbConnection, database: str) -> list[int]:
    """The server's numbers of all InnoDB tables of a database."""
    return sorted(int(row["id"]) for row in query(connection, IDS, (database, database)))


def sequences_needed(contents: DatabaseContents) -> set[str]:
    """Sequences that columns take their defaults from, under the database's own name."""
    own = re.escape(quoted(contents.source.database))
    columns = contents.objects.get("column", {}).values()
    return {found[1] for text in columns for found in re.finditer(rf"nextval\({own}\.`([^`]+)`\)", text)}


def named_itself(contents: DatabaseContents) -> list[str]:
    """Code that calls its database by its name: under another name it would reach into the old one."""
    name = re.escape(contents.source.database)
    code = re.compile(rf"`{name}`\s*\.|(?<![\w$`.@]){name}\s*\.", re.IGNORECASE)
    found = [
        f"{kind} {one}"
        for kind, field in (
            ("trigger", "action_statement"),
            ("routine", "routine_definition"),
            ("event", "event_definition"),
        )
        for one, text in contents.objects.get(kind, {}).items()
        if code.search(text.partition(f"{field}=")[2])
    ]
    routines = {one.rpartition(".")[2].strip("`") for one in contents.objects.get("routine", {})}
    calls = re.compile(rf"`{name}`\.`([^`]+)`\s*\(")
    views = contents.objects.get("view", {}).items()
    found += [f"view {one}" for one, text in views if routines & set(calls.findall(text))]
    return sorted([*found, *(f"sequence {one}" for one in sequences_needed(contents))])


def _is_replica(connection: MariadbConnection) -> bool:
    try:
        return bool(query(connection, "SHOW ALL SLAVES STATUS"))
    except pymysql.Error:  # only who looks after replication may ask
        return False


def _absent(connection: MariadbConnection, names: Iterable[str]) -> list[str]:
    rows = query(connection, "SELECT user, host FROM mysql.user")
    have = {(str(row["user"]), str(row["host"])) for row in rows}
    wanted = {name: Account.of(name) for name in names}
    return sorted(name for name, one in wanted.items() if one.user and (one.user, one.host) not in have)


def _lacking(connection: MariadbConnection, database: str) -> Iterator[str]:
    statements = [str(text) for row in query(connection, "SHOW GRANTS") for text in row.values()]
    everywhere = granted(statements, "")
    here = [granted(statements, name) for name in (database, f"{database}_restored_x", f"{database}_before_x")]
    if missing := [one for one in ON_DATABASE if not all(have & {one, ALL} for have in here)]:
        yield f"{', '.join(missing)} on the database {database} and on those whose names begin like it"
    if missing := [one for one in ON_SERVER if not everywhere & {one, ALL, SUPER}]:
        yield f"{', '.join(missing)} on the server"
    if not granted(statements, "mysql") & {"SELECT", ALL}:
        yield "SELECT on the database mysql, where the accounts are"
