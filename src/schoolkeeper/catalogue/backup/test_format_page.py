"""The page on the format of a set, followed command by command with the real programs."""

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

import psycopg
import pytest

from schoolkeeper.catalogue.backup.test_arrange import back_up, found_school
from schoolkeeper.connectors.databases.contents import Setting
from schoolkeeper.connectors.postgres.binaries import find
from schoolkeeper.connectors.postgres.cluster import SCRATCH_SETTINGS, Cluster
from schoolkeeper.connectors.postgres.snapshot import snapshot
from schoolkeeper.testing.plugin import HOME

PAGE = Path(__file__).parents[4] / "docs" / "backup-format.md"
COMMANDS = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)


def test_a_set_opens_with_standard_tools_alone(database: str, tmp_path: Path) -> None:
    school = found_school(tmp_path, database)
    name, role = database.rpartition("/")[2], f"registrar_{database.rpartition('_')[2]}"
    for owner in (f"DATABASE {name}", f"ROLE {role} IN DATABASE {name}"):
        school.query(f'ALTER {owner} SET search_path = "Odd, name", office, public')
        school.query(f"ALTER {owner} SET erp.tenant = 'o''hara, north'")
    set_id = back_up(school)
    key = tmp_path / "key.txt"
    key.write_text(f"{school.identity}\n")
    folder = HOME / "by-hand"
    with Cluster(folder, find(16), settings=SCRATCH_SETTINGS) as server:
        environment = {
            **os.environ,
            "PATH": f"{find(16).bin_dir}:{os.environ['PATH']}",
            "SET": str(school.path(set_id, "manifest.json").parent),
            "KEY": str(key),
            "DATABASE": server.dsn("postgres"),
        }
        for command in COMMANDS:
            done = subprocess.run(
                ["bash", "-o", "pipefail", "-ec", command],
                env=environment,
                cwd=tmp_path / "home",
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, f"{command}\n{done.stderr}"
        assert totals(server.dsn("postgres")) == totals(database)
        assert settings(server.dsn("postgres")) == settings(database)
        assert len(settings(database)) == 4
    shutil.rmtree(folder)
    assert (tmp_path / "home" / "uploads" / "latest.jpg").readlink() == Path("photos/1.jpg")
    for path in ("photos/1.jpg", "empty"):
        assert digest(tmp_path / "home" / "uploads" / path) == digest(school.uploads / path)


def totals(dsn: str) -> tuple[object, ...]:
    query = "SELECT count(*), sum(points), (SELECT count(*) FROM public.person), public.gpa(7) FROM public.grade"
    with psycopg.connect(dsn) as connection:
        return connection.execute(query).fetchone() or ()


def settings(dsn: str) -> list[Setting]:
    with snapshot("database", dsn) as view:
        return view.settings()


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("program", ["age", "zstd", "tar", "sha256sum"])
def test_the_programs_of_the_page_are_here(program: str) -> None:
    assert shutil.which(program), f"install it: apt-get install {program}"
