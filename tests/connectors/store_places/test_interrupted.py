"""Writing that is interrupted leaves no object, and the next attempt succeeds."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import pytest

from schoolkeeper.connectors.store.places.folder import FolderPlace
from schoolkeeper.connectors.store.places.place import Place
from schoolkeeper.kernel.errors import Permanent, Temporary
from schoolkeeper.testing.line import CuttableLine
from schoolkeeper.testing.servers import S3Server, SftpServer
from tests.connectors.store_places.conftest import fresh_folder, s3_place, sftp_place

OBJECT_BYTES = 40_000_000
LARGER_BYTES = 80_000_000  # goes up to S3 in parts
OLD = b"the object as it was"

CHILD = """
import json, resource, sys
from pathlib import Path
from schoolkeeper.connectors.store.places.folder import FolderPlace
from schoolkeeper.connectors.store.places.sftp import SftpPlace
from schoolkeeper.connectors.store.places.sftp_line import Login
from schoolkeeper.kernel.errors import Permanent

given = json.loads(sys.stdin.readline())
folder = given["folder"]
place = SftpPlace("backups", Login(**given["login"]), folder) if given["login"] else FolderPlace("b", Path(folder))
if given["limit_bytes"]:
    resource.setrlimit(resource.RLIMIT_FSIZE, (given["limit_bytes"], given["limit_bytes"]))
place.open()
try:
    place.put("packs/one", bytes(given["size_bytes"]))
except Permanent as error:
    print(error)
print("done")
"""


def child(folder: Path, size_bytes: int, login: object = None, limit_bytes: int = 0) -> "subprocess.Popen[str]":
    """A process of its own that puts one object."""
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ}
    )
    assert process.stdin
    given = {"folder": str(folder), "size_bytes": size_bytes, "login": login, "limit_bytes": limit_bytes}
    process.stdin.write(json.dumps(given) + "\n")
    process.stdin.flush()
    return process


def killed_while_writing(process: "subprocess.Popen[str]", folder: Path) -> Sequence[Path]:
    """Kill it once some bytes have been written; the leftovers that it leaves."""
    while process.poll() is None:
        if any(path.stat().st_size for path in folder.glob("packs/*.tmp")):
            break
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return list(folder.glob("packs/*.tmp"))


def assert_still_old(place: Place) -> None:
    assert [listed.name for listed in place.list()] == ["packs/one"]
    assert place.get("packs/one") == OLD


def assert_next_attempt_succeeds(place: Place) -> None:
    place.put("packs/one", b"new")
    assert place.get("packs/one") == b"new"


@pytest.mark.parametrize("kind", ["folder", "sftp"])
def test_the_writer_is_killed(kind: str, tmp_path: Path, sftp: SftpServer) -> None:
    folder = fresh_folder(sftp) if kind == "sftp" else tmp_path
    place: Place = sftp_place(sftp, folder) if kind == "sftp" else FolderPlace("backups", folder)
    login = asdict(place._line._login) if kind == "sftp" else None  # type: ignore[attr-defined]
    place.put("packs/one", OLD)
    leftovers = killed_while_writing(child(folder, 10 * OBJECT_BYTES, login), folder)
    assert leftovers
    assert_still_old(place)
    assert_next_attempt_succeeds(place)
    assert place.remove_leftovers(timedelta(hours=1)) == 0  # type: ignore[attr-defined]
    assert place.remove_leftovers(timedelta(hours=-1)) == len(leftovers)  # type: ignore[attr-defined]
    assert not list(folder.glob("packs/*.tmp"))
    place.close()


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    """The kernel refuses to let a file grow beyond a limit (EFBIG), as it would with a full disk (ENOSPC)."""
    output, _ = child(tmp_path, 1_000_000, limit_bytes=300_000).communicate(timeout=60)
    assert f"{tmp_path} is full: packs/one could not be written (" in output
    assert "MB are free" in output
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("size_bytes", [OBJECT_BYTES, LARGER_BYTES])
def test_s3_the_connection_is_cut_for_good(s3: S3Server, size_bytes: int) -> None:
    with CuttableLine(s3.port) as line:
        place = s3_place(s3, f"cut{size_bytes}", endpoint=f"http://127.0.0.1:{line.port}")
        place.put("packs/one", OLD)
        line.cut_after(5_000_000, times=1000)
        with pytest.raises(Temporary, match=r"packs/one could not be written: .*(broke off|reached)"):
            place.put("packs/one", bytes(size_bytes))
        line.cut_after(0, times=0)
        assert_still_old(place)
        assert_next_attempt_succeeds(place)


@pytest.mark.parametrize("size_bytes", [OBJECT_BYTES, LARGER_BYTES])
def test_s3_the_connection_is_cut_once(s3: S3Server, size_bytes: int) -> None:
    """What may pass is tried again without anybody noticing."""
    with CuttableLine(s3.port) as line:
        place = s3_place(s3, f"once{size_bytes}", endpoint=f"http://127.0.0.1:{line.port}")
        line.cut_after(5_000_000, times=1)
        place.put("packs/one", bytes(size_bytes))
        assert line.cuts == 1
        assert place.size_bytes("packs/one") == size_bytes
        assert place.get("packs/one") == bytes(size_bytes)


def test_sftp_the_connection_is_cut(sftp: SftpServer) -> None:
    with CuttableLine(sftp.port) as line:
        place = sftp_place(sftp, fresh_folder(sftp), port=line.port)
        place.put("packs/one", OLD)
        line.cut_after(5_000_000, times=1)
        with pytest.raises(Temporary, match="packs/one could not be written: the connection broke off"):
            place.put("packs/one", bytes(OBJECT_BYTES))
        assert line.cuts == 1
        assert_still_old(place)
        assert_next_attempt_succeeds(place)
        place.close()


def test_sftp_a_connection_lost_in_between_is_made_again(sftp: SftpServer) -> None:
    with CuttableLine(sftp.port) as line:
        place = sftp_place(sftp, fresh_folder(sftp), port=line.port)
        place.put("packs/one", OLD)
        line.cut()
        for _ in range(2):
            try:
                place.put("packs/two", OLD)
            except Temporary:
                continue
        assert place.get("packs/two") == OLD
        place.close()


def test_refused_by_the_folder_or_server(tmp_path: Path, sftp: SftpServer) -> None:
    folder = fresh_folder(sftp)
    for place in (FolderPlace("backups", tmp_path), sftp_place(sftp, folder)):
        place.open()
        place.put("taken", b"1")
        with pytest.raises(Permanent, match="refuses: taken/below could not be written"):
            place.put("taken/below", b"1")
        place.put("in/here", b"1")
        with pytest.raises(Permanent, match="refuses: in could not be written"):
            place.put("in", b"1")
        assert [listed.name for listed in place.list()] == ["in/here", "taken"]
        place.close()
    assert not list(tmp_path.rglob("*.tmp"))
    assert not list(folder.rglob("*.tmp"))
