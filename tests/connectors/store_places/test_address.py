"""How a definition names a place: all faults at once, each at its key, and what comes out."""

from pathlib import Path

import asyncssh
import pytest
from pydantic import ValidationError

from schoolkeeper.connectors.store.places.address import PlaceFields, place_of
from schoolkeeper.connectors.store.places.folder import FolderPlace
from schoolkeeper.connectors.store.places.place import Place
from schoolkeeper.connectors.store.places.s3 import S3Place
from schoolkeeper.connectors.store.places.sftp import SftpPlace
from schoolkeeper.kernel.errors import Unreachable
from schoolkeeper.testing.servers import S3Server, SftpServer
from tests.connectors.store_places.conftest import fresh_folder

KEY = " ".join(asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().split()[:2])
S3 = {"url": "s3://school-backups/erp", "access_key": "env:S3_ACCESS", "secret_key": "env:S3_SECRET"}
AMAZON = {**S3, "region": "eu-central-1"}
OWN = {**S3, "endpoint": "https://minio.school.edu:9000"}
SFTP = {"url": "sftp://keeper@nas.school.edu/backups", "host_key": KEY, "private_key": "file:/etc/keeper/key"}


def faults(**keys: object) -> dict[str, str]:
    """What is said of each key."""
    with pytest.raises(ValidationError) as caught:
        PlaceFields.model_validate({"kind": "store", **keys})
    assert "hunter2" not in str(caught.value)
    return {str(fault["loc"][0]): fault["msg"].removeprefix("Value error, ") for fault in caught.value.errors()}


