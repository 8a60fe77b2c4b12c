"""A number for the content of a table that does not depend on the order of its rows.

SQLite has no hash function, so the rows pass through Python: about half a million in a second. A row is written
with the type of each value, because a column holds values of any type and 1, 1.0 and '1' are three; strings as
hexadecimal digits of their own bytes, whether they are valid text or not. The first 64 bits of the MD5 of each row
are *summed*: in an XOR two equal rows would cancel each other.
"""

import hashlib
import sqlite3
from collections.abc import Iterable

from schoolkeeper.connectors.databases.contents import TableContent
from schoolkeeper.connectors.sqlite.session import quoted


def content(connection: sqlite3.Connection, table: str, columns: Iterable[str]) -> TableContent:
    """Row count and digest of one table; raises sqlite3.Error."""
    terms = ", ".join(
        f"CASE typeof({name}) WHEN 'text' THEN 't' || hex({name})"
        f" WHEN 'blob' THEN 'b' || hex({name}) ELSE {name} END"
        for name in map(quoted, columns)
    )
    count, total = 0, 0
    for row in connection.execute(f"SELECT {terms} FROM {quoted(table)} NOT INDEXED"):  # noqa: S608 - quoted
        count += 1
        digest = hashlib.md5(repr(row).encode(), usedforsecurity=False).digest()
        total += int.from_bytes(digest[:8], "big")
    return TableContent(rows=count, digest=str(total))
