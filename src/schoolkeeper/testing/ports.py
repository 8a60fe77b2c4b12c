"""Ports for servers that are told theirs before they start."""

import socket

from schoolkeeper.connectors.postgres.cluster_files import LOOPBACK

_kept: list[socket.socket] = []


def own_port() -> int:
    """A TCP port of the loopback address that no other process is given until this one ends.

    It stays bound, and nobody listens there: clients are refused, while a server may listen that sets
    SO_REUSEADDR, as servers do. A port that is let go of may be somebody else's before the server has started.
    """
    keeper = socket.socket()
    keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    keeper.bind((LOOPBACK, 0))
    _kept.append(keeper)
    port: int = keeper.getsockname()[1]
    return port
