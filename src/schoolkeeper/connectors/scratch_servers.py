"""Scratch servers for restored copies: the right one for each product, kept running between the steps of a run.

A server runs from the first step that needs it until its folder is released, because starting it for each step
takes longer than some of them. It dies with this process; a step that finds it gone starts it again.
"""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from schoolkeeper.connectors.databases.contents import DatabaseSource
from schoolkeeper.connectors.databases.protocol import ScratchServer
from schoolkeeper.connectors.engines.recovery import recover
from schoolkeeper.connectors.mariadb import binaries as mariadb
from schoolkeeper.connectors.mariadb.errors import MariadbNotFound
from schoolkeeper.connectors.mariadb.scratch import MariaScratch
from schoolkeeper.connectors.postgres.binaries import find
from schoolkeeper.connectors.postgres.cluster_errors import PostgresNotFound
from schoolkeeper.connectors.postgres.scratch import PostgresScratch
from schoolkeeper.connectors.sqlite.scratch import SqliteScratch
from schoolkeeper.connectors.store.planting import remove_tree

_RUNNING: dict[Path, ScratchServer] = {}
"""The scratch servers that this process has started, by their folders."""


def obstacle(source: DatabaseSource) -> str:
    """Why there can be no scratch server for this database here, "" when there can."""
    try:
        match source.product:
            case "postgres":
                find(source.server_major)
            case "mariadb":
                mariadb.find(mariadb.release_of(source.server_version))
    except (PostgresNotFound, MariadbNotFound) as error:
        return str(error).rstrip(".")
    return ""


def scratch_server(folder: Path, source: DatabaseSource) -> ScratchServer:
    """The server in `folder`, running; made and started where it is not. Raises Permanent."""
    server = _RUNNING.get(folder) or _new(folder, source)
    server.start()
    _RUNNING[folder] = server
    return server


def recovered_server(folder: Path, source: DatabaseSource, fetch: Callable[[Path], None]) -> PostgresScratch:
    """A server on the copied files of another one, which `fetch` puts into an empty folder, brought to the moment
    that was asked for there. Starts over when it was interrupted; when it fails nothing of it stays. Raises
    Permanent."""
    complete = folder / "recovered"
    if complete.is_file():
        there = scratch_server(folder, source)
        assert isinstance(there, PostgresScratch)
        return there
    release(folder)
    server = PostgresScratch(folder, source)
    with ExitStack() as incomplete:
        incomplete.callback(release, folder)
        server.cluster.files.folder.mkdir(parents=True, mode=0o711)
        fetch(server.cluster.files.data)
        recover(server.cluster)
        server.start()
        _RUNNING[folder] = server
        server.take_over(source.database)
        complete.touch()
        incomplete.pop_all()
    return server


def _new(folder: Path, source: DatabaseSource) -> ScratchServer:
    match source.product:
        case "postgres":
            return PostgresScratch(folder, source)
        case "mariadb":
            return MariaScratch(folder, source)
        case "sqlite":
            return SqliteScratch(folder, source)


def release(folder: Path) -> None:
    """Stop every scratch server below a folder, as far as this process has started one, and remove the folder."""
    for below in [one for one in _RUNNING if one.is_relative_to(folder)]:
        _RUNNING.pop(below).stop()
    remove_tree(folder)
