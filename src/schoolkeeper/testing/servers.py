"""Real servers to keep backups on, for tests: an S3 server (rclone) and an SFTP server (OpenSSH).

Both listen on the loopback address, keep everything in a temporary folder of their own, and end with the test even
when that is killed.
"""

import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh

from schoolkeeper.connectors.guarded import Command, GuardedProcess, last_lines
from schoolkeeper.connectors.postgres.account import Account, service_account
from schoolkeeper.connectors.postgres.cluster_files import LOOPBACK
from schoolkeeper.testing.ports import own_port

START_SECONDS = 20.0
ACCESS_KEY = "TESTACCESSKEY00000"
SECRET_KEY = "not-a-secret-outside-of-tests"  # noqa: S105  # opens nothing but a server of a test

SSHD_CONFIG = """
ListenAddress {host}
Port {port}
HostKey {home}/host_key
AuthorizedKeysFile {home}/authorized_keys
AllowUsers {user}
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PubkeyAuthentication yes
MaxStartups 100
LogLevel VERBOSE
Subsystem sftp internal-sftp
ForceCommand internal-sftp
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Server:
    """A running S3 server with one empty bucket. `folder` holds the bucket's objects as files."""

    endpoint: str
    port: int
    bucket: str
    access_key: str
    secret_key: str = field(repr=False)
    folder: Path
    log: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class SftpServer:
    """A running SSH server that offers SFTP only. `folder` is an empty folder that `username` may write to.

    `host_key` is public, as a definition names it; `private_key` is the text of the key that is let in.
    """

    host: str
    port: int
    username: str
    host_key: str
    private_key: str = field(repr=False)
    folder: Path
    log: Path

    @property
    def url(self) -> str:
        """The address of the folder."""
        return f"sftp://{self.username}@{self.host}:{self.port}{self.folder}"


@contextmanager
def s3_server(bucket: str = "backups") -> Iterator[S3Server]:
    """An S3 server with one bucket. It knows no object lock and no versions."""
    with _home() as home:
        folder, port, log = home / "data" / bucket, own_port(), home / "log"
        folder.mkdir(parents=True)
        env = {
            "PATH": os.defpath,
            "HOME": str(home),
            "RCLONE_CONFIG": os.devnull,
            "RCLONE_CACHE_DIR": str(home / "cache"),
            "RCLONE_AUTH_KEY": f'"{ACCESS_KEY},{SECRET_KEY}"',
        }
        argv = [_program("rclone"), "serve", "s3", str(home / "data"), "--addr", f"{LOOPBACK}:{port}"]
        with _running(Command(name="test-s3", argv=argv, env=env, log=log), port):
            yield S3Server(
                endpoint=f"http://{LOOPBACK}:{port}",
                port=port,
                bucket=bucket,
                access_key=ACCESS_KEY,
                secret_key=SECRET_KEY,
                folder=folder,
                log=log,
            )


@contextmanager
def sftp_server(host_key_kind: str = "ssh-ed25519") -> Iterator[SftpServer]:
    """An SFTP server. It runs, and lets in, an unprivileged account when we are root, else our own: only root's
    server could let in others, and what root writes would never be refused."""
    account = service_account()
    with _home() as home:
        host_key = asyncssh.generate_private_key(host_key_kind)
        user_key = asyncssh.generate_private_key("ssh-ed25519")
        folder, port, log = home / "folder", own_port(), home / "log"
        folder.mkdir()
        user = account.name if account else home.owner()
        _write(home / "host_key", host_key.export_private_key().decode(), account)
        _write(home / "authorized_keys", user_key.export_public_key().decode(), account)
        _write(home / "config", SSHD_CONFIG.format(host=LOOPBACK, port=port, home=home, user=user), account)
        if account:
            os.chown(folder, account.uid, account.gid)
        command = Command(
            name="test-sftp",
            argv=[_program("sshd"), "-D", "-e", "-f", str(home / "config")],
            env={"PATH": os.defpath},
            log=log,
            user=(account.uid, account.gid) if account else None,
        )
        with _running(command, port):
            yield SftpServer(
                host=LOOPBACK,
                port=port,
                username=user,
                host_key=" ".join(host_key.export_public_key().decode().split()[:2]),
                private_key=user_key.export_private_key().decode(),
                folder=folder,
                log=log,
            )


@contextmanager
def _home() -> Iterator[Path]:
    """A temporary folder that another account can pass through; gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="schoolkeeper-server-"))
    home.chmod(0o711)
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _running(command: Command, port: int) -> Iterator[None]:
    process = GuardedProcess(command)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _answers(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{command.name} does not start: {last_lines(command.log)}")
            time.sleep(0.02)
        yield
    finally:
        process.stop()


def _answers(port: int) -> bool:
    try:
        socket.create_connection((LOOPBACK, port), timeout=1).close()
    except OSError:
        return False
    return True


def _program(name: str) -> str:
    """The path of a program: beside our Python, or where the system keeps it."""
    found = shutil.which(name, path=os.pathsep.join([str(Path(sys.executable).parent), os.defpath, "/usr/sbin"]))
    if found is None:
        raise RuntimeError(f"{name} is not installed; the tests need it")
    return found


def _write(path: Path, text: str, account: Account | None) -> None:
    path.write_text(text)
    path.chmod(0o600)
    if account:
        os.chown(path, account.uid, account.gid)
