"""Which file on which machine an SQLite database is: what a server's identifier is for other products."""

import hashlib
import socket
from pathlib import Path

# Copied images of a machine may share the first, so the host's name counts as well.
MACHINE_IDS = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))


def identity_of(path: Path) -> str | None:
    """A digest of the machine and the real path; None where the machine has no identity of its own."""
    machine = next((text for one in MACHINE_IDS if (text := _read(one))), "")
    if not machine:
        return None
    place = f"schoolkeeper sqlite\0{machine}\0{socket.gethostname()}\0{path.resolve()}"
    return hashlib.sha256(place.encode()).hexdigest()[:32]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
