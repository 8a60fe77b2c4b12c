import errno
import hashlib
import io
import os
import subprocess
from pathlib import Path

import pyrage  # type: ignore[import-untyped]
import pytest

from schoolkeeper.connectors.store.envelope import Sealed, identity_from, seal, unseal
from schoolkeeper.connectors.store.errors import CannotOpen, Damaged

CONTENT = os.urandom(3_000_000) + b"grade " * 1_000_000


@pytest.fixture(scope="module")
def keys() -> list[pyrage.x25519.Identity]:
    return [pyrage.x25519.Identity.generate() for _ in range(3)]


@pytest.fixture(scope="module")
def sealed(keys: list[pyrage.x25519.Identity]) -> tuple[bytes, Sealed]:
    """For the first two keys."""
    sink = io.BytesIO()
    said = seal(io.BytesIO(CONTENT), sink, [str(key.to_public()) for key in keys[:2]])
    return sink.getvalue(), said


def test_each_recipient_opens_it(keys: list[pyrage.x25519.Identity], sealed: tuple[bytes, Sealed]) -> None:
    stored, said = sealed
    assert (said.size_bytes, said.raw_size_bytes) == (len(stored), len(CONTENT))
    for key in keys[:2]:
        sink = io.BytesIO()
        unseal(io.BytesIO(stored), sink, key, said.sha256)
        assert sink.getvalue() == CONTENT


def test_nobody_else_does(keys: list[pyrage.x25519.Identity], sealed: tuple[bytes, Sealed]) -> None:
    with pytest.raises(CannotOpen):
        unseal(io.BytesIO(sealed[0]), io.BytesIO(), keys[2], sealed[1].sha256)


@pytest.mark.parametrize("place", [0, 30, 150, 5_000, -1])
@pytest.mark.parametrize("sum_is_right", [True, False], ids=["sum right", "sum wrong"])
def test_one_flipped_bit_is_noticed(
    keys: list[pyrage.x25519.Identity], sealed: tuple[bytes, Sealed], place: int, sum_is_right: bool
) -> None:
    """Also when somebody made the sum fit: then by the encryption itself."""
    stored = bytearray(sealed[0])
    stored[place] ^= 1
    sha256 = _sha256(stored) if sum_is_right else sealed[1].sha256
    with pytest.raises((Damaged, CannotOpen)):
        unseal(io.BytesIO(stored), io.BytesIO(), keys[0], sha256)


@pytest.mark.parametrize("kept", [0, 10, 100_000, -1])
def test_a_shortened_part_is_noticed(
    keys: list[pyrage.x25519.Identity], sealed: tuple[bytes, Sealed], kept: int
) -> None:
    stored = sealed[0][:kept]
    for sha256 in (sealed[1].sha256, _sha256(stored)):
        with pytest.raises(Damaged):
            unseal(io.BytesIO(stored), io.BytesIO(), keys[0], sha256)


class Full(io.RawIOBase):
    def write(self, data: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


class Broken(io.RawIOBase):
    def read(self, size: int = -1) -> bytes:
        raise PermissionError(errno.EACCES, "Permission denied")


def test_what_source_and_sink_raise_comes_out_unchanged(
    keys: list[pyrage.x25519.Identity], sealed: tuple[bytes, Sealed]
) -> None:
    recipients = [str(keys[0].to_public())]
    with pytest.raises(OSError, match="No space left"):
        seal(io.BytesIO(CONTENT), Full(), recipients)
    with pytest.raises(PermissionError):
        seal(Broken(), io.BytesIO(), recipients)
    with pytest.raises(OSError, match="No space left"):
        unseal(io.BytesIO(sealed[0]), Full(), keys[0], sealed[1].sha256)


def test_the_programs_age_and_zstd_open_it(
    keys: list[pyrage.x25519.Identity], sealed: tuple[bytes, Sealed], tmp_path: Path
) -> None:
    (tmp_path / "key").write_text(str(keys[1]))
    (tmp_path / "part").write_bytes(sealed[0])
    command = f"age -d -i {tmp_path}/key {tmp_path}/part | zstd -d"
    assert subprocess.run(command, shell=True, capture_output=True, check=True).stdout == CONTENT


def test_a_key_file_has_comments(keys: list[pyrage.x25519.Identity]) -> None:
    assert str(identity_from(f"# created: today\n{keys[0]}\n")) == str(keys[0])
    with pytest.raises(ValueError, match="no line"):
        identity_from("age1public")
    with pytest.raises(ValueError, match="not well-formed"):
        identity_from("AGE-SECRET-KEY-1NONSENSE")


def _sha256(stored: bytes | bytearray) -> str:
    return hashlib.sha256(stored).hexdigest()
