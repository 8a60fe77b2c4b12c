"""Scratch servers for restored copies: the right one for each product, kept running between the steps of a run.

A server runs from the first step that needs it until its folder is released, because starting it for each step takes
longer than some of them. It dies with this process; a step that finds it gone starts it again.
"""

from pathlib import Path

from schoolkeeper.connectors.databases.contents import DatabaseSource
from schoolkeeper.connectors.databases.protocol import ScratchServer
from schoolkeeper.connectors.postgres.binaries import find
from schoolkeeper.connectors.postgres.cluster_errors import PostgresNotFound
from schoolkeeper.connectors.postgres.scratch import PostgresScratch
from schoolkeeper.connectors.store.planting import remove_tree

_RUNNING: dict[Path, ScratchServer] = {}
"""The scratch servers that this process has started, by their folders."""


def obstacle(source: DatabaseSource) -> str:
    """Why there can be no scratch server for this database here, "" when there can."""
    try:
        if source.product == "postgres":
            find(source.server_major)
    except PostgresNotFound as error:
        return str(error).rstrip(".")
    return ""


def scratch_server(folder: Path, source: DatabaseSource) -> ScratchServer:
    """The server in `folder`, running; made and started where it is not. Raises Permanent."""
    server = _RUNNING.get(folder) or _new(folder, source)
    server.start()
    _RUNNING[folder] = server
    return server


def _new(folder: Path, source: DatabaseSource) -> ScratchServer:
    match source.product:
        case "postgres":
            return PostgresScratch(folder, source)
        case product:
            raise ValueError(f"there is no scratch server for {product}")


def release(folder: Path) -> None:
    """Stop every scratch server below a folder, as far as this process has started one, and remove the folder."""
    for below in [one for one in _RUNNING if one.is_relative_to(folder)]:
        _RUNNING.pop(below).stop()
    remove_tree(folder)
