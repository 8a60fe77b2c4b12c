"""What may lie or be laid beside an SQLite database while it is recovered: its folder is the ERP's own."""

import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from schoolkeeper.catalogue.backup.test_arrange import apply_elsewhere, back_up
from schoolkeeper.catalogue.recover.system.test_sqlite import KILLED, PROFILE, FileSchool, facts_of, on, school
from schoolkeeper.connectors.restored import fetch_dump
from schoolkeeper.kernel.errors import Permanent

__all__ = ["school"]


@pytest.mark.parametrize("is_killed", [False, True])
def test_a_damaged_file_takes_its_log_along_when_it_is_taken_back(school: FileSchool, is_killed: bool) -> None:
    """In the file that comes back, SQLite would work the log of the other one off."""
    back_up(school, profile=PROFILE)
    school.run("UPDATE person SET given = 'as it was'")
    before = school.content()
    subject = on(school)
    steps = subject.plan()
    subject.apply(steps)
    logs = [Path(f"{school.database}{ending}") for ending in ("-wal", "-shm")]
    with closing(sqlite3.connect(school.database)) as connection:
        connection.execute("UPDATE person SET given = 'in the log'")
        connection.commit()
        for log in logs:
            shutil.copy(log, f"{log}.kept")
    for log in logs:
        Path(f"{log}.kept").rename(log)
    with school.path_of_database.open("r+b") as file:
        file.write(b"a bad sector")
    if is_killed:
        (swap,) = (one for one in steps if one.key == "database:swap")
        assert swap.inverse is not None
        subject.take_back(steps[steps.index(swap) + 1 :])
        inverse = replace(swap, action=swap.inverse)
        assert apply_elsewhere(subject, inverse, "recover.system.log_moved_back") == KILLED
    subject.take_back(steps)
    assert school.content() == before
    assert len(list(school.path_of_database.parent.glob("*.undone-*-wal"))) == 1


def test_a_link_in_the_place_of_what_is_restored_is_not_followed(
    school: FileSchool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever broke into the ERP's account may write to the folder; the recovery is root."""
    back_up(school, profile=PROFILE)
    os.chown(school.database, 65534, 65534)  # to whom the restored file is given
    precious = school.folder / "precious"
    precious.write_text("somebody else's")

    def fetched(store: object, manifest: object, dump: Path, engines: object) -> None:
        fetch_dump(store, manifest, dump, engines)  # type: ignore[arg-type]
        restored.unlink(missing_ok=True)
        restored.symlink_to(precious)

    monkeypatch.setattr("schoolkeeper.catalogue.recover.system.database.fetch_dump", fetched)
    subject = on(school)
    steps = subject.plan()
    restored = Path(f"{school.database}.restored-{facts_of(subject).tag}")
    with pytest.raises(Permanent, match="File exists"):
        subject.apply(steps)
    status = precious.stat()
    assert (precious.read_text(), status.st_uid) == ("somebody else's", 0)
    subject.take_back(steps)
    assert not [name for name in school.beside() if "restored" in name]
