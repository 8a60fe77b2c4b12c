"""Whether the account that saves may see all that there is to save.

MariaDB hides what an account has no privilege on instead of refusing: a dump then lacks triggers, events or
routines, and ends well. (Source: MariaDB's manual, "Information Schema"; a dump by an account with SELECT alone.)
"""

import re
from collections.abc import Iterable

from schoolkeeper.connectors.mariadb.snapshot import View
from schoolkeeper.kernel.errors import Permanent

NEEDED = ("SELECT", "SHOW VIEW", "TRIGGER", "EVENT")
ALL = "ALL PRIVILEGES"
# Any of them shows that a routine exists; whether its text may be read is seen in the text.
SHOWS_ROUTINES = frozenset({"EXECUTE", "ALTER ROUTINE", "CREATE ROUTINE", "SHOW CREATE ROUTINE", ALL})

_GRANT = re.compile(r"GRANT (?P<names>.+?) ON (?:\*\.\*|`(?P<pattern>(?:[^`]|``)+)`\.\*) TO ")
ROUTINES_TABLE = """
SELECT 1 AS is_readable FROM information_schema.tables WHERE table_schema = 'mysql' AND table_name = 'proc'
"""
HIDDEN = """
SELECT CONCAT(LOWER(routine_type), ' ', routine_name) AS name FROM information_schema.routines
 WHERE routine_schema = DATABASE() AND routine_definition IS NULL
UNION ALL
SELECT CONCAT('view ', table_name) FROM information_schema.views
 WHERE table_schema = DATABASE() AND view_definition = ''
ORDER BY 1
"""
SHOWN = 3


def require(view: View, database: str) -> None:
    """Raise Permanent, with the remedy, unless everything in the database can be seen by this account."""
    # Tells of the account and of its role, which no table does.
    have = granted((str(text) for row in view.rows("SHOW GRANTS") for text in row.values()), database)
    missing = [name for name in NEEDED if not have & {name, ALL}]
    remedy = [f"GRANT {', '.join(missing)} ON `{database}`.*"] if missing else []
    hidden = [str(row["name"]) for row in view.rows(HIDDEN)]
    sees_routines = bool(have & SHOWS_ROUTINES or view.rows(ROUTINES_TABLE))
    if hidden or not sees_routines:
        remedy.append("GRANT SELECT ON `mysql`.`proc`")
    if remedy:
        named = f" (such as {', '.join(hidden[:SHOWN])})" if hidden else ""
        raise Permanent(
            f"{view.component}: the account may not see everything in {database}{named}, so a dump would silently "
            f"lack it. Have an administrator run, for this account: {'; '.join(remedy)}."
        )


def granted(statements: Iterable[str], database: str) -> set[str]:
    """The privileges that GRANT statements give on the whole of a database."""
    found: set[str] = set()
    for statement in statements:
        match = _GRANT.match(statement)
        if match and (match["pattern"] is None or fits(match["pattern"].replace("``", "`"), database)):
            found.update(name.strip() for name in match["names"].split(","))
    return found


def fits(pattern: str, database: str) -> bool:
    r"""Whether a database is meant by a name with the wildcards % and _, which \ makes ordinary."""
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    wild = {"%": ".*", "_": "."}
    return bool(
        re.fullmatch("".join(wild.get(part) or re.escape(part[-1]) for part in parts), database, re.DOTALL)
    )
