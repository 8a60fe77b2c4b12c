"""Keys: made once, never replaced, never readable by others; heads signed and checked."""

import os
import signal
import stat
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from schoolkeeper.ledger.entry import GENESIS
from schoolkeeper.ledger.errors import EntryError, KeyFileError
from schoolkeeper.ledger.head import check, sign
from schoolkeeper.ledger.keys import PublicKey, ensure, generate, load_private, load_public


@pytest.mark.parametrize("usual", [0, 0o077])
def test_generate_writes_a_private_and_a_public_key(tmp_path: Path, usual: int) -> None:
    path = tmp_path / "ledger.key"
    umask = os.umask(usual)
    try:
        made = generate(path)
    finally:
        os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "ledger.key.pub").stat().st_mode) == 0o644
    assert load_public(tmp_path / "ledger.key.pub") == made == PublicKey.of(load_private(path))


def test_generate_replaces_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ledger.key"
    generate(path)
    before = path.read_bytes()
    with pytest.raises(KeyFileError, match="File exists"):
        generate(path)
    assert path.read_bytes() == before


def test_generate_leaves_nothing_if_the_public_file_exists(tmp_path: Path) -> None:
    (tmp_path / "ledger.key.pub").write_text("something else")
    with pytest.raises(KeyFileError, match=r"ledger\.key\.pub"):
        generate(tmp_path / "ledger.key")
    assert [path.name for path in tmp_path.iterdir()] == ["ledger.key.pub"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o644])
def test_a_private_key_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "ledger.key"
    generate(path)
    path.chmod(mode)
    with pytest.raises(KeyFileError, match=f"mode {mode:04o}.*chmod 600"):
        load_private(path)


def private_pem(key: Any, password: bytes | None = None) -> bytes:
    protection: Any = serialization.NoEncryption()
    if password:
        protection = serialization.BestAvailableEncryption(password)
    pem: bytes = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection)
    return pem


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"garbage", "unencrypted PEM private key"),
        (private_pem(Ed25519PrivateKey.generate(), b"secret"), "unencrypted PEM private key"),
        (private_pem(ec.generate_private_key(ec.SECP256R1())), "Ed25519"),
    ],
)
def test_other_private_keys_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "ledger.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match=message):
        load_private(path)


def test_missing_key_files(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="No such file"):
        load_private(tmp_path / "none")
    with pytest.raises(KeyFileError, match="No such file"):
        load_public(tmp_path / "none")


def public_pem(key: Any) -> str:
    pem: bytes = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return pem.decode()


def test_the_pem_is_that_of_other_programs() -> None:
    private = Ed25519PrivateKey.generate()
    assert PublicKey.of(private).pem == public_pem(private)
    assert PublicKey.from_pem(public_pem(private).replace("\n", "\r\n")) == PublicKey.of(private)


@pytest.mark.parametrize(
    "pem",
    [
        "",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        "-----BEGIN PUBLIC KEY-----\nA\n-----END PUBLIC KEY-----\n",
        PublicKey(bytes(33)).pem,
        PublicKey(bytes(31)).pem,
        public_pem(ec.generate_private_key(ec.SECP256R1())),
        public_pem(x25519.X25519PrivateKey.generate()),
    ],
)
def test_other_public_keys_are_refused(tmp_path: Path, pem: str) -> None:
    (tmp_path / "some.pub").write_text(pem)
    with pytest.raises(KeyFileError, match=r"some\.pub"):
        load_public(tmp_path / "some.pub")


def test_a_public_key_file_that_is_not_text(tmp_path: Path) -> None:
    (tmp_path / "some.pub").write_bytes(b"\xff\xfe")
    with pytest.raises(KeyFileError, match=r"some\.pub"):
        load_public(tmp_path / "some.pub")


def test_a_signed_head_is_accepted_by_its_key_alone(book: Any) -> None:
    head = book.head()
    assert check(head, book.pinned)
    assert not check(head, PublicKey.of(Ed25519PrivateKey.generate()))


@pytest.mark.parametrize(
    "change",
    [
        {"sequence": 11},
        {"digest": GENESIS},
        {"instance": "south"},
        {"signature": "0" * 128},
    ],
)
def test_every_field_of_a_head_is_signed(book: Any, change: dict[str, Any]) -> None:
    assert not check(replace(book.head(), **change), book.pinned)


def test_the_time_and_the_key_of_a_head_are_signed(book: Any) -> None:
    head = book.head()
    assert not check(replace(head, at=head.at + timedelta(microseconds=1)), book.pinned)
    assert not check(replace(head, key_id="0" * 64), book.pinned)


def test_a_head_that_names_another_key_than_the_one_it_was_signed_with(book: Any) -> None:
    odd = replace(book.head(), key_id="0" * 64)
    signed = replace(odd, signature=book.private.sign(odd.message()).hex())
    assert not check(signed, book.pinned)


def test_a_naive_time_cannot_be_signed(book: Any) -> None:
    with pytest.raises(EntryError, match="no time zone"):
        sign(book.entries[-1], book.private, datetime(2026, 1, 1))  # noqa: DTZ001 - the naive time is the point


def test_the_head_stands_where_the_documentation_says(book: Any) -> None:
    line = book.head().line().rstrip(b"\n")
    message = b"schoolkeeper-ledger-head-v1\n" + line[8:-144]
    signature = bytes.fromhex(line[-130:-2].decode())
    Ed25519PublicKey.from_public_bytes(book.pinned.raw).verify(signature, message)


def test_of_many_first_users_one_makes_the_key_and_all_use_it(tmp_path: Path) -> None:
    """Processes of their own, let go at the same moment, again and again."""
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from schoolkeeper.ledger.keys import PublicKey, ensure, load_private\n"
        "import cryptography.hazmat.primitives.asymmetric.ed25519\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "for number in range(20):\n"
        "    path = Path(f'ledger-{number}')\n"
        "    ensure(path)\n"
        "    print(PublicKey.of(load_private(path)).key_id)\n"
    )
    users = [
        subprocess.Popen(
            [sys.executable, "-c", script], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    for user in users:
        assert user.stdout
        assert user.stdout.readline() == "ready\n"
    for user in users:
        assert user.stdin
        user.stdin.write("go\n")
        user.stdin.flush()
    used = [user.communicate(timeout=60)[0].split() for user in users]
    assert [user.returncode for user in users] == [0] * 4
    assert used == [[load_public(tmp_path / f"ledger-{number}.pub").key_id for number in range(20)]] * 4
    assert len(list(tmp_path.iterdir())) == 40  # and nothing else is left behind


def test_a_kill_before_the_key_is_whole_leaves_none(tmp_path: Path) -> None:
    script = (
        "import os, signal\n"
        "from pathlib import Path\n"
        "from schoolkeeper.ledger.keys import generate\n"
        "os.fsync = lambda descriptor: os.kill(os.getpid(), signal.SIGKILL)\n"
        "generate(Path('ledger'))\n"
    )
    killed = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    assert not (tmp_path / "ledger").exists()
    ensure(tmp_path / "ledger")
    assert load_public(tmp_path / "ledger.pub") == PublicKey.of(load_private(tmp_path / "ledger"))


def test_a_public_key_that_was_not_written_any_more_is_made_good(tmp_path: Path) -> None:
    made = generate(tmp_path / "ledger")
    (tmp_path / "ledger.pub").unlink()
    ensure(tmp_path / "ledger")
    assert load_public(tmp_path / "ledger.pub") == made


def test_a_key_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="No such file"):
        ensure(tmp_path / "none" / "ledger")
