"""What a restore takes without a drill: pg_restore alone, into a server that is already up."""

import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from bench._backup.school import MAJOR, School

from schoolkeeper.connectors.postgres.binaries import find
from schoolkeeper.connectors.postgres.cluster import SCRATCH_SETTINGS, Cluster, Settings
from schoolkeeper.connectors.postgres.cluster_roles import create_database
from schoolkeeper.connectors.postgres.tools import address


@dataclass(frozen=True)
class Bare:
    """How a dump is made beforehand, and the settings of the server that `pg_restore -j2` brings it back to."""

    name: str
    dump: tuple[str, ...]
    settings: Settings


LEAST = Bare("bare pg_restore -j2", ("-Fc", "-Z0"), SCRATCH_SETTINGS)
"""Nothing to decompress, and the settings that a drill's server has: the least that a restore can take."""
USUAL = Bare("usual pg_restore -j2", ("-Fd", "-j2"), {})
"""A dump and a server as they are when nobody chose otherwise: what a rehearsal by hand takes."""


def restore_bare(folder: Path, school: School, bare: Bare) -> float:
    """Seconds of `pg_restore -j2`."""
    programs, dump = find(MAJOR), folder / "bare.dump"
    public, environment = address(school.dsn)
    saving = [str(programs.path("pg_dump")), *bare.dump, "-f", str(dump), "-d", public]
    subprocess.run(saving, env=environment, check=True)
    with Cluster(folder / "bare", programs, settings=bare.settings) as server:
        with server.connect() as connection:
            create_database(connection, "bare")
        public, environment = address(server.dsn("bare"))
        restoring = [str(programs.path("pg_restore")), "--exit-on-error", "--no-owner", "-j2", "-d", public]
        started = time.monotonic()
        subprocess.run([*restoring, str(dump)], env=environment, check=True)
        seconds = time.monotonic() - started
    shutil.rmtree(folder / "bare")
    if dump.is_dir():
        shutil.rmtree(dump)
    else:
        dump.unlink()
    return seconds
