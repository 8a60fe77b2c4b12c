"""The commands of an emergency: a definition file, a store and a terminal, and no Schoolkeeper running."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pyrage  # type: ignore[import-untyped]
import pytest

from schoolkeeper.catalogue.backup.drill.task import Drill
from schoolkeeper.connectors.system import System
from schoolkeeper.kernel.outcome import Outcome
from schoolkeeper.profiles.model import Profile
from schoolkeeper.rescue.course import Ended, Rescue
from schoolkeeper.rescue.journal import Journal
from schoolkeeper.testing.arrange import secret_file

DEFINITION = """
[system]
slug = "north-college"
name = "North College ERP"
profile = "smart-education-erp"
environment = "scratch"
[components.database]
kind = "postgres"
dsn = "{dsn}"
[components.uploads]
kind = "files"
path = "{folder}/uploads"
[components.backups]
kind = "store"
path = "{folder}/store"
recipients = ["{recipient}"]
identity = "{identity}"
"""


@dataclass
class Place:
    """A school, its definition file, and an empty home for Schoolkeeper, which is not running."""

    folder: Path
    dsn: str
    key: pyrage.x25519.Identity

    @property
    def definition(self) -> Path:
        return self.folder / "north.toml"

    def __call__(
        self, *arguments: object, failpoint: str = "", typed: str = "", code: int = 0, **environment: str
    ) -> str:
        """Run a command as somebody would; what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "schoolkeeper", *map(str, arguments)],
            env={
                **os.environ,
                "SCHOOLKEEPER_HOME": str(self.folder / "home"),
                "SCHOOLKEEPER_FAILPOINT": failpoint,
                "COLUMNS": "200",
                **environment,
            },
            input=typed,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    def json(self, *arguments: object, code: int = 0) -> Any:
        return json.loads(self(*arguments, "--json", code=code))

    def back_up(self) -> str:
        """Take a set; its id."""
        self("rescue", "backup.create", self.definition, "--confirm", "north-college")
        newest: str = self.json("backups", "list", self.definition)[0]["id"]
        return newest

    def journal(self, number: int = 1) -> list[dict[str, Any]]:
        path = self.folder / "home" / "rescue" / f"north-college-backup.create-{number}.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def place(database: str, tmp_path: Path) -> Iterator[Place]:
    for folder in ("uploads/photos", "store", "home"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "uploads" / "photos" / "1.jpg").write_bytes(b"a photo")
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE TABLE grade AS SELECT g AS id FROM generate_series(1, 500) g")
    key = pyrage.x25519.Identity.generate()
    place = Place(tmp_path, database, key)
    place.definition.write_text(
        DEFINITION.format(
            dsn=secret_file(tmp_path, "dsn", database),
            folder=tmp_path,
            recipient=key.to_public(),
            identity=secret_file(tmp_path, "key", str(key)),
        )
    )
    yield place
    assert not (tmp_path / "home" / "postgres").exists(), "no control plane was made"


def test_a_set_is_taken_and_listed_without_schoolkeeper(place: Place) -> None:
    said = place("rescue", "backup.create", place.definition, "--confirm", "north-college")
    assert "1 of 3: Save the database" in said
    assert "ok: Backup set" in said
    (line,) = place.json("backups", "list", place.definition)
    assert (line["rows"], line["files"], line["proven"]) == (500, 1, None)
    assert "never tried" in place("backups", "list", place.definition)


def test_the_person_names_the_system_or_nothing_happens(place: Place) -> None:
    said = place("rescue", "backup.create", place.definition, typed="north\n", code=1)
    assert "Type north-college to go on" in said
    assert "You did not agree" in said
    assert list((place.folder / "store").iterdir()) == []
    place("rescue", "backup.create", place.definition, typed="north-college\n")
    assert [entry["kind"] for entry in place.journal(2)][-1] == "ended", "a new journal was begun"


@pytest.mark.parametrize("point", ["started:take:uploads", "done:take:uploads", "started:seal"])
def test_the_same_command_goes_on_after_kill_9(place: Place, point: str) -> None:
    command = ("rescue", "backup.create", place.definition, "--confirm", "north-college")
    place(*command, failpoint=f"rescue.step.{point}=kill", code=-9)
    assert place.json("backups", "list", place.definition, code=1) == []
    assert "goes on where it was" in place(*command)
    done = [entry["data"]["step"] for entry in place.journal() if entry["kind"] == "done"]
    assert done == ["take:database", "take:uploads", "seal"], "each step is noted as done once"
    assert len(place.json("backups", "list", place.definition)) == 1


