"""Keeping a database still for the moment in which several sessions begin their snapshots.

MariaDB cannot lend a snapshot to another session, so the dump's and ours agree only if nothing is committed
between them. We give up after `LOCK_SECONDS` when a writer is in the way, because new writers queue behind us.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

import pymysql
from pymysql.constants import ER

from schoolkeeper.connectors.mariadb.address import Address
from schoolkeeper.connectors.mariadb.session import connect, failure, number_of, quoted
from schoolkeeper.connectors.mariadb.snapshot import Table

Way = Literal["global lock", "table locks", "no lock"]
LOCK_SECONDS = 3
_DENIED = frozenset({ER.ACCESS_DENIED_ERROR, ER.DBACCESS_DENIED_ERROR, ER.SPECIFIC_ACCESS_DENIED_ERROR})
_DENIED_TABLE = ER.TABLEACCESS_DENIED_ERROR


@contextmanager
def standing_still(component: str, address: Address, tables: Sequence[Table]) -> Iterator[Way]:
    """Nobody can commit to the database within the block, unless the way is "no lock".

    1. The global read lock, which also keeps everybody from changing definitions; it needs RELOAD.
    2. Read locks on all tables, which wait for transactions that have written; they need LOCK TABLES.
    3. None, where the account may do neither or a writer did not finish in time.
    """
    connection = connect(component, address, {"lock_wait_timeout": LOCK_SECONDS})
    try:
        way: Way = "no lock"
        locks = ", ".join(f"{quoted(name)} READ" for name in dict.fromkeys(table.name for table in tables))
        attempts: list[tuple[Way, str]] = [("global lock", "FLUSH TABLES WITH READ LOCK")]
        attempts += [("table locks", f"LOCK TABLES {locks}")] if locks else []
        for name, statement in attempts:
            try:
                connection.query(statement)
            except pymysql.Error as error:
                number = number_of(error)
                if number == ER.LOCK_WAIT_TIMEOUT:
                    break
                if number not in _DENIED and number != _DENIED_TABLE:
                    raise failure(component, error) from error
            else:
                way = name
                break
        yield way
    finally:
        connection.close()  # ends the lock as well
