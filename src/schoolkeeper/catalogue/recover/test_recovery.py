"""A school to recover: the state that users see, and what must be gone after a test."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg import sql

from schoolkeeper.catalogue.backup.test_arrange import School, found_school
from schoolkeeper.connectors.postgres.cluster import Cluster
from schoolkeeper.testing.arrange import content_of
from schoolkeeper.testing.plugin import HOME

FOLDERS = ("uploads", "configuration")


@contextmanager
def a_school(database: str, cluster: Cluster) -> Iterator[School]:
    """Below a folder that the database server's account can get to; what recoveries put aside goes afterwards."""
    folder = Path(tempfile.mkdtemp(dir=HOME))
    folder.chmod(0o711)
    yield found_school(folder, database)
    shutil.rmtree(folder)
    name = database.rpartition("/")[2]
    with cluster.connect() as connection:
        for left in databases(cluster):
            if left.startswith(f"{name}_"):
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(left)))


def databases(cluster: Cluster) -> list[str]:
    """The databases of a server."""
    with cluster.connect() as connection:
        return [str(name) for (name,) in connection.execute("SELECT datname FROM pg_database ORDER BY 1")]


def beside(database: str, name: str) -> str:
    """The address of another database of the same server."""
    return f"{database.rpartition('/')[0]}/{name}"


def state_of(school: School) -> str:
    """The database and both folders, as users see them."""
    files = {
        str(path.relative_to(school.folder)): (path.lstat().st_mode, path.read_bytes() if path.is_file() else b"")
        for name in FOLDERS
        for path in sorted((school.folder / name).rglob("*"))
    }
    return content_of(school.database) + repr(files)
