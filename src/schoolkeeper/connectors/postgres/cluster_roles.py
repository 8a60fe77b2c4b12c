"""Making databases and roles on a server, with names and passwords of any kind."""

from psycopg import Connection, sql


def create_role(connection: Connection, name: str, password: str, *, superuser: bool = False) -> None:
    """Make a role that may log in, or give an existing one this password.

    The password reaches the server hashed (SCRAM), so it cannot show up in the server's log. `connection`
    must be in autocommit mode or be committed by the caller.
    """
    verifier = connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
    exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone()
    connection.execute(
        sql.SQL("{verb} ROLE {name} LOGIN {rights} PASSWORD {verifier}").format(
            verb=sql.SQL("ALTER" if exists else "CREATE"),
            name=sql.Identifier(name),
            rights=sql.SQL("SUPERUSER" if superuser else "NOSUPERUSER"),
            verifier=sql.Literal(verifier),
        )
    )


def database_exists(connection: Connection, name: str) -> bool:
    """Whether the server has a database of that name."""
    return connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None


def create_database(
    connection: Connection,
    name: str,
    *,
    owner: str | None = None,
    template: str = "template0",
    encoding: str | None = None,
    collate: str | None = None,
    ctype: str | None = None,
) -> None:
    """Make a database; `connection` must be in autocommit mode.

    `template0` is the default because it is empty for certain and accepts any encoding and locale. `collate`
    and `ctype` are names of the C library's locales, as in pg_database.datcollate. Raises psycopg.Error.
    """
    options: list[sql.Composable] = [sql.SQL("TEMPLATE {}").format(sql.Identifier(template))]
    if owner is not None:
        options.append(sql.SQL("OWNER {}").format(sql.Identifier(owner)))
    if collate is not None and connection.info.server_version >= 150000:
        options.append(sql.SQL("LOCALE_PROVIDER libc"))
    for word, value in (("ENCODING", encoding), ("LC_COLLATE", collate), ("LC_CTYPE", ctype)):
        if value is not None:
            options.append(sql.SQL(word + " {}").format(sql.Literal(value)))
    connection.execute(sql.SQL("CREATE DATABASE {} ").format(sql.Identifier(name)) + sql.SQL(" ").join(options))
