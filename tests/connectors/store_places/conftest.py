"""The three kinds of place, each on a real server where it needs one, each empty at the start of a test."""

import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from schoolkeeper.connectors.store.places.folder import FolderPlace
from schoolkeeper.connectors.store.places.place import Place
from schoolkeeper.connectors.store.places.s3 import S3Place
from schoolkeeper.connectors.store.places.sftp import SftpPlace
from schoolkeeper.connectors.store.places.sftp_line import Login
from schoolkeeper.testing.servers import S3Server, SftpServer, s3_server, sftp_server

Remake = Callable[[], Place]
KINDS = ("folder", "s3", "sftp")


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


@pytest.fixture(scope="session")
def sftp() -> Iterator[SftpServer]:
    with sftp_server() as server:
        yield server


def s3_place(server: S3Server, prefix: str = "", **other: object) -> S3Place:
    given = {
        "bucket": server.bucket,
        "endpoint": server.endpoint,
        "access_key": server.access_key,
        "secret_key": server.secret_key,
        "patience_seconds": 3.0,
        **other,
    }
    return S3Place("backups", prefix=prefix, region="us-east-1", **given)  # type: ignore[arg-type]


def sftp_place(server: SftpServer, folder: Path | None = None, **other: object) -> SftpPlace:
    given = {
        "host": server.host,
        "port": server.port,
        "username": server.username,
        "host_key": server.host_key,
        "private_key": server.private_key,
        **other,
    }
    return SftpPlace("backups", Login(**given), str(folder or server.folder))  # type: ignore[arg-type]


def fresh_folder(server: SftpServer) -> Path:
    """An empty folder that the server's user owns."""
    folder = server.folder / secrets.token_hex(4)
    folder.mkdir()
    owner = server.folder.stat()
    os.chown(folder, owner.st_uid, owner.st_gid)
    return folder


@pytest.fixture(params=KINDS)
def remake(request: pytest.FixtureRequest, tmp_path: Path) -> Remake:
    """Makes further places that lie where `place` does, as other processes would."""
    if request.param == "folder":
        return lambda: FolderPlace("backups", tmp_path)
    if request.param == "s3":
        server, prefix = request.getfixturevalue("s3"), f"school/{secrets.token_hex(4)}"
        return lambda: s3_place(server, prefix)
    server = request.getfixturevalue("sftp")
    folder = fresh_folder(server)
    return lambda: sftp_place(server, folder)


@pytest.fixture
def place(remake: Remake) -> Iterator[Place]:
    opened = remake()
    opened.open()
    yield opened
    opened.close()
