"""The real web server on a real database with believable records, for the browser test and for pictures.

As a program it fills the database that the environment names: `python tests/controlroom/serving.py`.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from schoolkeeper.testing.ports import own_port

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 120  # on a machine that does other things too


@contextmanager
def served(dsn: str, home: Path, *, filled: bool = True) -> Iterator[str]:
    """The address of a control room on this database; its server ends with the context."""
    environment = {
        **os.environ,
        "SCHOOLKEEPER_DATABASE_URL": dsn,
        "SCHOOLKEEPER_HOME": str(home),
        "SCHOOLKEEPER_TIMEZONE": "Asia/Tashkent",
        "DJANGO_SETTINGS_MODULE": "schoolkeeper.server.settings",
        "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
    }
    fill = [sys.executable, __file__, "filled" if filled else "empty"]
    subprocess.run(fill, env=environment, check=True, timeout=300)
    port = own_port()
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    server = subprocess.Popen(
        [*command, "--log-level", "error", "schoolkeeper.server.wsgi:application"], env=environment
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address, server)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=PATIENCE_SECONDS)


def _wait_for(address: str, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            httpx.get(f"{address}/login/")
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the web server did not start")


def _fill(how: str) -> None:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import transaction
    from django.utils import timezone

    from tests.controlroom import believable, filling

    call_command("migrate", verbosity=0)
    with transaction.atomic():
        if how == "filled":
            filling.fill(timezone.now())
        else:
            believable.people()


if __name__ == "__main__":
    _fill(sys.argv[1])
