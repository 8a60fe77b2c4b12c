"""Where the programs of MariaDB are, as the system has installed them."""

import functools
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from schoolkeeper.connectors.mariadb.errors import MariadbNotFound

SERVER_FOLDERS = ("/usr/sbin", "/usr/libexec", "/usr/local/sbin", "/usr/local/libexec", "/usr/local/mariadb/bin")
SERVER_NAMES = ("mariadbd", "mysqld")
OPT = Path("/opt")
SEARCH_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"
VERSION_TIMEOUT_SECONDS = 10
_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)-MariaDB")

Release = tuple[int, int]


def release_of(version: str) -> Release:
    """The release of a version: (10, 11) of "10.11.6". Raises ValueError."""
    major, minor = version.split(".")[:2]
    return int(major), int(minor)


@dataclass(frozen=True, slots=True)
class Server:
    """One installed server; `version` is like "10.11.6"."""

    program: Path
    version: str

    @property
    def release(self) -> Release:
        return release_of(self.version)

    @property
    def install_program(self) -> Path:
        """The program that makes a data folder; raises MariadbNotFound."""
        near = [self.program.parent, self.program.parent.parent / "bin", self.program.parent.parent / "scripts"]
        names = ("mariadb-install-db", "mysql_install_db")
        found = [folder / name for name in names for folder in near if (folder / name).is_file()]
        if not found:
            raise MariadbNotFound(f"There is no mariadb-install-db with {self.program}: install mariadb-server.")
        return found[0]


@functools.cache
def _read(program: Path) -> Server | None:
    """MySQL's mysqld is no MariaDB, so it is not found."""
    try:
        answer = subprocess.run(
            [program, "--no-defaults", "--version"],
            capture_output=True,
            text=True,
            check=True,
            timeout=VERSION_TIMEOUT_SECONDS,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    match = _VERSION.search(answer)
    return Server(program, ".".join(match.groups())) if match else None


def available() -> tuple[Server, ...]:
    """Every MariaDB server on this machine, the oldest release first, each program once."""
    folders = [Path(folder) for folder in SERVER_FOLDERS] + sorted(OPT.glob("*/bin")) + sorted(OPT.glob("*/sbin"))
    programs = {
        path.resolve(): None for folder in folders for name in SERVER_NAMES if (path := folder / name).is_file()
    }
    return tuple(sorted((one for one in map(_read, programs) if one), key=lambda one: one.release))


def find(release: Release) -> Server:
    """The server of that release, else the oldest newer one, because an older one may not know what the dump
    says; raises MariadbNotFound."""
    fitting = [one for one in available() if one.release >= release]
    if not fitting:
        have = ", ".join(f"{one.version} at {one.program}" for one in available()) or "none"
        raise MariadbNotFound(
            f"No MariaDB {release[0]}.{release[1]} or newer on this machine (found: {have}). Install the package "
            f"mariadb-server; looked in {', '.join(SERVER_FOLDERS)} and {OPT}/*/bin."
        )
    return fitting[0]


def client(*names: str) -> Path:
    """The path of a client program, by the first of its names that is installed; raises MariadbNotFound."""
    found = [path for name in names if (path := shutil.which(name, path=SEARCH_PATH))]
    if not found:
        raise MariadbNotFound(
            f"There is no program {names[0]} on this machine: install the package mariadb-client."
        )
    return Path(found[0])


@functools.cache
def client_version(program: Path) -> str:
    """The version that a client program says it is, such as "10.11.6"; raises MariadbNotFound for MySQL's."""
    answer = subprocess.run(
        [program, "--no-defaults", "--version"],
        capture_output=True,
        text=True,
        check=False,
        timeout=VERSION_TIMEOUT_SECONDS,
    ).stdout
    match = _VERSION.search(answer)
    if match is None:
        raise MariadbNotFound(f"{program} is not MariaDB's: install the package mariadb-client.")
    return ".".join(match.groups())