def test_what_fails_is_taken_back_also_when_that_is_interrupted(place: Place) -> None:
    command = ("rescue", "backup.create", place.definition, "--confirm", "north-college")
    said = place(*command, failpoint="backup.create.seal.before_manifest=permanent", code=1)
    assert "What had been done was taken back" in said
    assert [path for path in (place.folder / "store").rglob("*") if path.is_file()] == []


def test_another_order_under_the_same_name_is_refused(place: Place) -> None:
    command = ("rescue", "backup.create", place.definition, "--confirm", "north-college", "--name", "night")
    place(*command, failpoint="rescue.step.started:seal=kill", code=-9)
    said = place(*command, "--option", "limit_mb_per_second=5", code=1)
    assert "was begun with another options" in said


def test_what_failed_before_its_plan_was_not_begun(place: Place) -> None:
    """Nothing was changed yet: what was wrong in the definition may be put right, and nothing is gone on with."""
    command = ("rescue", "backup.create", place.definition, "--confirm", "north-college")
    store = place.folder / "store"
    right, elsewhere = place.definition.read_text(), store.rename(place.folder / "elsewhere")
    place(*command, code=3)
    place.definition.write_text(right.replace(str(store), str(elsewhere)))
    said = place(*command)
    assert "goes on where it was" not in said
    kinds = [entry["kind"] for entry in place.journal()]
    assert (kinds[:3], kinds[-1]) == (["begun", "begun", "planned"], "ended")


def test_an_altered_journal_is_not_gone_on_with(place: Place) -> None:
    command = ("rescue", "backup.create", place.definition, "--confirm", "north-college")
    place(*command, failpoint="rescue.step.started:seal=kill", code=-9)
    path = place.folder / "home" / "rescue" / "north-college-backup.create-1.jsonl"
    path.write_text(path.read_text().replace("take:uploads", "take:nothing", 1))
    assert "was altered after it was written" in place(*command, code=2)


def test_a_torn_last_line_never_counted(place: Place) -> None:
    command = ("rescue", "backup.create", place.definition, "--confirm", "north-college")
    place(*command, failpoint="rescue.step.started:seal=kill", code=-9)
    path = place.folder / "home" / "rescue" / "north-college-backup.create-1.jsonl"
    path.write_bytes(path.read_bytes()[:-7])
    place(*command)


def test_who_mistypes_when_it_goes_on_has_lost_nothing(place: Place) -> None:
    command = ("rescue", "backup.create", place.definition)
    place(*command, "--confirm", "north-college", failpoint="rescue.step.started:seal=kill", code=-9)
    assert "what was begun stands as it is" in place(*command, typed="north\n", code=1)
    assert "goes on where it was" in place(*command, typed="north-college\n")
    assert len(place.json("backups", "list", place.definition)) == 1
    assert [entry["kind"] for entry in place.journal()].count("ended") == 1


def test_two_people_do_not_go_on_with_one_rescue_at_once(place: Place) -> None:
    command = ("rescue", "backup.create", place.definition, "--confirm", "north-college")
    place(*command, failpoint="rescue.step.started:seal=kill", code=-9)
    journal = Journal(place.folder / "home" / "rescue" / "north-college-backup.create-1.jsonl")
    with journal.held():
        assert "is gone on with elsewhere" in place(*command, code=1)
    place(*command)


def test_what_ends_a_rescue_early_leaves_its_working_folder_for_the_next_call(tmp_path: Path) -> None:
    """Steps that are noted as done rely on it."""

    class Interrupted(Rescue):
        def _carry_out(self) -> Ended:
            self._context().workspace.mkdir(parents=True, exist_ok=True)
            if not self.journal.all("started"):
                self.journal.note("started", {"step": "restore"})
                raise KeyboardInterrupt
            return Ended(Outcome.OK, "done")

    common = {"slug": "north", "name": "North", "profile": "test", "environment": "scratch", "components": {}}
    system = System.model_validate(common)
    profile = Profile(slug="test", title="Test")

    def course() -> Interrupted:
        journal = Journal(tmp_path / "rescue" / "one.jsonl")
        drill = Drill()
        return Interrupted(drill, system, profile, drill.options(), tmp_path, journal, "test", lambda shown: True)

    with pytest.raises(KeyboardInterrupt):
        course().carry_out()
    assert (tmp_path / "runs" / "rescue-one").is_dir()
    assert course().carry_out().outcome is Outcome.OK
    assert not (tmp_path / "runs" / "rescue-one").exists()


