"""Each kind of object that a restore can lose is missed when it is lost."""

import secrets
from collections.abc import Iterator

import pytest

from schoolkeeper.catalogue.backup.drill.comparing import differences, not_compared, unclaimed
from schoolkeeper.catalogue.backup.drill.facts import Phase
from schoolkeeper.catalogue.backup.test_arrange import found_school
from schoolkeeper.connectors.databases.contents import DatabaseContents
from schoolkeeper.connectors.databases.fault import Fault
from schoolkeeper.connectors.postgres.cluster import Cluster
from schoolkeeper.connectors.postgres.cluster_roles import create_database
from schoolkeeper.connectors.postgres.scratch import observe
from schoolkeeper.connectors.store.manifest import Held

LONG = "office.a_table_whose_name_is_as_long_as_names_may_be_in_this_database"
LONG_CONSTRAINT = "a_constraint_with_a_name_of_which_the_beginning_is_the_same_2"
LOSSES = {
    "DROP INDEX grade_points": "index public.grade_points",
    "ALTER TABLE grade DROP CONSTRAINT grade_person_id_fkey": "constraint public.grade.grade_person_id_fkey",
    f"ALTER TABLE {LONG} DROP CONSTRAINT {LONG_CONSTRAINT}": f"constraint {LONG}.{LONG_CONSTRAINT}",
    "ALTER DOMAIN office.points DROP CONSTRAINT points_check": "constraint office.points.points_check",
    "DROP FUNCTION gpa(bigint)": "function public.gpa(bigint)",
    "DROP PROCEDURE close_year": "procedure public.close_year()",
    "DROP AGGREGATE best(numeric)": "aggregate public.best(numeric)",
    "CREATE OR REPLACE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'": (
        "function public.stamp()"
    ),
    "DROP TRIGGER person_stamp ON person": "trigger public.person.person_stamp",
    "ALTER TABLE person DISABLE TRIGGER person_stamp": "trigger public.person.person_stamp",
    "DROP RULE keep ON office.invoice": "rule office.invoice.keep",
    "DROP POLICY own_grades ON grade": "policy public.grade.own_grades",
    "ALTER TABLE grade DISABLE ROW LEVEL SECURITY": "table public.grade",
    "DROP VIEW honours": "view public.honours",
    "CREATE OR REPLACE VIEW honours AS SELECT person_id FROM grade": "view public.honours",
    "DROP MATERIALIZED VIEW totals": "materialized view public.totals",
    "DROP STATISTICS person_names": "statistics public.person_names",
    "DROP COLLATION german": "collation public.german",
    "ALTER TYPE office.standing ADD VALUE 'expelled'": "type office.standing",
    "ALTER TABLE person ALTER standing DROP DEFAULT": "column public.person.standing",
    "ALTER TABLE person ALTER family SET NOT NULL": "column public.person.family",
    "ALTER TABLE person ALTER photo TYPE varchar(20)": "column public.person.photo",
    "ALTER SEQUENCE office.receipt INCREMENT 1": "sequence office.receipt",
    "SELECT setval('office.receipt', 1)": "sequence office.receipt",
    "REVOKE SELECT ON person FROM {role}": "table public.person",
    "REVOKE UPDATE (family) ON person FROM {role}": "column public.person.family",
    "ALTER TABLE office.invoice OWNER TO CURRENT_USER": "table office.invoice",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA office REVOKE SELECT ON TABLES FROM {role}": "default privilege",
    "ALTER TABLE attendance DETACH PARTITION attendance_2026": "table public.attendance_2026",
    "SELECT lo_unlink(oid) FROM pg_largeobject_metadata": "large objects",
    "DROP EXTENSION plpgsql CASCADE": "extension plpgsql",
    "COMMENT ON TABLE person IS NULL": "comment table public.person",
    "COMMENT ON COLUMN person.family IS 'another'": "comment table column public.person.family",
    "ALTER TABLE person ALTER photo SET STORAGE MAIN": "column public.person.photo",
    "ALTER TABLE person ALTER photo SET COMPRESSION pglz": "column public.person.photo",
    "ALTER TABLE person ALTER photo SET STATISTICS 500": "column public.person.photo",
    "ALTER PUBLICATION people SET (publish = 'insert')": "publication people",
    "ALTER PUBLICATION people ADD TABLE mark": "publication people",
    "REFRESH MATERIALIZED VIEW later": "materialized view public.later",
    "ALTER DATABASE {copy} SET work_mem = '8MB'": "setting work_mem of the database",
    "ALTER ROLE {role} IN DATABASE {copy} SET work_mem = '8MB'": "setting work_mem of role registrar_",
}


