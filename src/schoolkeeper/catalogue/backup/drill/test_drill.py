"""What `backup.drill` promises: faults are found, although every checksum of the set may fit."""

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pyrage  # type: ignore[import-untyped]
import pytest

from schoolkeeper.catalogue.backup.create.task import Create
from schoolkeeper.catalogue.backup.drill.facts import DrillFacts
from schoolkeeper.catalogue.backup.drill.scratch import Rehearsal
from schoolkeeper.catalogue.backup.drill.task import Drill, DrillOptions
from schoolkeeper.catalogue.backup.test_arrange import (
    PROFILE,
    School,
    apply_elsewhere,
    back_up,
    carry_out,
    codes,
    drill,
    dump_of,
    findings,
    found_school,
    later,
    manifest_of,
    read_list,
    reseal_dump,
    reseal_list,
)
from schoolkeeper.connectors import scratch_servers
from schoolkeeper.connectors.act import Act
from schoolkeeper.connectors.postgres.binaries import find
from schoolkeeper.connectors.postgres.cluster import SCRATCH_SETTINGS, Cluster
from schoolkeeper.connectors.postgres.cluster_roles import create_database
from schoolkeeper.connectors.postgres.scratch import RESTORED
from schoolkeeper.connectors.store.manifest import Index, Link, Manifest
from schoolkeeper.kernel.errors import Permanent
from schoolkeeper.kernel.finding import Level
from schoolkeeper.kernel.plan import Step
from schoolkeeper.profiles.model import Assertion, Backup, Uploads
from schoolkeeper.testing import Conformance, Subject
from schoolkeeper.testing.arrange import secret_file
from schoolkeeper.testing.plugin import HOME

KILLED = -9


@pytest.fixture
def school(database: str) -> Iterator[School]:
    """Below a folder that the scratch server's account can get to."""
    folder = Path(tempfile.mkdtemp(dir=HOME))
    folder.chmod(0o711)
    yield found_school(folder, database)
    shutil.rmtree(folder)


class TestConformance(Conformance):
    @pytest.fixture
    def subject(self, school: School) -> Iterator[Subject]:
        back_up(school)
        subject = school.subject(Drill())
        yield subject
        assert not servers(subject)


def servers(subject: Subject) -> list[int]:
    """Scratch servers of this subject that still run a moment later."""
    deadline = time.monotonic() + 60
    running = [0]
    while running and time.monotonic() < deadline:
        running = [
            process.pid
            for process in psutil.process_iter(["name", "cmdline"])
            if process.info["name"] == "postgres" and str(subject.home) in " ".join(process.info["cmdline"] or [])
        ]
        time.sleep(0.05 if running else 0)
    return running


def proof(facts: object) -> DrillFacts:
    assert isinstance(facts, DrillFacts)
    assert facts.proof is not None
    return facts


def test_a_sound_set_is_proven(school: School) -> None:
    set_id = back_up(school)
    subject = school.subject(Drill())
    facts = proof(carry_out(subject))
    assert findings(subject, facts) == []
    evidence = subject.task.evidence(facts)[0]
    assert (evidence.kind, evidence.key, evidence.holds) == ("proof", set_id, True)
    counts = {name: evidence.data[name] for name in ("tables", "rows", "files", "assertions", "fault_count")}
    assert counts == {"tables": 6, "rows": 610, "files": 5, "assertions": 1, "fault_count": 0}
    assert not subject.context().workspace.exists()


@pytest.mark.parametrize(
    ("meddling", "expected"),
    [
        ("UPDATE office.invoice SET amount = amount + 1 WHERE id = 1", {("content_differs", "office.invoice")}),
        (
            "DELETE FROM grade WHERE person_id = 5",
            {("rows_differ", "public.grade"), ("integrity", "person-without-grade")},
        ),
        ("DROP INDEX grade_points", {("schema_differs", "index public.grade_points")}),
        (
            "ALTER TABLE mark DROP CONSTRAINT mark_grade_check,"
            " ADD CONSTRAINT mark_grade_check CHECK (grade NOT IN ('x', 'y', 'a'))",
            {("schema_differs", "constraint public.mark.mark_grade_check")},
        ),
    ],
    ids=["one changed row", "one lost row", "one lost index", "one letter in a constraint"],
)
def test_what_changes_in_the_copy_is_found(school: School, meddling: str, expected: set[tuple[str, str]]) -> None:
    set_id = back_up(school)
    subject = school.subject(Drill())
    steps = subject.plan()
    subject.apply(steps[:2])
    with (
        Act(subject.system, subject.profile, subject.context(), subject.task.spec) as act,
        Rehearsal(act, set_id).server() as server,
    ):
        server.execute(meddling)
    facts = proof(carry_out(subject, steps))
    assert codes(findings(subject, facts, Level.ERROR)) == expected
    assert not subject.task.evidence(facts)[0].holds
    assert subject.task.verify(facts, facts, subject.options) == (), "an answer that is no is not taken back"


