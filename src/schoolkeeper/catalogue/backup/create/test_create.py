"""What `backup.create` promises, on a real database, real folders and a real store."""

import errno
import hashlib
import json
import os
import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psutil
import psycopg
import pyrage  # type: ignore[import-untyped]
import pytest

from schoolkeeper.catalogue.backup.create.contents import SetContents
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
    manifest_of,
    read_list,
)
from schoolkeeper.connectors.databases.contents import DatabaseContents
from schoolkeeper.connectors.gentle import Pace, gently
from schoolkeeper.connectors.postgres.tools import address
from schoolkeeper.connectors.store.manifest import Held, Index
from schoolkeeper.connectors.store.tree import TreeReader
from schoolkeeper.kernel.errors import Permanent, Unreachable
from schoolkeeper.kernel.finding import Level
from schoolkeeper.testing import Conformance, Subject
from schoolkeeper.testing.arrange import secret_file

KILLED = -9
PERMANENT = 3


@pytest.fixture
def school(database: str, tmp_path: Path) -> School:
    return found_school(tmp_path, database)


class TestConformance(Conformance):
    @pytest.fixture
    def subject(self, school: School) -> Iterator[Subject]:
        yield school.subject(Create())
        assert not [path for path in school.store.rglob("*") if path.name.endswith(".tmp")]


def contents(school: School, set_id: str) -> DatabaseContents:
    return DatabaseContents.model_validate_json(read_list(school, set_id, "database.contents"))


def test_the_manifest_says_what_is_in_the_set(school: School) -> None:
    set_id = back_up(school)
    manifest = manifest_of(school, set_id)
    assert (manifest.set, manifest.system, manifest.environment) == (set_id, "test-college", "scratch")
    assert manifest.database.tables == 6
    assert manifest.database.rows == 200 + 200 + 200 + 10
    assert manifest.database.version.model_dump() == {"database": "1.0", "web": None, "why": []}
    assert [(part.component, part.files) for part in manifest.files] == [("uploads", 4), ("configuration", 1)]
    stored = {str(path.relative_to(school.sets)) for path in school.sets.rglob("*") if path.is_file()}
    of_the_set = {f"sets/{set_id}/{name}" for name in ("manifest.json", "SHA256SUMS")}
    assert stored == {part.name for part in manifest.parts} | of_the_set
    folder = school.path(set_id, "SHA256SUMS").parent
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=folder, check=True)


def test_nothing_that_could_be_about_people_is_readable_without_the_key(school: School) -> None:
    set_id = back_up(school)
    readable = "".join(school.path(set_id, name).read_text() for name in ("manifest.json", "SHA256SUMS"))
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
        (3, "backup.create.seal.before_manifest"),
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
    whole = [facts.set_id, uninterrupted.set_id]
    assert {path.name for path in (school.sets / "sets").iterdir()} == set(whole)
    needed = {part.name for set_id in whole for part in manifest_of(school, set_id).parts if "pack" in part.name}
    assert {f"packs/{path.name}" for path in (school.sets / "packs").iterdir()} == needed, "nothing is left over"


def dumping(school: School) -> list[int]:
    """Processes that still dump this database a moment later."""
    name = school.database.rpartition("/")[2]
    deadline = time.monotonic() + 60
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
    back_up(school)
    before = stored(school)
    (school.uploads / "film.mp4").write_bytes(b"".join(number.to_bytes(8) for number in scattered(2_000_000)))
    subject = later(school.subject(Create()), "today", hours=24)
    steps = subject.plan()
    subject.apply(steps[:1])
    assert apply_elsewhere(subject, steps[1], file_limit_bytes=small_store) == PERMANENT
    said = capfd.readouterr().err
    assert "is full: test-college/packs/" in said
    assert "Traceback" not in said
    subject.take_back(steps[:2])
    assert stored(school) == before


def stored(school: School) -> dict[str, bytes]:
    """Everything that is in the store."""
    return {str(path): path.read_bytes() for path in school.sets.rglob("*") if path.is_file()}


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
    (name,) = (one.name for one in manifest_of(school, facts.set_id).parts if ".files-uploads.0001" in one.name)
    part = school.sets / name
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(content)
    after = subject.assess()
    verdict = subject.task.verify(before, after, subject.options)
    assert codes(verdict) == {("damaged", f"{facts.set_id}/{name}")}
    assert codes(findings(subject, after, Level.ERROR)) == codes(verdict)
    assert not subject.task.evidence(after)[0].holds


