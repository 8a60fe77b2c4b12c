"""What `serve` runs: the web server and the workers, as children of one supervisor."""

import http.client
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass

from schoolkeeper.connectors.postgres.cluster_errors import PortTaken
from schoolkeeper.connectors.postgres.cluster_files import port_is_free
from schoolkeeper.server.configuration import Configuration
from schoolkeeper.server.database import ControlPlane, control_plane
from schoolkeeper.server.preparation import install_roles, migrate, set_up_django
from schoolkeeper.server.processes import Child
from schoolkeeper.server.supervisor import Supervisor

LOOPBACK = "127.0.0.1"
FIRST_WORKER = "main"
WEB_THREADS = 4
# Other commands may be using the database; they have this long to finish when we are told to stop.
PATIENCE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Serving:
    """What people need to know once everything is up. `first_sign_in` is the new administrator's, if one was made:
    (name, password), said this once and stored nowhere but hashed."""

    address: str
    first_sign_in: tuple[str, str] | None


def serve(
    configuration: Configuration,
    *,
    host: str,
    port: int,
    workers: int,
    started: Callable[[Serving], object],
) -> None:
    """Database, web server and workers, until SIGINT or SIGTERM; then everything is stopped.

    `started` is called once, when all is up. Raises ClusterError, PortTaken among them, and ChildFailed.
    """
    require_free(port)
    with control_plane(configuration, PATIENCE_SECONDS) as plane:
        prepare(plane)
        news = [Serving(f"http://{_reached_at(host)}:{port}/", first_sign_in())]

        def upkeep() -> None:
            plane.upkeep()
            while news:
                started(news.pop())

        Supervisor(children(host=host, port=port, workers=workers), configuration.home, upkeep=upkeep).run()


def prepare(plane: ControlPlane) -> None:
    """Load Django, and bring tables and roles to this release."""
    set_up_django(plane.url)
    migrate()
    install_roles()


def first_sign_in() -> tuple[str, str] | None:
    """Name and password of the first administrator, if one was made now. Django must be loaded."""
    from schoolkeeper.server.accounts import first_administrator

    made = first_administrator()
    return (made.name, made.password) if made else None


def require_free(port: int) -> None:
    """Raises PortTaken: otherwise we would take a stranger's answers for our own server's."""
    if not port_is_free(port):
        raise PortTaken(
            f"Port {port} is used by another program, perhaps by another `schoolkeeper serve`. "
            "Choose another with --port."
        )


def children(*, host: str = LOOPBACK, port: int, workers: int = 1) -> list[Child]:
    """That many workers and the web server. They get our environment, database address included.

    The web server comes last because it alone is waited for; so all come up side by side.
    """
    names = [FIRST_WORKER, *(f"{FIRST_WORKER}-{number}" for number in range(2, workers + 1))]
    return [*map(worker, names), web(host, port)]


def web(host: str, port: int) -> Child:
    """The control room's web server."""
    return Child(
        name="web",
        argv=[
            *(sys.executable, "-m", "granian", "--interface", "wsgi", "--host", host, "--port", str(port)),
            *("--workers", "1", "--blocking-threads", str(WEB_THREADS), "--no-ws", "--log-level", "warning"),
            "schoolkeeper.server.wsgi:application",
        ],
        env=_environment(),
        ready=answers(host, port),
    )


def worker(name: str) -> Child:
    """A process that carries out runs. It may be in the middle of a step when it is told to stop."""
    return Child(
        name=f"worker-{name}",
        argv=[sys.executable, "-m", "schoolkeeper.server.worker", name],
        env=_environment(),
        stop_timeout_seconds=15.0,
    )


def answers(host: str, port: int, path: str = "/", worst: int = 499) -> Callable[[], bool]:
    """A question to put again and again: does the web server answer with a status up to `worst`?"""

    def ask() -> bool:
        connection = http.client.HTTPConnection(_reached_at(host), port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status <= worst
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return ask


def _reached_at(host: str) -> str:
    return LOOPBACK if host in ("0.0.0.0", "::") else host  # noqa: S104  # compared, not bound


def _environment() -> dict[str, str]:
    return {**os.environ, "DJANGO_SETTINGS_MODULE": "schoolkeeper.server.settings", "PYTHONUNBUFFERED": "1"}
