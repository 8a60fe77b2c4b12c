"""What `recover.files` promises: exactly what was asked for comes back, and what was in its way is kept."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from schoolkeeper.catalogue.backup.test_arrange import (
    School,
    apply_elsewhere,
    back_up,
    codes,
    findings,
    manifest_of,
    read_list,
    reseal_list,
)
from schoolkeeper.catalogue.recover.files.brought import Brought
from schoolkeeper.catalogue.recover.files.choosing import matches
from schoolkeeper.catalogue.recover.files.facts import FilesFacts, FilesOptions
from schoolkeeper.catalogue.recover.files.task import FILES_ONE_BY_ONE, RecoverFiles
from schoolkeeper.catalogue.recover.test_recovery import a_school
from schoolkeeper.connectors.postgres.cluster import Cluster
from schoolkeeper.connectors.store.file_table import FileTable
from schoolkeeper.connectors.store.listed import StoredFile
from schoolkeeper.kernel.errors import Permanent, Unreachable
from schoolkeeper.kernel.finding import Level
from schoolkeeper.testing import Conformance, Subject

KILLED = -9
FAR_AHEAD = 4_000_000_000


@pytest.fixture
def school(database: str, cluster: Cluster) -> Iterator[School]:
    with a_school(database, cluster) as school:
        photo = school.uploads / "photos" / "3.jpg"
        photo.chmod(0o640)
        os.utime(photo, (1_700_000_000, 1_700_000_000))
        (school.uploads / "photos").chmod(0o750)
        back_up(school)
        yield school


def asked(school: School, *paths: str, **options: object) -> Subject:
    subject = school.subject(RecoverFiles())
    subject.options = FilesOptions.model_validate({"paths": paths, **options})
    subject.fingerprint = lambda: repr(files_of(school.uploads))
    return subject


def files_of(folder: Path) -> dict[str, tuple[object, ...]]:
    """Everything below a folder: what it is, its mode and time, and its content."""
    return {
        path.relative_to(folder).as_posix(): (
            ("link", str(path.readlink()))
            if path.is_symlink()
            else ("folder", path.stat().st_mode)
            if path.is_dir()
            else ("file", path.stat().st_mode, path.stat().st_mtime, path.read_bytes())
        )
        for path in sorted(folder.rglob("*"))
    }


def lose(school: School) -> None:
    """One file is gone, one was overwritten later, one was damaged without a trace, a link is gone."""
    (school.uploads / "photos" / "1.jpg").unlink()
    (school.uploads / "photos" / "2.jpg").write_text("another one")
    os.utime(school.uploads / "photos" / "2.jpg", (FAR_AHEAD, FAR_AHEAD))
    (school.uploads / "photos" / "3.jpg").write_text("thrXe")
    os.utime(school.uploads / "photos" / "3.jpg", (1_700_000_000, 1_700_000_000))
    (school.uploads / "latest.jpg").unlink()


class TestConformance(Conformance):
    @pytest.fixture
    def subject(self, school: School) -> Subject:
        lose(school)
        return asked(school, "photos", "latest.jpg", "empty", overwrite=True)


class TestConformanceIntoAnotherFolder(Conformance):
    @pytest.fixture
    def subject(self, school: School) -> Subject:
        return asked(school, "**/*.jpg", into=str(school.folder / "elsewhere"))


def test_what_was_asked_for_comes_back_and_nothing_else(school: School) -> None:
    before = files_of(school.uploads)
    lose(school)
    shutil.rmtree(school.folder / "configuration")
    subject = asked(school, "photos/[13].jpg", "latest.jpg")
    steps = subject.plan()
    assert [step.key for step in steps] == ["file:photos/1.jpg", "file:photos/3.jpg", "file:latest.jpg"]
    assert "nothing is there now" in steps[0].says
    assert "what is there now (5 bytes, of 2023-11-14 22:13 UTC) is kept aside" in steps[1].says
    subject.apply(steps)
    now = files_of(school.uploads)
    assert now.pop("photos/2.jpg")[3] == b"another one"
    before.pop("photos/2.jpg")
    assert now == before
    kept = subject.home / "quarantine" / "conformance" / "replaced" / "uploads" / "photos" / "3.jpg"
    assert kept.read_text() == "thrXe"
    assert not (school.folder / "configuration").exists()


def test_of_a_million_files_only_those_that_come_are_made_objects(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    (school.uploads / "photos" / "1.jpg").unlink()
    subject, made = asked(school, "photos/1.jpg"), list[str]()

    def noted(table: FileTable, place: int) -> StoredFile:
        made.append(table.paths[place])
        return make(table, place)

    make = FileTable._file
    monkeypatch.setattr(FileTable, "_file", noted)
    subject.apply(subject.plan())
    assert set(made) == {"photos/1.jpg"}
    assert (school.uploads / "photos" / "1.jpg").exists()


def test_a_newer_file_stays_unless_that_is_said(school: School) -> None:
    lose(school)
    subject = asked(school, "photos/2.jpg")
    assert subject.plan() == ()
    assert codes(findings(subject, subject.assess())) == {("newer", "photos/2.jpg")}
    subject = asked(school, "photos/2.jpg", overwrite=True)
    subject.apply(subject.plan())
    assert (school.uploads / "photos" / "2.jpg").read_text() == "two"


def test_a_lost_folder_comes_back_with_its_mode(school: School) -> None:
    before = files_of(school.uploads)
    shutil.rmtree(school.uploads / "photos")
    subject = asked(school, "photos/")
    subject.apply(subject.plan())
    assert files_of(school.uploads) == before


def test_many_files_are_planned_by_folder(school: School) -> None:
    for folder in ("a", "b"):
        (school.uploads / folder).mkdir()
        for number in range(FILES_ONE_BY_ONE):
            (school.uploads / folder / f"{number}.txt").write_text(str(number))
    before = files_of(school.uploads)
    shutil.rmtree(school.sets)
    back_up(school)
    shutil.rmtree(school.uploads / "a")
    shutil.rmtree(school.uploads / "b")
    subject = asked(school, "a", "b")
    steps = subject.plan()
    assert [step.key for step in steps] == ["folder:a", "folder:b"]
    subject.apply(steps)
    assert files_of(school.uploads) == before
    few = asked(school, "a", "b", file_limit=10)
    subject.take_back(steps)
    assert few.plan() == ()
    assert ("too_many", "") in codes(findings(few, few.assess()))


@pytest.mark.parametrize(
    "failpoint", ["recover.files.set_aside", "recover.files.planted", "recover.files.brought"]
)
@pytest.mark.parametrize("then", ["goes on", "is taken back"])
def test_kill_9_in_a_step(school: School, failpoint: str, then: str) -> None:
    saved = files_of(school.uploads)
    lose(school)
    lost = files_of(school.uploads)
    subject = asked(school, "photos/3.jpg")
    (step,) = subject.plan()
    assert apply_elsewhere(subject, step, failpoint) == KILLED
    if then == "goes on":
        subject.apply([step])
        assert files_of(school.uploads)["photos/3.jpg"] == saved["photos/3.jpg"]
    subject.take_back([step])
    assert files_of(school.uploads) == lost


def test_a_file_that_somebody_writes_to_meanwhile_stays(school: School) -> None:
    lose(school)
    subject = asked(school, "photos/3.jpg")
    steps = subject.plan()
    (school.uploads / "photos" / "3.jpg").write_text("work of this very minute")
    with pytest.raises(Permanent, match=r"photos/3\.jpg was changed since this was planned"):
        subject.apply(steps)
    subject.take_back(steps)
    assert (school.uploads / "photos" / "3.jpg").read_text() == "work of this very minute"


def test_what_users_made_of_it_since_is_not_taken_back(school: School) -> None:
    lose(school)
    subject = asked(school, "photos/1.jpg")
    steps = subject.plan()
    subject.apply(steps)
    (school.uploads / "photos" / "1.jpg").write_text("edited")
    subject.take_back(steps)
    assert (school.uploads / "photos" / "1.jpg").read_text() == "edited"


@pytest.mark.parametrize("how", ["anew", "over it", "with its old time"])
def test_the_same_content_uploaded_since_is_not_taken_back(school: School, how: str) -> None:
    """Somebody did not wait: what they uploaded is theirs, byte for byte the same or not."""
    lose(school)
    subject = asked(school, "photos/1.jpg", "photos/3.jpg", "latest.jpg")
    steps = subject.plan()
    subject.apply(steps)
    photo = school.uploads / "photos" / "3.jpg"
    content, before = photo.read_bytes(), photo.stat()
    if how == "over it":
        photo.write_bytes(content)
    else:
        photo.unlink()
        photo.write_bytes(content)
    if how == "with its old time":
        os.utime(photo, ns=(before.st_atime_ns, before.st_mtime_ns))
    (school.uploads / "latest.jpg").unlink()
    (school.uploads / "latest.jpg").symlink_to("photos/2.jpg")
    subject.take_back(steps)
    assert photo.read_bytes() == content
    assert (school.uploads / "latest.jpg").is_symlink()
    assert not (school.uploads / "photos" / "1.jpg").exists()


@pytest.mark.parametrize("then", ["goes on", "is taken back"])
def test_what_somebody_brought_back_before_us_is_theirs(school: School, then: str) -> None:
    lose(school)
    subject = asked(school, "photos/1.jpg")
    steps = subject.plan()
    (school.uploads / "photos" / "1.jpg").write_text("one")
    subject.apply(steps)
    if then == "goes on":
        subject.apply(steps)
    subject.take_back(steps)
    assert (school.uploads / "photos" / "1.jpg").read_text() == "one"


def test_a_torn_note_never_counted(tmp_path: Path) -> None:
    (target := tmp_path / "file").write_text("one")
    notes = tmp_path / "brought.jsonl"
    brought = Brought(notes)
    brought.note_there("file", target)
    with notes.open("a") as file:
        file.write('["file", "there", [1, ')
    again = Brought(notes)
    assert again.is_ours("file", target)
    again.note_coming("other", 5)
    assert Brought(notes).is_ours("file", target)
    assert not Brought(notes).is_ours("other", tmp_path / "other")


def test_a_link_on_the_way_leads_nowhere(school: School) -> None:
    outside = school.folder / "outside"
    outside.mkdir()
    shutil.rmtree(school.uploads / "photos")
    (school.uploads / "photos").symlink_to(outside)
    subject = asked(school, "photos")
    assert subject.plan() == ()
    assert ("blocked", "photos/1.jpg") in codes(findings(subject, subject.assess(), Level.ERROR))
    (school.uploads / "photos").unlink()
    steps = subject.plan()
    (school.uploads / "photos").symlink_to(outside)
    with pytest.raises(Permanent, match="photos is a link and no folder"):
        subject.apply(steps)
    subject.take_back(steps)
    assert list(outside.iterdir()) == []


def test_something_else_in_the_place_stays(school: School) -> None:
    (school.uploads / "empty").unlink()
    (school.uploads / "empty").mkdir()
    (school.uploads / "latest.jpg").unlink()
    (school.uploads / "latest.jpg").write_text("no link any more")
    subject = asked(school, "empty", "latest.jpg")
    assert subject.plan() == ()
    found = codes(findings(subject, subject.assess(), Level.ERROR))
    assert found == {("blocked", "empty"), ("blocked", "latest.jpg")}


def test_a_link_that_leads_out_is_not_brought_back(school: School) -> None:
    (school.uploads / "out").symlink_to("../configuration/erp.toml")
    shutil.rmtree(school.sets)
    back_up(school)
    (school.uploads / "out").unlink()
    subject = asked(school, "out")
    assert subject.plan() == ()
    assert codes(findings(subject, subject.assess())) == {("blocked", "out")}


def test_a_forged_path_leads_nowhere(school: School) -> None:
    (set_id,) = (path.name for path in (school.sets / "sets").iterdir())
    text = read_list(school, set_id, "files-uploads.index").replace(b'"photos/1.jpg"', b'"photos/../../1.jpg"')
    reseal_list(school, set_id, "files-uploads.index", text)
    subject = asked(school, "**/*")
    assert subject.plan() == ()
    assert codes(findings(subject, subject.assess())) == {("unusable", set_id)}


def test_names_that_are_not_utf8(school: School) -> None:
    name = os.fsdecode(b"caf\xe9.jpg")
    (school.uploads / name).write_text("espresso")
    shutil.rmtree(school.sets)
    back_up(school)
    (school.uploads / name).write_text("older")
    os.utime(school.uploads / name, (0, 0))
    subject = asked(school, "caf*")
    subject.apply(subject.plan())
    assert (school.uploads / name).read_text() == "espresso"


@pytest.mark.parametrize("into", ["aside", "elsewhere", "empty"])
def test_beside_what_is_there(school: School, into: str) -> None:
    lose(school)
    before = files_of(school.uploads)
    folder = school.folder / into
    if into == "empty":
        folder.mkdir(mode=0o700)
    if into == "aside":
        folder = school.folder / "home" / "quarantine" / "conformance" / "brought_back"
    subject = asked(school, "photos/2.jpg", into=into if into == "aside" else str(folder))
    steps = subject.plan()
    subject.apply(steps)
    assert files_of(school.uploads) == before
    assert (folder / "photos" / "2.jpg").read_text() == "two"
    assert subject.plan() == ()
    subject.take_back(steps)
    assert not folder.exists() if into != "empty" else list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("into", "why"),
    [
        ("relative", "no absolute path"),
        ("{uploads}/photos", "lie within each other"),
        ("{folder}", "lie within each other"),
        ("{folder}/linked", "no folder of its own"),
        ("{folder}/full", "not empty"),
        ("{folder}/open", "everybody on this machine may look into it"),
        ("{folder}/no/such", "there is no folder"),
    ],
)
def test_a_wrong_place_is_refused(school: School, into: str, why: str) -> None:
    (school.folder / "linked").symlink_to("/tmp")
    (school.folder / "open").mkdir(mode=0o755)
    (school.folder / "full").mkdir()
    (school.folder / "full" / "other").write_text("")
    place = into.format(uploads=school.uploads, folder=school.folder)
    subject = asked(school, "photos", into=place)
    assert subject.plan() == ()
    (found,) = findings(subject, subject.assess(), Level.ERROR)
    assert found.code == "recover.files.wrong_place"
    assert why in found.says


def test_who_names_no_path_is_told_that(school: School) -> None:
    subject = asked(school)
    (found,) = findings(subject, subject.assess(), Level.ERROR)
    assert "No path was named" in found.says
    assert "paths" in found.hint


def test_a_set_that_cannot_be_used(school: School) -> None:
    (set_id,) = (path.name for path in (school.sets / "sets").iterdir())
    for subject, code in (
        (asked(school, "photos", set="20200101T000000Z-00000000"), "no_set"),
        (asked(school, "photos", component="configuration"), "no_match"),
        (asked(school), "no_match"),
    ):
        assert code in {found for found, _ in codes(findings(subject, subject.assess(), Level.ERROR))}
    with pytest.raises(Unreachable):
        asked(school, "photos", component="videos").assess()
    (part,) = (one for one in manifest_of(school, set_id).files if one.component == "uploads")
    (school.sets / part.packs[0].name).write_bytes(b"damaged")
    (school.uploads / "photos" / "1.jpg").unlink()
    subject = asked(school, "photos/1.jpg")
    steps = subject.plan()
    with pytest.raises(Permanent, match=r"photos/1\.jpg of the set cannot be brought back"):
        subject.apply(steps)
    assert part.index is not None
    (school.sets / part.index.name).write_bytes(b"damaged")
    facts = subject.assess()
    assert isinstance(facts, FilesFacts)
    assert codes(findings(subject, facts)) == {("unusable", set_id)}


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("photos/1.jpg", "photos/1.jpg", True),
        ("photos", "photos/2026/1.jpg", True),
        ("photos/", "photos/1.jpg", True),
        ("photo", "photos/1.jpg", False),
        ("*.jpg", "photos/1.jpg", False),
        ("**/*.jpg", "photos/2026/1.jpg", True),
        ("photos/*/1.jpg", "photos/2026/1.jpg", True),
        ("photos/*", "photos/2026/1.jpg", False),
        ("[draft].txt", "[draft].txt", True),
    ],
)
def test_patterns(pattern: str, path: str, fits: bool) -> None:
    assert matches(pattern, path) is fits
