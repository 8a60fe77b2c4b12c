"""A restored ERP is started for real; whatever is missing from it is noticed."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from schoolkeeper.connectors.rehearsal.rehearsing import rehearse
from schoolkeeper.kernel.errors import Permanent
from tests.connectors.rehearsal.restored import PROFILE, Restored, with_changes


def test_a_whole_copy_passes_and_leaves_nothing_behind(restored: Restored) -> None:
    before = files(restored)
    for _ in range(2):
        done = restored.rehearse()
        assert done.faults == []
        assert (done.isolated, done.why) == (True, "")
    assert done.seconds_to_start is not None
    assert 0 < done.seconds_to_start < 60
    assert done.seconds_to_walk > 0
    assert done.counts == {
        "checks": 4,
        "journey_steps": 5,
        "golden_records": 5,
        "golden_pages": 5,
    }
    assert files(restored) == before
    processes = psutil.process_iter(["cmdline"])
    assert [one for one in processes if str(restored.workspace) in str(one.info["cmdline"])] == []


def files(restored: Restored) -> set[Path]:
    return {path for path in restored.workspace.rglob("*") if "__pycache__" not in path.parts}


def test_golden_rows_are_json_and_the_same_each_time(restored: Restored) -> None:
    first = restored.golden
    restored.remember()
    assert json.loads(json.dumps(first)) == first == restored.golden
    assert [row["id"] for row in first["transcript"]] == [1, 2, 3]


def remove_code(restored: Restored) -> None:
    shutil.rmtree(restored.code)


def remove_module(restored: Restored) -> None:
    (restored.code / "people/roles.py").unlink()


def remove_view(restored: Restored) -> None:
    (restored.code / "academics/views/gradebook.py").unlink()


def remove_secret_key(restored: Restored) -> None:
    (restored.workspace / "configuration/secret_key").unlink()


def remove_configuration(restored: Restored) -> None:
    shutil.rmtree(restored.workspace / "configuration")


def hang(restored: Restored) -> None:
    (restored.code / "wsgi.py").write_text("import time\ntime.sleep(600)\n")
    restored.profile = with_changes(PROFILE, start_timeout_seconds=2)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (remove_code, "the folder of the code"),
        (remove_module, "No module named 'smart_erp.people.roles'"),
        (remove_view, "/healthz answers 500"),
        (remove_secret_key, "config/secret_key"),
        (remove_configuration, "config/secret_key"),
        (hang, "After 2 s"),
    ],
)
def test_an_erp_that_does_not_start(restored: Restored, damage: Callable[[Restored], None], says: str) -> None:
    damage(restored)
    done = restored.rehearse()
    assert [fault.code for fault in done.faults] == ["erp_does_not_start"]
    assert says in done.faults[0].expected + done.faults[0].found
    assert done.seconds_to_start is None
    assert not (restored.workspace / "rehearsal").exists()


def test_a_dropped_function_is_noticed_in_rows_and_on_pages(restored: Restored) -> None:
    restored.sql("DROP FUNCTION weighted_grade")
    done = restored.rehearse()
    assert {fault.code for fault in done.faults} == {"golden_differs"}
    assert [fault.subject for fault in done.faults] == [
        "transcript",
        "transcript 1",
        "transcript 2",
        "transcript 3",
    ]
    assert "UndefinedFunction" in done.faults[0].found
    assert "500" in done.faults[1].found
    assert "function weighted_grade" in done.faults[1].found  # what the ERP's own log says


def test_a_changed_grade_is_noticed_and_not_quoted(restored: Restored) -> None:
    restored.sql(
        "UPDATE grade SET score = 100 - score WHERE enrolment_id ="
        " (SELECT min(id) FROM enrolment WHERE student_id = 2 AND final_grade IS NOT NULL)"
    )
    done = restored.rehearse()
    assert {(fault.code, fault.subject) for fault in done.faults} == {("golden_differs", "transcript 2")}
    assert [fault.found for fault in done.faults] == ["another average, grades", "it does not show {average}"]


def test_missing_uploads_are_noticed_on_the_page_that_shows_one(restored: Restored) -> None:
    shutil.rmtree(restored.workspace / "uploads")
    done = restored.rehearse()
    assert {(fault.code, fault.subject) for fault in done.faults} == {
        ("golden_differs", "photo 1"),
        ("golden_differs", "photo 2"),
    }


def test_a_page_of_the_journey_that_fails(restored: Restored) -> None:
    restored.sql("ALTER TABLE guardianship RENAME TO guardianships")
    done = restored.rehearse()
    assert (done.faults[0].code, done.faults[0].subject) == ("journey_fails", "open a student's record")
    assert 'relation "guardianship" does not exist' in done.faults[0].found


LETHAL = """
import os

def listing(request):
    os.kill(os.getppid(), 9)
    os.kill(os.getpid(), 9)

record = listing
"""


def test_an_erp_that_dies_after_its_start(restored: Restored) -> None:
    (restored.code / "academics/views/students.py").write_text(LETHAL)
    done = restored.rehearse()
    codes = {fault.code for fault in done.faults}
    assert codes == {"journey_fails", "unknown"}
    assert done.faults[0].subject == "list the students"
    assert "It ended by itself" in done.faults[0].found
    assert done.seconds_to_start is not None


def test_a_sequence_that_stands_too_low_is_noticed_by_the_sign_in(restored: Restored) -> None:
    restored.sql("ALTER TABLE auth_user ALTER COLUMN id RESTART WITH 1")
    done = restored.rehearse()
    assert [(fault.code, fault.subject) for fault in done.faults] == [("journey_fails", "sign in")]


def test_a_copy_that_cannot_be_neutralised_is_not_started(restored: Restored) -> None:
    restored.sql("DROP TABLE django_session")
    done = restored.rehearse()
    assert [(fault.code, fault.level) for fault in done.faults] == [("unknown", "unknown")]
    assert done.seconds_to_start is None


def test_a_set_without_golden_rows_leaves_it_unknown(restored: Restored) -> None:
    restored.golden = {"photo": []}
    done = restored.rehearse()
    assert [(fault.subject, fault.code, fault.level) for fault in done.faults] == [
        ("transcript", "unknown", "unknown"),
        ("photo", "unknown", "warning"),
        ("photo", "golden_differs", "error"),
    ]


def test_a_profile_that_cannot_start_its_product_leaves_it_unknown(restored: Restored) -> None:
    restored.profile = PROFILE.model_copy(update={"rehearsal": None})
    done = restored.rehearse()
    assert [(fault.code, fault.level) for fault in done.faults] == [("unknown", "unknown")]


def test_a_copy_in_maintenance_is_opened_and_its_people_are_not_written_to(restored: Restored) -> None:
    flag = restored.workspace / "configuration/maintenance.json"
    flag.write_text('{"message": "", "since": ""}')
    assert restored.rehearse().faults == []
    assert flag.exists()  # what was restored stays as it was
    assert "copy.invalid" not in (restored.workspace / "configuration/smart_erp.toml").read_text()
    assert restored.rows("SELECT count(*) AS n FROM staff WHERE email NOT LIKE '%%@copy.invalid'") == [{"n": 0}]


def test_what_is_no_copy_is_refused(restored: Restored) -> None:
    with pytest.raises(Permanent, match="no copy in the workspace"):
        rehearse(Path("/usr"), {}, restored.url, PROFILE, {}, restored.workspace)
    with pytest.raises(Permanent, match="not on this machine"):
        rehearse(restored.code, {}, "postgresql://erp@192.0.2.7/erp", PROFILE, {}, restored.workspace)
