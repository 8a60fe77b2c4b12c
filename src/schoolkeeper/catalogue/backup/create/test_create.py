"""What `backup.create` promises, on a real database, real folders and a real store."""

import hashlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from schoolkeeper.catalogue.backup.create.facts import CreateFacts
from schoolkeeper.catalogue.backup.create.task import Create
from schoolkeeper.catalogue.backup.test_arrange import (
    School,
    apply_elsewhere,
    back_up,
    carry_out,
    codes,
    findings,
    found_school,
    later,
    unsealed,
)
from schoolkeeper.connectors.postgres.contents import DatabaseContents
from schoolkeeper.connectors.postgres.tools import address
from schoolkeeper.kernel.errors import Permanent, Unreachable
from schoolkeeper.kernel.finding import Level
from schoolkeeper.testing import Conformance, Subject
from schoolkeeper.testing.arrange import secret_file

KILLED = -9
PERMANENT = 3
CONTENTS = "database.contents.json.zst.age"


@pytest.fixture
def school(database: str, tmp_path: Path) -> School:
    return found_school(tmp_path, database)


class TestConformance(Conformance):
    @pytest.fixture
    def subject(self, school: School) -> Iterator[Subject]:
        yield school.subject(Create())
        assert not [path for path in school.store.rglob("*") if path.name.endswith(".tmp")]


def contents(school: School, set_id: str) -> DatabaseContents:
    return DatabaseContents.model_validate_json(unsealed(school, set_id, CONTENTS))


def test_the_manifest_says_what_is_in_the_set(school: School) -> None:
    set_id = back_up(school)
    folder = school.sets / set_id
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (manifest["set"], manifest["system"], manifest["environment"]) == (set_id, "test-college", "scratch")
    assert manifest["database"]["tables"] == 6
    assert manifest["database"]["rows"] == 200 + 200 + 200 + 10
    assert manifest["database"]["version"] == {"database": "1.0", "web": None, "why": []}
    assert [(part["component"], part["files"]) for part in manifest["files"]] == [
        ("uploads", 4),
        ("configuration", 1),
    ]
    names = {path.name for path in folder.iterdir()}
    assert names == {part["name"] for part in parts(manifest)} | {"manifest.json", "SHA256SUMS"}
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=folder, check=True)


