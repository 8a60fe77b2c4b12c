"""An account for the restored application: it may use all of the copy, and nothing beyond it."""

from typing import Any

import psycopg
from psycopg import sql

from schoolkeeper.connectors.postgres.cluster_roles import create_role

# Without those who may become more than a user of the database: a copy of a server's files has its roles as well.
OWNERS = """
SELECT r.rolname FROM pg_roles AS r
 WHERE r.rolname !~ '^pg_' AND r.rolname <> %s AND NOT EXISTS (
       SELECT FROM pg_roles AS p
        WHERE (p.rolsuper OR p.rolname IN (
                  'pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files'))
          AND pg_has_role(r.oid, p.oid, 'MEMBER'))
 ORDER BY 1
"""
SCHEMAS = "SELECT nspname FROM pg_namespace WHERE nspname <> 'information_schema' AND nspname !~ '^pg_' ORDER BY 1"
EVERYTHING = ("TABLES", "SEQUENCES", "ROUTINES")


def admit(connection: psycopg.Connection[Any], name: str, password: str) -> None:
    """Make the account `name`: a member of every harmless role, with all privileges on all the rest.

    It is no superuser, so it cannot start programs or read the server's files. `connection` is a superuser's, in
    the copy.
    """
    create_role(connection, name, password)
    role = sql.Identifier(name)
    for (owner,) in connection.execute(OWNERS.encode(), (name,)).fetchall():
        connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(owner), role))
    for (schema,) in connection.execute(SCHEMAS.encode()).fetchall():
        where = sql.Identifier(schema)
        connection.execute(sql.SQL("GRANT ALL ON SCHEMA {} TO {}").format(where, role))
        for what in EVERYTHING:
            grant = sql.SQL("GRANT ALL ON ALL {} IN SCHEMA {} TO {}").format(sql.SQL(what), where, role)
            connection.execute(grant)
