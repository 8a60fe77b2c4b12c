"""What is particular to SFTP, against a real OpenSSH server and a plainer one."""

import asyncio
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncssh
import pytest

from schoolkeeper.connectors.store.places.sftp_line import Login
from schoolkeeper.kernel.errors import Permanent, Unreachable
from schoolkeeper.testing.servers import SftpServer, sftp_server
from tests.connectors.store_places.conftest import fresh_folder, sftp_place


class Plain(asyncssh.SFTPServer):
    """A server that has none of OpenSSH's extensions of the protocol."""

    def fsync(self, file_obj: object) -> None:
        raise asyncssh.SFTPOpUnsupported("no fsync")

    def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        raise asyncssh.SFTPOpUnsupported("no posix-rename")

    def statvfs(self, path: bytes) -> os.statvfs_result:
        raise asyncssh.SFTPOpUnsupported("no statvfs")


class Door(asyncssh.SSHServer):
    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("keeper", "right ' password")


@contextmanager
def plain_server(folder: Path) -> Iterator[tuple[int, str]]:
    """The port and the host key of a server that lets keeper in by password."""
    key = asyncssh.generate_private_key("ecdsa-sha2-nistp256")
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> asyncssh.SSHAcceptor:
        return await asyncssh.create_server(
            Door,
            "127.0.0.1",
            0,
            server_host_keys=[key],
            sftp_factory=lambda connection: Plain(connection, chroot=str(folder).encode()),
        )

    server = asyncio.run_coroutine_threadsafe(start(), loop).result()
    yield server.get_port(), key.export_public_key().decode()
    loop.call_soon_threadsafe(server.close)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()


def test_a_server_without_extensions_and_a_password(tmp_path: Path) -> None:
    with plain_server(tmp_path) as (port, host_key):
        login = {"port": port, "host_key": host_key, "username": "keeper", "private_key": None}
        server = SftpServer(
            host="127.0.0.1",
            folder=Path("/"),
            log=tmp_path,
            **{**login, "private_key": ""},  # type: ignore[arg-type]
        )
        place = sftp_place(server, password="right ' password", private_key=None)
        place.open()
        place.put("a/b", b"first")
        place.put("a/b", b"second")
        assert place.get("a/b") == b"second"
        assert (tmp_path / "a" / "b").read_bytes() == b"second"
        assert place.free_bytes() is None
        place.delete("a/b")
        assert list(place.list()) == []
        place.close()
        wrong = sftp_place(server, password="wrong password", private_key=None)
        with pytest.raises(Unreachable, match="does not let keeper in with this password") as caught:
            wrong.open()
        assert "wrong password" not in str(caught.value)
        wrong.close()


@pytest.mark.parametrize("kind", ["ssh-rsa", "ecdsa-sha2-nistp256"])
def test_host_keys_of_other_kinds(kind: str) -> None:
    with sftp_server(kind) as server:
        place = sftp_place(server)
        place.open()
        place.put("a", b"1")
        assert place.get("a") == b"1"
        place.close()


@pytest.mark.parametrize("kind", ["ssh-ed25519", "ssh-rsa"])
def test_another_host_key_is_not_connected_to(sftp: SftpServer, kind: str) -> None:
    already = sftp.log.read_text().count("Accepted publickey")
    other = " ".join(asyncssh.generate_private_key(kind).export_public_key().decode().split()[:2])
    place = sftp_place(sftp, host_key=other)
    with pytest.raises(Unreachable, match="shows another host key than the definition names"):
        place.open()
    with pytest.raises(Unreachable, match="shows another host key than the definition names"):
        place.put("a", b"1")
    place.close()
    assert sftp.log.read_text().count("Accepted publickey") == already


def test_who_is_not_let_in(sftp: SftpServer) -> None:
    stranger = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
    locked = asyncssh.generate_private_key("ssh-ed25519").export_private_key("pkcs8-pem", passphrase="x").decode()
    for key, says in ((stranger, "does not let .* in with this private key"), (locked, "has a passphrase")):
        place = sftp_place(sftp, private_key=key)
        with pytest.raises(Unreachable, match=says) as caught:
            place.open()
        assert "PRIVATE" not in str(caught.value)
        place.close()


def test_nobody_answers(sftp: SftpServer) -> None:
    place = sftp_place(sftp, port=1)
    for work in (place.open, lambda: place.put("a", b"1"), lambda: place.get("a"), place.free_bytes):
        with pytest.raises(Unreachable, match=r"127\.0\.0\.1:1 cannot be reached"):
            work()
    place.close()


def test_a_folder_that_is_not_there_is_never_made(sftp: SftpServer) -> None:
    place = sftp_place(sftp, sftp.folder / "absent")
    for work in (
        place.open,
        lambda: place.put("a/b", b"1"),
        lambda: place.get("a"),
        lambda: place.size_bytes("a"),
        lambda: place.list(),
        lambda: place.delete("a"),
        place.free_bytes,
    ):
        with pytest.raises(Unreachable, match="there is no such folder on the server"):
            work()
    place.close()
    assert not (sftp.folder / "absent").exists()


def test_a_folder_that_may_not_be_written_to(sftp: SftpServer) -> None:
    folder = fresh_folder(sftp)
    place = sftp_place(sftp, folder)
    place.put("a", b"1")
    folder.chmod(0o500)
    for work in (lambda: place.put("b", b"1"), lambda: place.put("b/c", b"1"), lambda: place.delete("a")):
        with pytest.raises(Permanent, match=r"refuses: .* could not be .*: .*MB are free"):
            work()
    assert place.get("a") == b"1"
    folder.chmod(0o000)
    for look in (lambda: place.get("a"), lambda: place.list()):
        with pytest.raises(Unreachable, match="cannot be looked into"):
            look()
    folder.chmod(0o700)
    place.close()


def test_only_we_may_look_into_what_we_make_and_no_empty_folder_stays(sftp: SftpServer) -> None:
    folder = fresh_folder(sftp)
    place = sftp_place(sftp, folder)
    place.put("a/b/c", b"1")
    assert {path.name: oct(path.stat().st_mode)[-3:] for path in folder.rglob("*")} == {
        "a": "700",
        "b": "700",
        "c": "600",
    }
    place.delete("a/b/c/below")
    place.delete("a/b")
    assert place.get("a/b/c") == b"1"
    place.delete("a/b/c")
    assert list(folder.iterdir()) == []
    place.close()


def test_closing_ends_the_thread(sftp: SftpServer) -> None:
    before = threading.active_count()
    place = sftp_place(sftp)
    place.open()
    assert threading.active_count() > before
    place.close()
    assert threading.active_count() == before


def test_secrets_are_not_shown() -> None:
    login = Login(host="h", port=22, username="u", host_key="ssh-ed25519 AAAA", private_key="PK", password="PW")
    assert "PK" not in repr(login)
    assert "PW" not in repr(login)
