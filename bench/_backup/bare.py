"""The least that a restore can take: pg_restore alone, into a server that is already up."""

import shutil
import subprocess
import time
from pathlib import Path

from bench._backup.school import MAJOR, School

from schoolkeeper.connectors.postgres.binaries import find
from schoolkeeper.connectors.postgres.cluster import SCRATCH_SETTINGS, Cluster
from schoolkeeper.connectors.postgres.cluster_roles import create_database
from schoolkeeper.connectors.postgres.tools import address


def restore_bare(folder: Path, school: School) -> float:
    """Seconds of `pg_restore -j2`, from a file to a server with the settings that a drill's has."""
    programs, dump = find(MAJOR), folder / "bare.dump"
    public, environment = address(school.dsn)
    saving = [str(programs.path("pg_dump")), "-Fc", "-Z0", "-f", str(dump), "-d", public]
    subprocess.run(saving, env=environment, check=True)
    with Cluster(folder / "bare", programs, settings=SCRATCH_SETTINGS) as server:
        with server.connect() as connection:
            create_database(connection, "bare")
        public, environment = address(server.dsn("bare"))
        restoring = [str(programs.path("pg_restore")), "--exit-on-error", "--no-owner", "-j2", "-d", public]
        started = time.monotonic()
        subprocess.run([*restoring, str(dump)], env=environment, check=True)
        seconds = time.monotonic() - started
    shutil.rmtree(folder / "bare")
    dump.unlink()
    return seconds
