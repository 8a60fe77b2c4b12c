"""One writer per system on a machine, also when one of them is killed."""

import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from schoolkeeper.connectors.system_lock import OWN_RECORDS, SystemLock
from schoolkeeper.kernel.errors import Refused

LONG_AGO = datetime.now(UTC) - timedelta(days=1)


def killed_while_holding(home: Path) -> int:
    """A process that takes the lock, begins to change something and dies; its id."""
    ready, tell = os.pipe()
    pid = os.fork()
    if not pid:
        lock = SystemLock(home, "north").take("run-1", "run 1 (recover.rows)")
        lock.note_change()
        os.write(tell, b"x")
        signal.pause()
    os.read(ready, 1)
    with pytest.raises(Refused, match=rf"north is being changed by run 1 \(recover.rows\) \(process {pid} on "):
        SystemLock(home, "north").take("rescue-1", "a rescue")
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return pid


def test_who_holds_it_is_said_and_kill_9_frees_it(tmp_path: Path) -> None:
    pid = killed_while_holding(tmp_path)
    lock = SystemLock(tmp_path, "north").take("rescue-1", "a rescue")
    assert lock.before is not None
    assert (lock.before.key, lock.before.pid, lock.before.was_broken_off) == ("run-1", pid, True)
    lock.release()
    lock.release()


def test_a_change_is_remembered_across_those_who_only_looked(tmp_path: Path) -> None:
    first = SystemLock(tmp_path, "north").take("rescue-1", "a rescue")
    first.note_change()
    first.release()
    second = SystemLock(tmp_path, "north").take("rescue-2", "another")
    assert second.before is not None
    assert not second.before.was_broken_off
    second.release()
    third = SystemLock(tmp_path, "north").take("run-1", "run 1")
    assert third.before is not None
    assert third.before.has_changed_since(LONG_AGO, but="run-1")
    assert not third.before.has_changed_since(LONG_AGO, but="rescue-1")
    assert not third.before.has_changed_since(datetime.now(UTC), but="run-1")
    third.release()


def test_systems_do_not_wait_for_each_other(tmp_path: Path) -> None:
    locks = [SystemLock(tmp_path, slug).take("a", "a") for slug in ("north", "south")]
    for lock in locks:
        lock.release()


def test_whoever_replaces_the_records_has_them_alone(tmp_path: Path) -> None:
    runs = [SystemLock(tmp_path, OWN_RECORDS, shared=True).take(key, key) for key in ("run-1", "run-2")]
    with pytest.raises(Refused, match="stop Schoolkeeper first"):
        SystemLock(tmp_path, OWN_RECORDS).take("rescue-1", "the rescue of m")
    for run in runs:
        run.release()
    rescue = SystemLock(tmp_path, OWN_RECORDS).take("rescue-1", "the rescue of m")
    with pytest.raises(Refused, match="own database is being replaced by the rescue of m"):
        SystemLock(tmp_path, OWN_RECORDS, shared=True).take("run-1", "run 1")
    rescue.release()


def test_a_torn_note_is_no_obstacle(tmp_path: Path) -> None:
    lock = SystemLock(tmp_path, "north").take("a", "a")
    lock.release()
    lock.path.write_text('{"key": "a", "wh')
    again = SystemLock(tmp_path, "north").take("b", "b")
    assert again.before is None
    again.release()


def test_a_rescue_as_root_does_not_keep_the_worker_out(tmp_path: Path) -> None:
    os.chown(tmp_path, 65534, 65534)
    SystemLock(tmp_path, "north").take("rescue-1", "a rescue").release()
    left = [tmp_path / "locks", tmp_path / "locks" / "north.lock"]
    assert [(one.stat().st_uid, one.stat().st_gid) for one in left] == [(65534, 65534)] * 2


def test_a_lock_that_cannot_be_opened_is_refused_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "locks" / "north.lock").mkdir(parents=True)
    with pytest.raises(Refused, match=r"north.lock cannot be locked: Is a directory"):
        SystemLock(tmp_path, "north").take("run-1", "run 1")


def test_what_was_let_go_is_free_though_a_child_still_has_the_descriptor(tmp_path: Path) -> None:
    lock = SystemLock(tmp_path, "north").take("run-1", "run 1")
    waits, tell = os.pipe()
    child = os.fork()
    if not child:
        os.close(tell)
        os.read(waits, 1)
        os._exit(0)
    lock.release()
    SystemLock(tmp_path, "north").take("run-2", "run 2").release()
    os.close(tell)
    os.waitpid(child, 0)
