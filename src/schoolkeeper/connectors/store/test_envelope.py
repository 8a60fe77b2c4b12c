import os
import subprocess
from pathlib import Path

import pyrage  # type: ignore[import-untyped]
import pytest

from schoolkeeper.connectors.store.envelope import identity_from, seal, unseal
from schoolkeeper.connectors.store.errors import CannotOpen, Damaged

CONTENT = os.urandom(300_000) + b"grade " * 100_000


@pytest.fixture(scope="module")
def keys() -> list[pyrage.x25519.Identity]:
    return [pyrage.x25519.Identity.generate() for _ in range(3)]


@pytest.fixture(scope="module")
def sealed(keys: list[pyrage.x25519.Identity]) -> bytes:
    """For the first two keys."""
    return seal(CONTENT, [str(key.to_public()) for key in keys[:2]])


def test_each_recipient_opens_it_and_nobody_else(keys: list[pyrage.x25519.Identity], sealed: bytes) -> None:
    assert unseal(sealed, keys[0]) == unseal(sealed, keys[1]) == CONTENT
    with pytest.raises(CannotOpen):
        unseal(sealed, keys[2])


def test_nothing_is_sealed_as_nothing(keys: list[pyrage.x25519.Identity]) -> None:
    assert unseal(seal(b"", [str(keys[0].to_public())]), keys[0]) == b""


@pytest.mark.parametrize("place", [0, 30, 150, 5_000, -1])
def test_one_flipped_bit_is_noticed(keys: list[pyrage.x25519.Identity], sealed: bytes, place: int) -> None:
    broken = bytearray(sealed)
    broken[place] ^= 1
    with pytest.raises((Damaged, CannotOpen)):
        unseal(bytes(broken), keys[0])


@pytest.mark.parametrize("kept", [0, 10, 100_000, -1])
def test_a_shortened_part_is_noticed(keys: list[pyrage.x25519.Identity], sealed: bytes, kept: int) -> None:
    with pytest.raises(Damaged):
        unseal(sealed[:kept], keys[0])


def test_the_programs_age_and_zstd_open_it(
    keys: list[pyrage.x25519.Identity], sealed: bytes, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text(str(keys[1]))
    (tmp_path / "part").write_bytes(sealed)
    command = f"age -d -i {tmp_path}/key {tmp_path}/part | zstd -d"
    assert subprocess.run(command, shell=True, capture_output=True, check=True).stdout == CONTENT


def test_a_key_file_has_comments(keys: list[pyrage.x25519.Identity]) -> None:
    assert str(identity_from(f"# created: today\n{keys[0]}\n")) == str(keys[0])
    with pytest.raises(ValueError, match="no line"):
        identity_from("age1public")
    with pytest.raises(ValueError, match="sealed itself"):
        identity_from("-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n")
    with pytest.raises(ValueError, match="not well-formed"):
        identity_from("AGE-SECRET-KEY-1NONSENSE")
