"""Seven faults, planted so that every checksum of the set fits: each is found by a drill, or the set by its age.

This is what a faulty program, a wrong configuration or a bad idea would have written; damage on the disk is easier
to find, because then a checksum does not fit. Takes long, because each fault is found by a whole restore.
"""

import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from schoolkeeper.catalogue.backup.create.task import Create
from schoolkeeper.catalogue.backup.drill.facts import DrillFacts
from schoolkeeper.catalogue.backup.drill.task import Drill
from schoolkeeper.catalogue.backup.test_arrange import (
    PROFILE,
    School,
    back_up,
    carry_out,
    codes,
    dump_of,
    findings,
    found_school,
    later,
    manifest_of,
    read_list,
    reseal_dump,
    reseal_list,
    rewrite_manifest,
)
from schoolkeeper.connectors.postgres.binaries import find
from schoolkeeper.connectors.postgres.cluster import Cluster
from schoolkeeper.connectors.postgres.cluster_roles import create_database
from schoolkeeper.connectors.postgres.tools import address
from schoolkeeper.connectors.store.manifest import Index
from schoolkeeper.profiles.model import Backup
from schoolkeeper.testing.plugin import HOME

WITH_CODE = PROFILE.model_copy(update={"backup": Backup(files=["uploads", "configuration", "code"])})


@pytest.fixture
def school(database: str) -> Iterator[School]:
    folder = Path(tempfile.mkdtemp(dir=HOME))
    folder.chmod(0o711)
    yield found_school(folder, database)
    shutil.rmtree(folder)


def missing_blob(school: School, set_id: str, cluster: Cluster) -> None:
    """A file that the database names is in neither list nor packs."""
    index = Index.model_validate_json(read_list(school, set_id, "files-uploads.index"))
    kept = [file for file in index.files if file.path != "photos/2.jpg"]
    forged = index.model_copy(update={"files": kept}).model_dump_json().encode()
    reseal_list(school, set_id, "files-uploads.index", forged)


def missing_code(school: School, set_id: str, cluster: Cluster) -> None:
    """The set was taken without the folder of the code: nothing to forge, it is just not there."""


def truncated_dump(school: School, set_id: str, cluster: Cluster) -> None:
    dump = dump_of(school, set_id)
    reseal_dump(school, set_id, dump[: len(dump) - 1_000])


def flipped_bit(school: School, set_id: str, cluster: Cluster) -> None:
    """One bit of one value in one row: "Given77" becomes "Given76"."""
    dump = dump_of(school, set_id)
    place = dump.index(b"\tGiven77\t") + len(b"\tGiven7")
    reseal_dump(school, set_id, dump[:place] + bytes([dump[place] ^ 1]) + dump[place + 1 :])


def dropped_constraint(school: School, set_id: str, cluster: Cluster) -> None:
    statement = "ALTER TABLE grade DROP CONSTRAINT grade_person_id_fkey"
    reseal_dump(school, set_id, dump_of_a_copy(school, cluster, statement))


def wrong_encoding(school: School, set_id: str, cluster: Cluster) -> None:
    """The dump says that its bytes are in another encoding: "ü" comes back as two Cyrillic letters."""
    dump = dump_of(school, set_id)
    assert dump.count(b"SET client_encoding = 'UTF8';") == 1
    reseal_dump(school, set_id, dump.replace(b"client_encoding = 'UTF8'", b"client_encoding = 'KOI8'"))


def stale(school: School, set_id: str, cluster: Cluster) -> None:
    """An old dump under a new manifest, as a job that copies yesterday's file leaves it."""
    reseal_dump(school, set_id, dump_of_a_copy(school, cluster, "DELETE FROM grade WHERE person_id > 190"))


def dump_of_a_copy(school: School, cluster: Cluster, statement: str) -> bytes:
    """What pg_dump says of the school after a change."""
    copy, source = f"copy_{secrets.token_hex(4)}", school.database.rpartition("/")[2]
    with cluster.connect() as connection:
        create_database(connection, copy, template=source)
    with psycopg.connect(cluster.dsn(copy), autocommit=True) as connection:
        connection.execute(statement.encode())
    public, environment = address(cluster.dsn(copy))
    argv: list[str | Path] = [find(16).path("pg_dump"), "--format=custom", "--compress=0", "--dbname", public]
    dump = subprocess.run(argv, env=environment, capture_output=True, check=True).stdout
    with cluster.connect() as connection:
        connection.execute(f"DROP DATABASE {copy}".encode())
    return dump


FAULTS = {
    missing_blob: ("missing_file", "uploads/photos/2.jpg"),
    missing_code: ("missing_folder", "code"),
    truncated_dump: ("restore_failed", ""),
    flipped_bit: ("content_differs", "public.person"),
    dropped_constraint: ("schema_differs", "constraint public.grade.grade_person_id_fkey"),
    wrong_encoding: ("content_differs", "public.grade"),
    stale: ("rows_differ", "public.grade"),
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_it_is_found_although_every_checksum_fits(school: School, cluster: Cluster, fault: object) -> None:
    assert callable(fault)
    set_id = back_up(school)
    fault(school, set_id, cluster)
    folder = school.path(set_id, "SHA256SUMS").parent
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=folder, check=True)
    subject = school.subject(Drill(), WITH_CODE if fault is missing_code else PROFILE)
    facts = carry_out(subject)
    assert isinstance(facts, DrillFacts)
    found = codes(findings(subject, facts))
    code, about = FAULTS[fault]
    assert any(one == code and (not about or about == subject) for one, subject in found), found
    (evidence,) = subject.task.evidence(facts)
    assert not evidence.holds
    assert "is NOT proven to restore" in evidence.says


def test_a_set_that_is_too_old_is_found_by_its_age(school: School) -> None:
    """The manifest says so itself, and nobody can make it younger without breaking the proof."""
    manifest = manifest_of(school, back_up(school))
    aged = {"taken_at": manifest.taken_at - timedelta(days=400)}
    rewrite_manifest(school, manifest.model_copy(update=aged))
    subject = later(school.subject(Create()), "next")
    assert ("overdue", "") in codes(findings(subject, subject.assess()))