@pytest.fixture(scope="module")
def cast(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a database with one of everything."""
    name = f"cast_{secrets.token_hex(4)}"
    with cluster.connect() as connection:
        create_database(connection, name)
        found_school(tmp_path_factory.mktemp("cast"), cluster.dsn(name))
        yield name
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture(scope="module")
def saved(cluster: Cluster, cast: str) -> DatabaseContents:
    return observe(cluster.dsn(cast))


@pytest.mark.parametrize(("loss", "subject"), LOSSES.items())
def test_a_loss_is_found(cluster: Cluster, cast: str, saved: DatabaseContents, loss: str, subject: str) -> None:
    copy = f"copy_{secrets.token_hex(4)}"
    with cluster.connect() as connection:
        create_database(connection, copy, template=cast)
        try:
            assert list(differences(saved, observe(cluster.dsn(copy)))) == []
            with cluster.connect(copy) as meddler:
                role = f"registrar_{cast.rpartition('_')[2]}"
                meddler.execute(loss.replace("{role}", role).replace("{copy}", copy).encode())
            found = {fault.subject for fault in differences(saved, observe(cluster.dsn(copy)))}
            assert any(name.startswith(subject) for name in found), found
        finally:
            connection.execute(f"DROP DATABASE {copy} WITH (FORCE)".encode())


def test_another_encoding_is_found(saved: DatabaseContents) -> None:
    restored = saved.model_copy(update={"source": saved.source.model_copy(update={"encoding": "LATIN1"})})
    assert [fault.subject for fault in differences(saved, restored)] == ["encoding"]


def test_a_table_too_few_and_one_too_many(saved: DatabaseContents) -> None:
    tables = dict(saved.tables)
    tables["public.surplus"] = tables.pop("public.grade")
    restored = saved.model_copy(update={"tables": tables})
    found = [(fault.code, fault.subject, fault.found) for fault in differences(saved, restored)]
    assert found == [
        ("rows_differ", "public.grade", "no such table"),
        ("rows_differ", "public.surplus", "200 rows"),
    ]


def test_where_no_row_could_be_compared_nothing_is_proven() -> None:
    held = Held(component="barman", engine="barman", copy_id="1", form="physical")
    (fault,) = not_compared((), held)
    assert (fault.subject, fault.level) == ("rows", "unknown")
    assert not Phase(name="compare", seconds=1, faults=[fault]).holds
    assert list(not_compared((), held.model_copy(update={"restore_point": "here"}))) == []
    (moved,) = not_compared({"log"}, None)
    assert (moved.subject, moved.level) == ("log", "unknown")


def test_a_proof_does_not_claim_what_moved(saved: DatabaseContents) -> None:
    """It holds for the rest, and says so; where nothing is left, it does not hold."""
    faults = list(not_compared({"public.grade"}, None))
    rest = saved.tables.keys() - {"public.grade"}
    left_out = unclaimed({"public.grade"}, saved, rest)
    phase = Phase(name="compare", seconds=1, counts={"tables": len(rest)}, faults=faults, unclaimed=left_out)
    assert phase.holds
    assert not Phase(name="compare", seconds=1, faults=faults).holds
    another = Fault(code="not_compared", subject="rows", level="unknown")
    assert not phase.model_copy(update={"faults": [*faults, another]}).holds
    differs = Fault(code="content_differs", subject="public.grade")
    assert not phase.model_copy(update={"faults": [*faults, differs]}).holds
    assert unclaimed(saved.tables, saved, []) == []
