import socket

import pytest

from schoolkeeper.testing.ports import own_port


def test_a_port_is_kept_for_the_server_that_is_told_it() -> None:
    address = ("127.0.0.1", own_port())
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)
    with socket.socket() as stranger, pytest.raises(OSError, match="in use"):
        stranger.bind(address)
    with socket.create_server(address):  # sets SO_REUSEADDR
        socket.create_connection(address).close()