def parts(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    of_files = [part[name] for part in manifest["files"] for name in ("archive", "contents")]
    return [manifest["database"]["dump"], manifest["database"]["contents"], *of_files]


def test_nothing_that_could_be_about_people_is_readable_without_the_key(school: School) -> None:
    set_id = back_up(school)
    readable = "".join((school.sets / set_id / name).read_text() for name in ("manifest.json", "SHA256SUMS"))
    assert "photos" not in readable
    assert contents(school, set_id).tables["public.grade"].digest not in readable


def test_rows_written_after_the_snapshot_are_in_neither_dump_nor_counts(school: School) -> None:
    subject = school.subject(Create())
    first, *rest = subject.plan()
    subject.apply([first])
    school.query("DELETE FROM grade")
    facts = carry_out(subject, rest)
    assert isinstance(facts, CreateFacts)
    assert contents(school, facts.set_id).tables["public.grade"].rows == 200


@pytest.mark.parametrize(
    ("step", "failpoint"),
    [
        (0, "backup.create.database.streaming"),
        (1, "backup.create.files.streaming"),
        (3, "backup.create.seal.before_rename"),
    ],
)
def test_kill_9_in_a_step_and_the_same_step_again(school: School, step: int, failpoint: str) -> None:
    subject = school.subject(Create())
    steps = subject.plan()
    subject.apply(steps[:step])
    assert apply_elsewhere(subject, steps[step], failpoint) == KILLED
    interrupted = subject.assess()
    assert isinstance(interrupted, CreateFacts)
    assert interrupted.sets == [], "what is not whole is no set"
    assert not dumping(school)
    before = subject.assess()
    facts = carry_out(subject, steps)
    assert isinstance(facts, CreateFacts)
    assert facts.own is not None
    assert subject.task.verify(before, facts, subject.options) == []
    other = later(subject, "another run")
    uninterrupted = carry_out(other)
    assert isinstance(uninterrupted, CreateFacts)
    assert uninterrupted.own is not None
    assert contents(school, facts.set_id).tables == contents(school, uninterrupted.set_id).tables
    assert {path.name for path in school.sets.iterdir()} == {facts.set_id, uninterrupted.set_id}


def dumping(school: School) -> list[int]:
    """Processes that still dump this database a moment later."""
    name = school.database.rpartition("/")[2]
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        running = [
            process.pid
            for process in psutil.process_iter(["name", "cmdline"])
            if process.info["name"] == "pg_dump" and name in " ".join(process.info["cmdline"] or [])
        ]
        if not running:
            return []
        time.sleep(0.05)
    return running


def test_a_finished_part_is_not_taken_again(school: School) -> None:
    subject = school.subject(Create())
    steps = subject.plan()
    subject.apply(steps[:2])
    stamps = {path: path.stat().st_mtime_ns for path in school.sets.rglob("*.age")}
    carry_out(subject, steps)
    by_name = {path.name: path.stat().st_mtime_ns for path in school.sets.rglob("*.age")}
    assert all(by_name[path.name] == stamp for path, stamp in stamps.items())


@pytest.fixture
def small_store(school: School) -> Iterator[int]:
    """Makes the store 10 MB small; where mounting is not allowed, by a limit (its bytes) on each file."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=10m", "tmpfs", school.store], capture_output=True, check=False
    )
    yield 0 if mounted.returncode == 0 else 10_000_000
    if mounted.returncode == 0:
        subprocess.run(["umount", school.store], check=True)


def test_a_full_disk_leaves_no_set_and_touches_no_other(
    school: School, small_store: int, capfd: pytest.CaptureFixture[str]
) -> None:
    earlier = back_up(school)
    before = {path.name: path.read_bytes() for path in (school.sets / earlier).iterdir()}
    (school.uploads / "film.mp4").write_bytes(b"".join(number.to_bytes(8) for number in scattered(2_000_000)))
    subject = later(school.subject(Create()), "today", hours=24)
    steps = subject.plan()
    subject.apply(steps[:1])
    assert apply_elsewhere(subject, steps[1], file_limit_bytes=small_store) == PERMANENT
    said = capfd.readouterr().err
    assert "is full: files-uploads.tar.zst.age could not be written" in said
    assert "Traceback" not in said
    subject.take_back(steps[:2])
    assert {path.name for path in school.sets.iterdir()} == {earlier}
    assert {path.name: path.read_bytes() for path in (school.sets / earlier).iterdir()} == before


def scattered(count: int) -> Iterator[int]:
    """Numbers that no compressor makes smaller, the same each time."""
    state = 1
    for _ in range(count):
        state = state * 6364136223846793005 + 1442695040888963407 & (1 << 64) - 1
        yield state ^ state >> 29


def test_a_wrong_password_is_unknown_and_writes_nothing(school: School) -> None:
    subject = school.subject(Create())
    user = school.database.partition("//")[2].partition(":")[0]
    wrong = school.database.replace(school.database.partition(f"{user}:")[2].partition("@")[0], "wrong")
    secret_file(school.folder, "dsn", wrong)
    with pytest.raises(Unreachable, match="password authentication failed"):
        subject.assess()
    assert list(school.store.iterdir()) == []


def test_what_pg_dump_says_is_passed_on(school: School) -> None:
    """The role may read every table, but not past the policy on one: a dump without those rows is refused."""
    subject = school.subject(Create())
    steps = subject.plan()
    role = f"reader_{school.database.rpartition('_')[2]}"
    with psycopg.connect(school.database, autocommit=True) as connection:
        connection.execute(
            f"CREATE ROLE {role} LOGIN PASSWORD 'pa''ss'; GRANT pg_read_all_data TO {role}".encode()
        )
    place = school.database.rpartition("@")[2]
    secret_file(school.folder, "dsn", f"postgresql://{role}:pa'ss@{place}")
    with pytest.raises((Permanent, Unreachable), match="row-level security") as caught:
        subject.apply(steps[:1])
    assert "pa'ss" not in str(caught.value)
    assert [path.name for path in school.sets.rglob("*.age")] == []


def test_the_password_is_not_in_the_process_list() -> None:
    public, environment = address("postgresql://keeper:s%20ecr'et@127.0.0.1:5432/erp?sslmode=disable")
    assert "ecr" not in public
    assert environment["PGPASSWORD"] == "s ecr'et"
    assert "sslmode=disable" in public


def test_an_unmounted_store_is_unknown_and_is_not_made(school: School) -> None:
    subject = school.subject(Create(), path="/nonexistent/backups")
    with pytest.raises(Unreachable, match="there is no folder"):
        subject.assess()


def test_a_flipped_bit_is_found_when_the_set_is_read_back(school: School) -> None:
    subject = school.subject(Create())
    before = subject.assess()
    facts = carry_out(subject)
    assert isinstance(facts, CreateFacts)
    part = school.sets / facts.set_id / "files-uploads.tar.zst.age"
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(content)
    after = subject.assess()
    verdict = subject.task.verify(before, after, subject.options)
    assert codes(verdict) == {("damaged", f"{facts.set_id}/files-uploads.tar.zst.age")}
    assert codes(findings(subject, after, Level.ERROR)) == codes(verdict)
    assert not subject.task.evidence(after)[0].holds


def test_a_set_of_another_system_does_not_count(school: School) -> None:
    set_id = back_up(school)
    manifest = school.sets / set_id / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"test-college"', '"other-college"'))
    subject = later(school.subject(Create()), "next")
    facts = subject.assess()
    assert isinstance(facts, CreateFacts)
    assert facts.sets == []
    assert ("damaged", set_id) in codes(findings(subject, facts))


def test_an_unreadable_folder_is_no_silent_gap(school: School) -> None:
    """Also for root, whom permissions do not stop: the folder goes away between plan and step."""
    subject = school.subject(Create())
    steps = subject.plan()
    school.uploads.rename(school.folder / "elsewhere")
    with pytest.raises(Unreachable):
        subject.apply(steps[1:2])
    assert not list(school.store.rglob("*.age"))


def test_an_earlier_set_that_went_away_or_was_damaged_does_not_cost_the_new_one(school: School) -> None:
    gone, cut = back_up(school), carry_out(later(school.subject(Create()), "second"))
    assert isinstance(cut, CreateFacts)
    subject = later(school.subject(Create()), "third", hours=2)
    before = subject.assess()
    shutil.rmtree(school.sets / gone)
    os.truncate(school.sets / cut.set_id / "database.dump.zst.age", 100)
    subject.apply(subject.task.plan(before, subject.options))
    after = subject.assess()
    assert subject.task.verify(before, after, subject.options) == []
    assert codes(findings(subject, after)) == {("damaged", cut.set_id)}
    assert isinstance(after, CreateFacts)
    assert [one.id for one in after.sets] == [after.set_id]


def test_the_evidence_says_when_the_set_was_taken_and_which_manifest_it_has(school: School) -> None:
    subject = school.subject(Create())
    facts = carry_out(subject)
    assert isinstance(facts, CreateFacts)
    manifest = (school.sets / facts.set_id / "manifest.json").read_bytes()
    data = subject.task.evidence(facts)[0].data
    assert data["manifest_sha256"] == hashlib.sha256(manifest).hexdigest()
    assert data["taken_at"] == json.loads(manifest)["taken_at"]


def test_links_out_of_a_folder_are_reported(school: School, tmp_path: Path) -> None:
    (school.uploads / "submissions").symlink_to(tmp_path)
    subject = school.subject(Create())
    facts = carry_out(subject)
    assert isinstance(facts, CreateFacts)
    assert codes(findings(subject, facts)) == {("not_covered", facts.set_id)}
