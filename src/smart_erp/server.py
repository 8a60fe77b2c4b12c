"""The web server: one granian worker with a few threads, which ends cleanly on SIGTERM and SIGINT."""

from __future__ import annotations

from granian import Granian
from granian.constants import Interfaces

from smart_erp.environment import Environment

THREADS = 4


def serve(environment: Environment) -> None:
    print(
        f"Smart Education ERP {environment.release.version} on http://{environment.host}:{environment.port}",
        flush=True,
    )
    Granian(
        target="smart_erp.wsgi:application",
        address=environment.host,
        port=environment.port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=THREADS,
        log_access=False,
        websockets=False,
    ).serve()