def test_a_file_that_only_the_database_knows(school: School) -> None:
    (school.uploads / "photos" / "2.jpg").unlink()
    back_up(school)
    assert codes(drill(school)) >= {("missing_file", "uploads/photos/2.jpg")}


def test_a_file_with_another_content_or_size_than_the_database_says(school: School) -> None:
    digest, size = "'98ab' AS digest, 3 AS size_bytes", "NULL AS digest, 4 AS size_bytes"
    queries = [f"SELECT 'photos/1.jpg' AS path, {digest}", f"SELECT 'photos/2.jpg' AS path, {size}"]
    uploads = [Uploads(query=query, algorithm="md5") for query in queries]
    back_up(school)
    found = codes(drill(school, profile=PROFILE.model_copy(update={"uploads": uploads})))
    assert found >= {("different_file", "uploads/photos/1.jpg"), ("different_file", "uploads/photos/2.jpg")}


@pytest.mark.parametrize(
    ("object_name", "subject"),
    [
        (".database.0001.tar", ("damaged_part", "the dump")),
        ("/database.contents", ("damaged_part", "the list of the database's contents")),
        (".files-uploads.0001.tar", ("damaged_file", "uploads/photos/2.jpg")),
        ("/files-uploads.index", ("damaged_part", "the list of the files of uploads")),
    ],
)
@pytest.mark.parametrize("damage", ["shortened", "flipped", "gone"])
def test_a_damaged_object(school: School, object_name: str, subject: tuple[str, str], damage: str) -> None:
    parts = manifest_of(school, back_up(school)).parts
    (path,) = (school.sets / part.name for part in parts if object_name in part.name)
    content = bytearray(path.read_bytes())
    match damage:
        case "shortened":
            path.write_bytes(content[:-50])
        case "flipped":
            content[len(content) // 2] ^= 1
            path.write_bytes(content)
        case _:
            path.unlink()
    assert subject in codes(drill(school))


def test_a_dump_that_was_cut_short_before_it_was_sealed(school: School) -> None:
    """Every checksum fits."""
    set_id = back_up(school)
    dump = dump_of(school, set_id)
    reseal_dump(school, set_id, dump[: len(dump) - 2_000])
    assert "restore_failed" in {code for code, _ in codes(drill(school))}


def test_a_dump_with_one_other_row(school: School) -> None:
    """Every checksum fits, and the number of rows as well."""
    set_id = back_up(school)
    dump = dump_of(school, set_id)
    assert dump.count(b"\tGiven77\t") == 1
    reseal_dump(school, set_id, dump.replace(b"\tGiven77\t", b"\tGiven78\t"))
    assert ("content_differs", "public.person") in codes(drill(school))


def test_a_set_that_lacks_a_file_and_has_another_content_for_one(school: School) -> None:
    """Every checksum fits."""
    set_id = back_up(school)
    index = Index.model_validate_json(read_list(school, set_id, "files-uploads.index"))
    kept = [file for file in index.files if file.path != "photos/3.jpg"]
    (one,) = (file for file in kept if file.path == "photos/1.jpg")
    (two,) = (file for file in kept if file.path == "photos/2.jpg")
    kept[kept.index(one)] = one.model_copy(update={"chunks": [two.sha256]})
    forged = index.model_copy(update={"files": kept})
    reseal_list(school, set_id, "files-uploads.index", forged.model_dump_json().encode())
    found = codes(drill(school))
    assert found >= {("missing_file", "uploads/photos/3.jpg"), ("damaged_file", "uploads/photos/1.jpg")}


def test_a_list_that_is_not_the_manifests(school: School) -> None:
    set_id = back_up(school)
    text = read_list(school, set_id, "files-uploads.index").replace(b"photos/1.jpg", b"photos/9.jpg")
    reseal_list(school, set_id, "files-uploads.index", text, digest_fits=False)
    assert ("damaged_part", "the list of the files of uploads") in codes(drill(school))


def test_a_folder_that_was_never_saved(school: School) -> None:
    back_up(school)
    wants_code = PROFILE.model_copy(update={"backup": Backup(files=["uploads", "configuration", "code"])})
    assert ("missing_folder", "code") in codes(drill(school, profile=wants_code))


def test_an_extension_that_this_machine_lacks(school: School) -> None:
    set_id = back_up(school)
    text = read_list(school, set_id, "database.contents")
    reseal_list(school, set_id, "database.contents", text.replace(b'"plpgsql":"version', b'"postgis":"version'))
    found = drill(school)
    assert codes(found) >= {("extension_missing", "postgis")}
    assert "packages" in found[0].hint


def test_a_set_that_the_key_does_not_open(school: School) -> None:
    back_up(school)
    other = secret_file(school.folder, "other-key", str(pyrage.x25519.Identity.generate()))
    assert ("cannot_open", "the list of the database's contents") in codes(drill(school, identity=other))


@pytest.mark.parametrize("identity", [None, "file:/nonexistent/key", "env:NO_SUCH_VARIABLE"])
def test_without_a_key_nobody_knows(school: School, identity: str | None) -> None:
    back_up(school)
    subject = school.subject(Drill(), identity=identity)
    assert subject.plan() == ()
    assert Level.UNKNOWN in {finding.level for finding in findings(subject, subject.assess())}


def test_a_rule_that_cannot_be_asked_is_not_a_rule_that_holds(school: School) -> None:
    back_up(school)
    broken = Assertion(code="broken", title="Something holds", query="SELECT nonsense")
    subject = school.subject(Drill(), PROFILE.model_copy(update={"integrity": [broken]}))
    facts = proof(carry_out(subject))
    assert [(one.level, one.subject) for one in findings(subject, facts)] == [
        (Level.UNKNOWN, "broken"),
        (Level.WARNING, ""),
    ]
    assert not subject.task.evidence(facts)[0].holds


def test_findings_quote_no_names(school: School) -> None:
    school.query("DELETE FROM grade WHERE person_id <= 5")
    back_up(school)
    found = [one for one in drill(school) if one.subject == "person-without-grade"]
    assert "5 rows break it, among them" in found[0].says
    assert "Given" not in found[0].says


@pytest.mark.parametrize(
    ("step", "failpoint"),
    [
        (1, "backup.drill.restore.opened"),
        (1, "backup.drill.restore.loading"),
        (6, "backup.drill.conclude.before_proof"),
    ],
)
def test_kill_9_in_a_step_and_the_same_step_again(school: School, step: int, failpoint: str) -> None:
    back_up(school)
    subject = school.subject(Drill())
    steps = subject.plan()
    subject.apply(steps[:step])
    for running in list(scratch_servers._RUNNING):  # the worker of these steps is gone
        scratch_servers._RUNNING.pop(running).stop()
    assert apply_elsewhere(subject, steps[step], failpoint) == KILLED
    assert not servers(subject), "a scratch server dies with its worker"
    facts = proof(carry_out(subject, steps))
    assert findings(subject, facts) == []
    assert not subject.context().workspace.exists()


@pytest.mark.parametrize("left_out", [1, 3, 5])
def test_without_one_of_its_phases_nothing_is_proven(school: School, left_out: int) -> None:
    back_up(school)
    subject = school.subject(Drill())
    steps = subject.plan()
    subject.apply(steps[:left_out])
    with pytest.raises(Permanent, match="not every phase was carried out"):
        subject.apply(steps[-1:])
    facts = subject.assess()
    assert isinstance(facts, DrillFacts)
    assert facts.proof is None
    proof(carry_out(subject, steps))


def test_the_newest_untried_set_comes_first(school: School) -> None:
    old = back_up(school)
    new = carry_out(later(school.subject(Create()), "second")).set_id  # type: ignore[attr-defined]
    subjects = [later(school.subject(Drill()), f"drill {number}", hours=2) for number in range(3)]
    assert [proof(carry_out(subject)).set for subject in subjects] == [new, old, new]
    chosen = later(school.subject(Drill()), "chosen")
    chosen.options = DrillOptions(set=old)
    assert proof(carry_out(chosen)).set == old
    chosen.options = DrillOptions(set="20200101T000000Z-00000000")
    assert codes(findings(chosen, chosen.assess())) >= {("no_set", "")}


@pytest.mark.parametrize("major", [15, 18])
def test_other_major_versions_are_restored_on_their_own(major: int) -> None:
    """PostgreSQL 15 as Debian has it, 18 from the wheel; the other tests use 16."""
    folder = Path(tempfile.mkdtemp(dir=HOME))
    folder.chmod(0o711)
    with Cluster(folder / "postgres", find(major), settings=SCRATCH_SETTINGS) as server:
        with server.connect() as connection:
            create_database(connection, f"school_{major}")
        school = found_school(folder, server.dsn(f"school_{major}"))
        back_up(school)
        subject = school.subject(Drill())
        facts = proof(carry_out(subject))
    assert findings(subject, facts) == []
    assert facts.proof is not None
    assert facts.proof.server.startswith(f"PostgreSQL {major}.")
    shutil.rmtree(folder)


def test_names_with_dots_and_quotes(school: School) -> None:
    for schema, table in (('"a.b"', "c"), ("a", '"b.c"'), ('"quo""te"', '"Grade Book"')):
        school.query(f"CREATE SCHEMA {schema}")
        school.query(f"CREATE TABLE {schema}.{table} (x int GENERATED ALWAYS AS IDENTITY)")
        school.query(f"INSERT INTO {schema}.{table} DEFAULT VALUES")
    back_up(school)
    subject = school.subject(Drill())
    facts = proof(carry_out(subject))
    assert findings(subject, facts) == []
    assert subject.task.evidence(facts)[0].data["tables"] == 9


def test_an_index_that_was_never_finished_is_no_loss(school: School) -> None:
    school.query("INSERT INTO mark VALUES ('b', 'p', 1, 'ab'), ('b', 'p', 1, 'ab')")
    with pytest.raises(psycopg.errors.UniqueViolation):
        school.query("CREATE UNIQUE INDEX CONCURRENTLY mark_unique ON mark (code)")
    back_up(school)
    assert drill(school) == []


def test_files_whose_names_are_not_utf8(school: School) -> None:
    for name in (b"caf\xe9.jpg", b"caf\\xe9.jpg"):
        (school.uploads / os.fsdecode(name)).write_bytes(name)
    set_id = back_up(school)
    assert drill(school) == []
    index = Index.model_validate_json(read_list(school, set_id, "files-uploads.index"))
    (spelled,) = (file for file in index.files if file.path == "caf\\xe9.jpg")
    other = spelled.model_copy(update={"chunks": [index.files[-1].sha256]})
    forged = index.model_copy(update={"files": [other if file == spelled else file for file in index.files]})
    reseal_list(school, set_id, "files-uploads.index", forged.model_dump_json().encode())
    subject = later(school.subject(Drill()), "again")
    assert ("damaged_file", "uploads/caf\\xe9.jpg") in codes(findings(subject, carry_out(subject)))


def test_a_damaged_proof_keeps_no_drill_from_its_work(school: School) -> None:
    set_id = back_up(school)
    folder = school.sets / "proofs" / set_id
    folder.mkdir(parents=True)
    for run in ("earlier", "conformance"):
        (folder / f"{run}.json").write_text("")
    subject = school.subject(Drill())
    facts = proof(carry_out(subject))
    assert codes(findings(subject, facts)) == {("damaged_proof", f"{set_id}/earlier")}
    assert subject.task.evidence(facts)[0].holds


def test_a_proof_counts_only_for_the_manifest_that_was_proven(school: School) -> None:
    set_id = back_up(school)
    subject = school.subject(Drill())
    facts = proof(carry_out(subject))
    assert facts.last_proven_at is not None
    manifest = school.path(set_id, "manifest.json")
    data = subject.task.evidence(facts)[0].data
    assert data["manifest_sha256"] == hashlib.sha256(manifest.read_bytes()).hexdigest()
    assert data["taken_at"] == Manifest.model_validate_json(manifest.read_bytes()).taken_at.isoformat()
    manifest.write_text(manifest.read_text() + "\n")
    for after in (later(school.subject(Drill()), "next").assess(), subject.assess()):
        assert isinstance(after, DrillFacts)
        assert (after.last_proven_at, after.proof) == (None, None)


def test_settings_of_the_database_are_brought_back(school: School) -> None:
    name, role = school.database.rpartition("/")[2], f"clerk_{school.database.rpartition('_')[2]}"
    school.query(f"CREATE ROLE {role}")
    for owner in (f"DATABASE {name}", f"ROLE {role} IN DATABASE {name}"):
        school.query(f'ALTER {owner} SET search_path = "Odd, name", office, public')
        school.query(f"ALTER {owner} SET statement_timeout = '7s'")
        school.query(f"ALTER {owner} SET erp.tenant = 'o''hara, north'")
    school.query(f"ALTER DATABASE {name} SET temp_tablespaces = ''")
    back_up(school)
    assert drill(school) == []
    school.query(f"ALTER DATABASE {name} SET session_preload_libraries = 'plpgsql'")
    carry_out(later(school.subject(Create()), "second"))
    again = later(school.subject(Drill()), "again")
    facts = proof(carry_out(again))
    subject = "setting session_preload_libraries of the database"
    assert [(one.level, one.subject) for one in findings(again, facts)] == [(Level.WARNING, subject)]
    assert again.task.evidence(facts)[0].holds


def test_a_setting_that_did_not_come_back_is_found(school: School) -> None:
    school.query(f"ALTER DATABASE {school.database.rpartition('/')[2]} SET work_mem = '7MB'")
    set_id = back_up(school)
    subject = school.subject(Drill())
    steps = subject.plan()
    subject.apply(steps[:2])
    with (
        Act(subject.system, subject.profile, subject.context(), subject.task.spec) as act,
        Rehearsal(act, set_id).server() as server,
    ):
        server.execute(f"ALTER DATABASE {RESTORED} RESET work_mem")
    found = codes(findings(subject, carry_out(subject, steps), Level.ERROR))
    assert found == {("schema_differs", "setting work_mem of the database")}


def test_a_manifest_that_changes_during_a_drill_is_not_proven(school: School) -> None:
    set_id = back_up(school)
    subject = school.subject(Drill())
    steps = subject.plan()
    subject.apply(steps[:2])
    manifest = school.path(set_id, "manifest.json")
    manifest.write_text(manifest.read_text() + "\n")
    with pytest.raises(Permanent, match="changed meanwhile"):
        subject.apply(steps[2:])
    assert steps[0].inverse is not None
    subject.apply([Step(key="clear", says="", action=steps[0].inverse)])


def test_a_server_of_which_half_came_back_is_told_and_does_not_hold_the_drill_up(school: School) -> None:
    set_id = back_up(school)
    reseal_dump(school, set_id, dump_of(school, set_id)[:-1000])
    subject = school.subject(Drill())
    steps = subject.plan()
    subject.apply(steps[:-1])
    scratch = subject.context().workspace / "scratch"
    scratch_servers._RUNNING.pop(scratch).stop()
    (scratch / "data" / "postgresql.conf").unlink()
    subject.apply(steps[-1:])
    facts = proof(subject.assess())
    assert facts.proof is not None
    assert (facts.proof.holds, facts.proof.server) == (False, "none")


def test_a_list_that_leads_out_of_its_folder_is_damage(school: School, tmp_path: Path) -> None:
    set_id = back_up(school)
    index = Index.model_validate_json(read_list(school, set_id, "files-uploads.index"))
    links = [Link(path=path, target=str(tmp_path), uid=0, gid=0) for path in ("way", "way/planted")]
    forged = index.model_copy(update={"links": links})
    reseal_list(school, set_id, "files-uploads.index", forged.model_dump_json().encode())
    assert ("damaged_part", "the list of the files of uploads") in codes(drill(school))
    assert list(tmp_path.iterdir()) == []
