"""What the restored ERP finds when it starts."""

from pathlib import Path
from typing import Any

import pytest

from schoolkeeper.connectors.rehearsal.home import Home
from schoolkeeper.profiles.model import Profile

VALUES = {"url": "http://127.0.0.1:4711", "home": "/h", "database_host": "127.0.0.1"}
CONFIG = "<?php\n$CFG->wwwroot = 'https://moodle.north.example';\n$CFG->dataroot = '/srv/moodledata';\n"


def profile(**changes: Any) -> Profile:
    """A product whose code holds its configuration and a folder of uploads, as PHP programs do."""
    rehearsal = {
        "run": ["php", "-S", "127.0.0.1:{port}", "-t", "{code}"],
        "folders": {"moodledata": "data", "uploads": "code/uploads"},
        "required": ["{code}/config.php", "{moodledata}/secret"],
        "neutralise": {
            "substitute": [
                {
                    "component": "code",
                    "path": "config.php",
                    "pattern": r"dataroot = '([^']*)'",
                    "by": "{home}/data",
                }
            ],
            "remove": [{"component": "moodledata", "path": "climaintenance.html"}],
        },
        **changes,
    }
    address = {"component": "code", "path": "config.php", "pattern": r"wwwroot\s*=\s*'([^']+)'"}
    return Profile.model_validate(
        {"slug": "moodle", "title": "Moodle", "rehearsal": rehearsal, "backup": {"addresses": [address]}}
    )


@pytest.fixture
def home(tmp_path: Path) -> Home:
    for name in ("code", "moodledata", "uploads"):
        (tmp_path / name).mkdir()
    (tmp_path / "code/config.php").write_text(CONFIG)
    (tmp_path / "code/config.php").chmod(0o440)
    (tmp_path / "code/uploads").mkdir()
    (tmp_path / "moodledata/secret").write_text("key")
    (tmp_path / "moodledata/climaintenance.html").write_text("closed")
    (tmp_path / "uploads/photo.png").write_text("a photo")
    rehearsal = profile().rehearsal
    assert rehearsal is not None
    return Home(
        tmp_path / "home", rehearsal, {name: tmp_path / name for name in ("code", "moodledata", "uploads")}
    )


def test_addresses_are_rewritten_in_a_copy_and_what_was_restored_stays(home: Home) -> None:
    for _ in range(2):
        assert home.furnish(profile(), VALUES) == []
    written = (home.code / "config.php").read_text()
    assert written == ("<?php\n$CFG->wwwroot = 'http://127.0.0.1:4711';\n$CFG->dataroot = '/h/data';\n")
    assert (home.code / "config.php").stat().st_mode & 0o777 == 0o440
    assert (home.code / "uploads/photo.png").read_text() == "a photo"
    assert not (home.folder / "data/climaintenance.html").exists()
    assert (home.restored["code"] / "config.php").read_text() == CONFIG
    assert list((home.restored["code"] / "uploads").iterdir()) == []
    assert (home.restored["moodledata"] / "climaintenance.html").exists()
    home.remove()
    assert (home.restored["uploads"] / "photo.png").exists()


def test_large_folders_are_linked(home: Home) -> None:
    home.furnish(profile(), VALUES)
    assert (home.code / "uploads").is_symlink()
    assert not home.code.is_symlink()


def test_an_address_that_is_not_found_is_told(home: Home) -> None:
    (home.restored["code"] / "config.php").chmod(0o640)
    (home.restored["code"] / "config.php").write_text("<?php require '/etc/moodle.php';\n")
    faults = home.furnish(profile(), VALUES)
    assert [(fault.code, fault.subject, fault.level) for fault in faults] == [
        ("unknown", "code/config.php", "warning"),
        ("unknown", "code/config.php", "warning"),
    ]


def test_what_is_required_is_looked_for(home: Home) -> None:
    home.furnish(profile(), VALUES)
    values = {**VALUES, **home.places}
    assert home.missing(values) == ""
    (home.restored["moodledata"] / "secret").unlink()
    home.furnish(profile(), VALUES)
    assert home.missing(values) == "data/secret"
    (home.folder / "data").rename(home.folder / "elsewhere")
    assert home.missing(values) == "data/secret"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"run": ["php", "{prot}"]}, "unknown places: prot"),
        ({"run": ["odoo", "--database={database}"]}, "shows in the process list"),
        ({"run": ["odoo", "--db_password={database_password}"]}, "shows in the process list"),
        ({"run": []}, "at least 1"),
        ({"folders": {"uploads": "../production"}}, "path below a folder"),
        ({"folders": {"uploads": "/srv/erp"}}, "path below a folder"),
        ({"signed_in_after": "sign in"}, "no step 'sign in'"),
        (
            {"neutralise": {"substitute": [{"component": "code", "path": "a", "pattern": "x", "by": ""}]}},
            "exactly one group",
        ),
    ],
)
def test_a_rehearsal_with_a_fault_is_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        profile(**{"required": [], **changes})
