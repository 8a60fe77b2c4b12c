"""Fills the database by COPY, all of it or nothing, and the home folder with files."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import django
import psycopg
from psycopg import sql

from smart_erp.environment import Environment
from smart_erp.generator import office_tables, people_tables, stored_files, teaching_tables
from smart_erp.generator.blueprint import Blueprint, Plan, Table
from smart_erp.generator.stored_files import Library

__all__ = ["NotEmpty", "Plan", "fill"]

GENERATED_FOLDERS = ("photos", "submissions")
# Their triggers would compute, row by row, the sums that the generator writes already.
TRIGGERED = ("grade", "invoice_line", "payment")
ROOTS = (
    "auth_user",
    "upload",
    "programme",
    "school_year",
    "room",
    "django_session",
    "cache_entry",
    "guardian",
)
STALE_DAYS = range(2, 60)


class NotEmpty(Exception):
    """The database cannot be filled: it has a school already, or its schema is not that of the release."""


def fill(environment: Environment, plan: Plan, *, replace: bool = False) -> dict[str, int]:
    """Write one school; return the number of rows by table. Raises NotEmpty before anything is changed."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "smart_erp.settings"
    django.setup()
    uploads = environment.home / "uploads"
    with psycopg.connect(environment.database_url, application_name="smart_erp fill") as connection:
        _check(connection, environment, replace)
        if replace:
            _clear(connection, uploads)
        blueprint = Blueprint(plan)
        library = stored_files.write(blueprint, uploads)
        connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        _switch_triggers(connection, "DISABLE")
        features = environment.release.features
        counts = {
            table.name: _copy(connection, table) for table in _tables(connection, blueprint, library, features)
        }
        _switch_triggers(connection, "ENABLE")
        _advance_sequences(connection, counts)
        connection.execute("ANALYZE")
    _leave_stale_files(blueprint, environment.home / "tmp")
    return counts


def _check(connection: psycopg.Connection, environment: Environment, replace: bool) -> None:
    ready = connection.execute("SELECT to_regclass('release') IS NOT NULL").fetchone()
    found = (
        connection.execute("SELECT version FROM release ORDER BY id DESC LIMIT 1").fetchone()
        if ready == (True,)
        else None
    )
    if found != (environment.release.version,):
        raise NotEmpty(f"the schema is not that of release {environment.release.version}: run migrate first")
    students = connection.execute("SELECT EXISTS (SELECT FROM student)").fetchone()
    if students == (True,) and not replace:
        raise NotEmpty("the database has students already; --replace deletes them first")


def _clear(connection: psycopg.Connection, uploads: Path) -> None:
    tables = sql.SQL(", ").join(map(sql.Identifier, ROOTS))
    connection.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(tables))
    for folder in GENERATED_FOLDERS:
        shutil.rmtree(uploads / folder, ignore_errors=True)


def _tables(
    connection: psycopg.Connection, blueprint: Blueprint, library: Library, features: frozenset[str]
) -> Iterator[Table]:
    groups: dict[str, int] = dict(connection.execute("SELECT name, id FROM auth_group").fetchall())
    return chain(
        people_tables.tables(blueprint, library, groups),
        teaching_tables.tables(blueprint, library, features),
        office_tables.tables(blueprint, groups, features),
    )


def _copy(connection: psycopg.Connection, table: Table) -> int:
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, table.columns.split(", ")))
    )
    with connection.cursor() as cursor:
        with cursor.copy(statement) as copy:
            for row in table.rows:
                copy.write_row(row)
        return cursor.rowcount


def _switch_triggers(connection: psycopg.Connection, word: str) -> None:
    for table in TRIGGERED:
        statement = sql.SQL("ALTER TABLE {} " + word + " TRIGGER USER")
        connection.execute(statement.format(sql.Identifier(table)))


def _advance_sequences(connection: psycopg.Connection, counts: dict[str, int]) -> None:
    """COPY brings its own ids; the next INSERT must not meet them."""
    for name in counts.keys() - {"django_session"}:
        statement = sql.SQL("SELECT setval(pg_get_serial_sequence({}, 'id'), (SELECT max(id) FROM {}))")
        connection.execute(statement.format(sql.Literal(name), sql.Identifier(name)))


def _leave_stale_files(blueprint: Blueprint, folder: Path) -> None:
    """Interrupted uploads of past weeks, as a server leaves them behind when it is killed."""
    dice = blueprint.dice("stale")
    for _ in range(blueprint.plan.size.stale_files):
        path = folder / f"tmp{dice.randrange(16**8):08x}.upload"
        path.write_bytes(dice.randbytes(dice.randrange(1_000, 60_000)))
        old = time.time() - 86_400 * dice.choice(STALE_DAYS)
        os.utime(path, (old, old))