def test_a_set_is_shown_with_its_files_and_what_changed(place: Place) -> None:
    first = place.back_up()
    (place.folder / "uploads" / "new.txt").write_text("new")
    (place.folder / "uploads" / "photos" / "1.jpg").unlink()
    with psycopg.connect(place.dsn, autocommit=True) as connection:
        connection.execute("DELETE FROM grade WHERE id <= 20")
        connection.execute("CREATE INDEX grade_id ON grade (id)")
    second = place.back_up()
    shown = place("backups", "show", place.definition, second)
    assert "1 tables, 480 rows" in shown
    assert "never checked" in shown
    assert "photos/1.jpg" in place("backups", "files", place.definition, first, "uploads", "*.jpg")
    compared = place("backups", "compare", place.definition, first, second)
    for said in (
        "public.grade  500          480",
        "changed: index public.grade_id",
        "+ new.txt",
        "- photos/1.jpg",
    ):
        assert said in compared
    assert "has no set" in place("backups", "show", place.definition, "20200101T000000Z-00000000", code=2)
    assert "it has: uploads" in place("backups", "files", place.definition, first, "code", code=2)
    assert "it has: backups" in place("backups", "list", place.definition, "--store", "offsite", code=2)


def test_a_person_proves_their_key_and_it_is_kept_nowhere(place: Place) -> None:
    set_id = place.back_up()
    other = pyrage.x25519.Identity.generate()
    assert "does not open" in place("backups", "check-key", place.definition, typed=str(other), code=1)
    assert "no line that begins" in place("backups", "check-key", place.definition, typed="hello", code=2)
    sealed = place.folder / "key.age"
    sealed.write_bytes(pyrage.passphrase.encrypt(str(place.key).encode(), "a horse"))
    assert "sealed itself" in place("backups", "check-key", place.definition, "--key-file", sealed, code=2)
    sealed.write_bytes(b"\xff\xfe\x00")
    assert "no line that begins" in place("backups", "check-key", place.definition, "--key-file", sealed, code=2)
    said = place("backups", "check-key", place.definition, typed=f"{place.key}\n")
    assert f"opens the set {set_id}" in said
    assert "opened a set 0 min ago" in place("backups", "show", place.definition, set_id)
    written = [path for part in ("store", "home") for path in (place.folder / part).rglob("*") if path.is_file()]
    assert not any(str(place.key).encode() in path.read_bytes() for path in written)


def test_an_empty_store_is_said_and_a_missing_one_is_unknown(place: Place) -> None:
    assert "There is no backup set" in place("backups", "list", place.definition, code=1)
    (place.folder / "store").rmdir()
    assert "there is no folder" in place("backups", "list", place.definition, code=3)


def test_what_could_not_be_taken_back_is_tried_again(place: Place) -> None:
    """Something stands in the way; once it is gone, the same command goes on taking back."""
    answers = ("confirm=north-college", "rename_aside=true", "unproven=true", f"set={place.back_up()}")
    options = [part for answer in answers for part in ("--option", answer)]
    command = ("rescue", "recover.system", place.definition, "--confirm", "north-college", *options)
    place(*command, failpoint="recover.system.folder_aside=kill", code=-9)
    (place.folder / "uploads").mkdir()
    (place.folder / "uploads" / "new.jpg").write_bytes(b"came meanwhile")
    assert "undo_failed" in place(*command, code=1)
    (place.folder / "uploads").rename(place.folder / "uploads.new")
    assert "was taken back" in place(*command, code=1)
    assert (place.folder / "uploads" / "photos" / "1.jpg").read_bytes() == b"a photo"
    with psycopg.connect(place.dsn) as connection:
        assert connection.execute("SELECT count(*) FROM grade").fetchone() == (500,)


def test_a_refusal_says_that_it_is_one(place: Place) -> None:
    place.back_up()
    said = place("rescue", "recover.system", place.definition, "--option", "confirm=somebody", code=1)
    assert "failed: Nothing was done, for these reasons:" in said
