"""A line to a server that a test can cut: connections go through a relay on the loopback address."""

import socket
import struct
import threading
from contextlib import suppress

from schoolkeeper.connectors.postgres.cluster_files import LOOPBACK

PIECE_BYTES = 65536
RESET = struct.pack("ii", 1, 0)  # closing with unsent data thrown away, which the other side sees as a fault


class CuttableLine:
    """Relays connections to `port` and can cut them; use as a context manager and connect to its own `port`."""

    def __init__(self, port: int) -> None:
        self._target_port = port
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._left_bytes: int | None = None
        self._each_bytes = self._left_cuts = 0
        self.cuts = 0

    def __enter__(self) -> "CuttableLine":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        """Cut all connections now; new ones are let through."""
        with self._lock:
            ends, self._open = self._open, set()
        for end in ends:
            with suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def cut_after(self, count_bytes: int, times: int) -> None:
        """Cut all connections whenever so many more bytes have gone to the server, so many times."""
        with self._lock:
            self._left_bytes, self._left_cuts, self._each_bytes = count_bytes, times, count_bytes

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection((LOOPBACK, self._target_port))
            except OSError:
                near.close()
                continue
            with self._lock:
                self._open |= {near, far}
            threading.Thread(target=self._pump, args=(near, far, True), daemon=True).start()
            threading.Thread(target=self._pump, args=(far, near, False), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, to_server: bool) -> None:
        with suppress(OSError):
            while piece := source.recv(PIECE_BYTES):
                if to_server and self._must_cut(len(piece)):
                    self.cut()
                    return
                target.sendall(piece)
        for end in (source, target):
            with self._lock:
                self._open.discard(end)
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _must_cut(self, count_bytes: int) -> bool:
        with self._lock:
            if self._left_cuts == 0 or self._left_bytes is None:
                return False
            self._left_bytes -= count_bytes
            if self._left_bytes > 0:
                return False
            self._left_bytes = self._each_bytes
            self._left_cuts -= 1
            self.cuts += 1
            return True