@pytest.mark.parametrize(
    ("keys", "where"),
    [
        ({"path": "/srv/backups"}, "/srv/backups"),
        (AMAZON, "s3://school-backups/erp"),
        (OWN, "s3://school-backups/erp"),
        ({**S3, "url": "s3://school-backups", "endpoint": "http://127.0.0.1:9000/"}, "s3://school-backups"),
        ({**S3, "endpoint": "http://[::1]:9000"}, "s3://school-backups/erp"),
        ({**S3, "endpoint": "http://minio.lan:9000", "plain_http": True}, "s3://school-backups/erp"),
        (SFTP, "sftp://keeper@nas.school.edu/backups"),
        ({**SFTP, "url": "sftp://keeper@10.0.0.7:2222/b%20c/"}, "sftp://keeper@10.0.0.7:2222/b c"),
        ({**SFTP, "url": "sftp://keeper@nas/"}, "sftp://keeper@nas/"),
        ({**SFTP, "private_key": None, "password": "env:SFTP_PASSWORD"}, "sftp://keeper@nas.school.edu/backups"),
        ({**SFTP, "host_key": f"{KEY} root@nas"}, "sftp://keeper@nas.school.edu/backups"),
    ],
)
def test_good_definitions(keys: dict[str, object], where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("S3_ACCESS", "AKIA-ID")
    monkeypatch.setenv("S3_SECRET", "hunter2")
    monkeypatch.setenv("SFTP_PASSWORD", "hunter2")
    fields = PlaceFields.model_validate({"kind": "store", **keys})
    if keys.get("private_key"):
        with pytest.raises(Unreachable, match="the secret file /etc/keeper/key cannot be read"):
            place_of("backups", fields)
    else:
        place = place_of("backups", fields)
        assert place.where == where
        assert "hunter2" not in repr(place) + str(vars(place))


@pytest.mark.parametrize(
    ("keys", "place", "says"),
    [
        ({}, "url", "missing: a store has a path (a folder) or a url (s3://… or sftp://…)"),
        ({**AMAZON, "path": "/srv"}, "url", "a store lies in one place: write path or url, not both"),
        ({**AMAZON, "url": "ftp://host/x"}, "url", "begins with s3:// or sftp://"),
        ({**AMAZON, "url": "/srv/backups"}, "url", "for a folder of this machine write path"),
        ({**AMAZON, "url": "s3://key:hunter2@bucket/x"}, "url", "carries no password"),
        ({**AMAZON, "url": "s3://key@bucket/x"}, "url", "carries no account"),
        ({**AMAZON, "url": "s3://Bad_Bucket/x"}, "url", "write s3://BUCKET/PREFIX"),
        ({**AMAZON, "url": "s3://host:9000/x"}, "url", "a server belongs into endpoint"),
        ({**AMAZON, "url": "s3://bucket/../x"}, "url", "the prefix after the bucket"),
        ({**AMAZON, "url": "s3://bucket/x?versions"}, "url", "an address has no ?"),
        ({**SFTP, "url": "sftp://nas/backups"}, "url", "write sftp://USER@HOST/PATH"),
        ({**SFTP, "url": "sftp://keeper:hunter2@nas/backups"}, "url", "carries no password"),
        ({**SFTP, "url": "sftp://keeper@nas"}, "url", "the path after the host"),
        ({**SFTP, "url": "sftp://keeper@nas/a/../b"}, "url", "the path after the host"),
        ({**SFTP, "url": "sftp://keeper@nas:99999/b"}, "url", "check its host and port"),
        (S3, "region", "missing: Amazon's buckets lie in a region"),
        ({**AMAZON, "region": "Frankfurt am Main"}, "region", "one looks like eu-central-1"),
        ({**AMAZON, "access_key": None}, "access_key", "missing: s3:// needs an access key"),
        ({**AMAZON, "secret_key": None}, "secret_key", "missing: s3:// needs the secret key"),
        ({**AMAZON, "secret_key": "hunter2"}, "secret_key", "a secret is a reference"),
        (
            {**AMAZON, "host_key": KEY},
            "host_key",
            "belongs to an sftp:// address, and this store lies at an s3://",
        ),
        ({**OWN, "endpoint": "http://minio.school.edu"}, "endpoint", "use https://, or allow"),
        ({**OWN, "endpoint": "minio.school.edu"}, "endpoint", "write https://HOST"),
        ({**OWN, "endpoint": "https://minio.school.edu/bucket"}, "endpoint", "the bucket belongs into url"),
        ({**OWN, "endpoint": "https://a:hunter2@minio.school.edu"}, "endpoint", "carries no account"),
        ({**OWN, "endpoint": "https://minio:port"}, "endpoint", "write https://HOST"),
        ({**SFTP, "host_key": None}, "host_key", "missing: sftp:// needs the server's public host key"),
        ({**SFTP, "host_key": "nas " + KEY}, "host_key", "is no public host key"),
        ({**SFTP, "host_key": "ssh-ed25519 AAAA"}, "host_key", "is no public host key"),
        ({**SFTP, "host_key": "ssh-rsa " + KEY.split()[1]}, "host_key", "is no public host key"),
        ({**SFTP, "private_key": None}, "password", "missing: sftp:// needs a private_key or a password"),
        ({**SFTP, "password": "env:P"}, "password", "write private_key or password, not both"),
        ({**SFTP, "password": "hunter2", "private_key": None}, "password", "a secret is a reference"),
        (
            {"path": "/srv", "region": "eu-central-1"},
            "region",
            "belongs to an s3:// address, and this store lies at a",
        ),
        ({"path": "/srv", "plain_http": True}, "plain_http", "belongs to an s3:// address"),
        ({"path": "srv"}, "path", ""),
    ],
)
def test_every_fault_is_told_at_its_key(keys: dict[str, object], place: str, says: str) -> None:
    told = faults(**keys)
    assert list(told) == [place]
    assert says in told[place]


def test_all_faults_are_told_at_once() -> None:
    assert set(faults(url="s3://bucket/x", endpoint="http://nas", access_key="hunter2", password="env:P")) == {
        "endpoint",
        "access_key",
        "secret_key",
        "password",
    }


def test_a_secret_that_is_not_there_is_told_by_its_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("S3_ACCESS", raising=False)
    with pytest.raises(Unreachable, match="the environment variable S3_ACCESS is not set"):
        place_of("backups", PlaceFields.model_validate({"kind": "store", **AMAZON}))


def test_places_made_from_definitions_work(
    tmp_path: Path, s3: S3Server, sftp: SftpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("S3_ACCESS", s3.access_key)
    monkeypatch.setenv("S3_SECRET", s3.secret_key)
    (tmp_path / "key").write_text(sftp.private_key)
    (tmp_path / "store").mkdir()
    definitions: list[tuple[type[Place], dict[str, str]]] = [
        (FolderPlace, {"path": str(tmp_path / "store")}),
        (S3Place, {**S3, "url": f"s3://{s3.bucket}/defined", "endpoint": s3.endpoint}),
        (
            SftpPlace,
            {
                "url": f"sftp://{sftp.username}@{sftp.host}:{sftp.port}{fresh_folder(sftp)}",
                "host_key": sftp.host_key,
                "private_key": f"file:{tmp_path / 'key'}",
            },
        ),
    ]
    for kind, keys in definitions:
        place = place_of("backups", PlaceFields.model_validate({"kind": "store", **keys}))
        assert isinstance(place, kind)
        place.open()
        place.put("a", b"1")
        assert [listed.name for listed in place.list()] == ["a"]
        place.close()