def test_a_set_of_another_system_does_not_count(school: School) -> None:
    set_id = back_up(school)
    manifest = school.path(set_id, "manifest.json")
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
    school.remove(gone)
    os.truncate(school.path(cut.set_id, "database.contents.json.zst.age"), 100)
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
    manifest = school.path(facts.set_id, "manifest.json").read_bytes()
    data = subject.task.evidence(facts)[0].data
    assert data["manifest_sha256"] == hashlib.sha256(manifest).hexdigest()
    assert data["taken_at"] == json.loads(manifest)["taken_at"]


def test_the_evidence_says_what_is_in_the_set_and_for_whom(school: School) -> None:
    subject = school.subject(Create())
    facts = carry_out(subject)
    assert isinstance(facts, CreateFacts)
    manifest = manifest_of(school, facts.set_id)
    data = subject.task.evidence(facts)[0].data
    assert data["recipients"] == manifest.recipients
    versions = data["versions"]
    assert isinstance(versions, dict)
    assert versions["server"] == f"postgres {manifest.database.source.server_version}"
    assert versions.keys() == {"erp", "server", *manifest.tools}
    parts = data["parts"]
    assert isinstance(parts, list)
    assert [(one["component"], one["kind"]) for one in parts] == [
        ("database", "database"), *((one.component, "files") for one in manifest.files),
    ]  # fmt: skip
    assert (parts[0]["rows"], parts[0]["list_digest"]) == (data["rows"], manifest.database.contents_digest)
    assert sum(one["files"] for one in parts) == data["files"]
    assert {one["kept_by"] for one in parts} == {""}, "all of it is in the store"


def test_the_evidence_names_the_tool_that_keeps_a_part(school: School) -> None:
    manifest = manifest_of(school, back_up(school))
    held = Held(component="bucket", engine="restic", copy_id="0123abcd")
    part = manifest.database.model_copy(update={"held": held})
    first, *_ = SetContents.of(manifest.model_copy(update={"database": part})).parts
    assert (first.kept_by, first.copy_id) == ("bucket", "0123abcd")


def next_set(school: School, key: str, *, hours: float = 1) -> CreateFacts:
    """Take another set, one hour or more later."""
    facts = carry_out(later(school.subject(Create()), key, hours=hours))
    assert isinstance(facts, CreateFacts)
    return facts


def test_what_an_earlier_set_has_is_not_stored_again(school: School) -> None:
    (school.uploads / "film.mp4").write_bytes(os.urandom(2_000_000))
    first = manifest_of(school, back_up(school))
    school.query("INSERT INTO mark VALUES ('b', 'p', 1, 'ab')")
    (school.uploads / "new.txt").write_text("new")
    (school.uploads / "photos" / "1.jpg").unlink()
    second = manifest_of(school, next_set(school, "second").set_id)
    assert first.new_bytes > 2_000_000 > 100 * second.new_bytes
    assert second.size_bytes > 2_000_000
    uploads = second.files[0]
    assert (uploads.since, uploads.added, uploads.altered, uploads.deleted) == (first.set, 1, 0, 1)
    index = json.loads(read_list(school, second.set, "files-uploads.index"))
    assert (index["added"], index["deleted"]) == (["new.txt"], ["photos/1.jpg"])


def test_other_keys_and_an_unreadable_list_mean_a_full_set_and_no_failure(school: School) -> None:
    back_up(school)
    other = pyrage.x25519.Identity.generate()
    recipients = [str(school.identity.to_public()), str(other.to_public())]
    subject = later(school.subject(Create(), recipients=recipients), "second")
    facts = carry_out(subject)
    assert isinstance(facts, CreateFacts)
    assert facts.own is not None
    assert facts.own.full_because["uploads"] == "the keys that open the sets have changed"
    assert ("stored_in_full", "uploads") in codes(findings(subject, facts, Level.INFO))
    assert all(facts.set_id in part.name for part in manifest_of(school, facts.set_id).parts)
    without_key = carry_out(
        later(school.subject(Create(), recipients=recipients, identity=None), "third", hours=2)
    )
    assert isinstance(without_key, CreateFacts)
    assert without_key.own is not None
    assert "cannot be opened here" in without_key.own.full_because["database"]


