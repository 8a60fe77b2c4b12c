"""Loading a dump in two goes: its tables into one database, its code later into another."""

import contextlib
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

from schoolkeeper.connectors.databases.contents import DatabaseContents
from schoolkeeper.connectors.mariadb import binaries, tools
from schoolkeeper.connectors.mariadb.address import Address
from schoolkeeper.connectors.mariadb.dump_parts import Part, parts
from schoolkeeper.connectors.mariadb.errors import ServerError
from schoolkeeper.connectors.mariadb.scratch import is_whole, without_rows
from schoolkeeper.kernel.errors import Permanent

KEPT: Mapping[Part, str] = {"code": "code.sql", "views": "views.sql", "events": "events.sql"}


def load_tables(address: Address, dump: Path, contents: DatabaseContents, dumped_by: str, keep: Path) -> None:
    """Load tables, sequences and rows; the rest goes into files in `keep`. Raises Permanent.

    A dump without its last line is refused: the part that is there would load without an error.
    """
    if not is_whole(dump):
        raise Permanent(f"the dump of {dumped_by} has no end")
    client = _client()
    keep.mkdir(parents=True, exist_ok=True, mode=0o700)
    outlet, inlet = os.pipe()
    with ThreadPoolExecutor(max_workers=1) as pool, os.fdopen(outlet, "rb") as stream:
        divided = pool.submit(_divide, dump, inlet, keep)
        said = tools.load(address, client, stream, contents.taken_at.timestamp())
        stream.close()  # a client that gave up reads no more, and the writer must learn it
        divided.result()
    _done(said)


def load_kept(address: Address, part: Part, keep: Path, moment_seconds: float) -> None:
    """Load what `load_tables` kept. Raises Permanent."""
    with (keep / KEPT[part]).open("rb") as file:
        _done(tools.load(address, _client(), file, moment_seconds))


def _divide(dump: Path, inlet: int, keep: Path) -> None:
    with contextlib.ExitStack() as stack:
        files: dict[Part, IO[bytes]] = {
            part: stack.enter_context(
                os.fdopen(os.open(keep / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
            )
            for part, name in KEPT.items()
        }
        lines = stack.enter_context(dump.open("rb"))
        with contextlib.suppress(BrokenPipeError), os.fdopen(inlet, "wb") as tables:
            files["tables"] = tables
            for part, line in parts(lines):
                for file in files.values() if part == "head" else (files[part],):
                    file.write(line)
        for file in files.values():
            if not file.closed:
                file.flush()
                os.fsync(file.fileno())


def _client() -> Path:
    try:
        return binaries.client("mariadb", "mysql")
    except ServerError as error:
        raise Permanent(str(error)) from error


def _done(said: str) -> None:
    if said:
        raise Permanent(f"the dump did not load: {without_rows(said)}")