def test_nothing_is_built_on_a_pack_that_is_gone_or_marked_as_damaged(school: School) -> None:
    first = manifest_of(school, back_up(school))
    (database,) = (school.sets / part.name for part in first.database.packs)
    (uploads,) = (school.sets / part.name for part in first.files[0].packs)
    database.unlink()
    uploads.with_name(uploads.name + ".damaged").touch()
    second = manifest_of(school, next_set(school, "second").set_id)
    used = {part.name for one in (second.database, second.files[0]) for part in one.packs}
    assert not used & {part.name for part in first.parts}


def test_a_pack_that_is_hardly_used_any_more_is_left_behind(school: School) -> None:
    """So that it can go with the sets that need it."""
    for number in range(10):
        (school.uploads / str(number)).write_bytes(os.urandom(100_000))
    first = manifest_of(school, back_up(school))
    for number in range(7):
        (school.uploads / str(number)).unlink()
    next_set(school, "second")  # still built on the pack of the first, of which it needs a third
    third = manifest_of(school, next_set(school, "third", hours=2).set_id)
    assert not {part.name for part in third.files[0].packs} & {part.name for part in first.files[0].packs}


def test_a_limit_on_the_speed_is_kept() -> None:
    """With a clock of the test's own: whoever is ahead of the limit waits."""
    now = [0.0]
    pace = Pace(1_000_000, clock=lambda: now[0], sleep=lambda seconds: now.__setitem__(0, now[0] + seconds))
    for _ in range(30):
        pace(100_000)
    assert now[0] == pytest.approx(3.0)


def test_links_out_of_a_folder_are_reported(school: School, tmp_path: Path) -> None:
    (school.uploads / "submissions").symlink_to(tmp_path)
    subject = school.subject(Create())
    facts = carry_out(subject)
    assert isinstance(facts, CreateFacts)
    assert codes(findings(subject, facts)) == {("not_covered", facts.set_id)}


def test_a_set_of_which_something_went_away_meanwhile_never_counts(school: School) -> None:
    subject = school.subject(Create())
    steps = subject.plan()
    subject.apply(steps[:-1])
    next(school.sets.glob("packs/*.database.*")).unlink()
    with pytest.raises(Permanent, match="cannot be completed"):
        subject.apply(steps[-1:])
    assert not subject.assess().sets  # type: ignore[attr-defined]


def test_a_set_from_a_time_to_come_tells_no_age(school: School) -> None:
    carry_out(later(school.subject(Create()), "wrong clock", hours=0))
    subject = school.subject(Create())
    facts = subject.assess()
    assert isinstance(facts, CreateFacts)
    wrong = facts.sets[0].model_copy(update={"taken_at": facts.now + timedelta(days=300)})
    found = codes(findings(subject, facts.model_copy(update={"sets": [wrong]})))
    assert found == {("unknown", wrong.id)}
    old = wrong.model_copy(update={"id": "old", "taken_at": facts.now - timedelta(days=9)})
    found = codes(findings(subject, facts.model_copy(update={"sets": [old, wrong]})))
    assert found == {("unknown", wrong.id), ("overdue", "")}


def test_a_file_with_the_password_reaches_pg_dump() -> None:
    public, environment = address("host=127.0.0.1 user=u dbname=erp passfile=/etc/keeper/passwords")
    assert "passwords" not in public
    assert environment["PGPASSFILE"] == "/etc/keeper/passwords"


def test_who_is_gentler_already_stays_so() -> None:
    """A service may run at a low priority, and only root could raise it."""
    before = os.getpriority(os.PRIO_PROCESS, 0)
    pid = os.fork()
    if pid == 0:
        os.setpriority(os.PRIO_PROCESS, 0, 19)
        os._exit(gently(lambda: os.getpriority(os.PRIO_PROCESS, 0)))
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 19
    assert os.getpriority(os.PRIO_PROCESS, 0) == before


def test_a_disk_that_fails_is_told_with_its_folder(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(reader: TreeReader) -> Index:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(TreeReader, "read", fails)
    with pytest.raises(Permanent, match=f"uploads: {school.uploads} cannot be read: Input/output error"):
        carry_out(school.subject(Create()))
