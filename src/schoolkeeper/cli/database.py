"""The database for the time of one command.

Django and psycopg take half a second to import, hence late: `schoolkeeper --help` needs neither.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from schoolkeeper.cli.exits import CouldNotLook


@contextmanager
def database(*, create: bool = False) -> Iterator[None]:
    """Have the control-plane database and Django ready.

    The server is that of SCHOOLKEEPER_DATABASE_URL, else the embedded one: the running one where `serve` is at
    work, else one started for the command's duration. In a process that is ready already nothing happens.
    Only with `create` a new installation is made where there is none: a command that looks, with a wrong
    SCHOOLKEEPER_HOME, must not find an empty one and call it fine. Raises CouldNotLook when the database is away.
    """
    from django.apps import apps

    if apps.ready:
        yield
        return
    from schoolkeeper.server import configuration
    from schoolkeeper.server.database import control_plane
    from schoolkeeper.server.preparation import migrate, set_up_django

    settings = configuration.read()
    if not create and not settings.database_url and not (settings.home / "postgres").is_dir():
        raise CouldNotLook(
            f"There is no installation in {settings.home}. Start `schoolkeeper serve`, or set SCHOOLKEEPER_HOME."
        )
    with control_plane(settings) as plane:
        set_up_django(plane.url)
        from django.db import InterfaceError, OperationalError, connections

        try:
            migrate()
            yield
        except (OperationalError, InterfaceError) as error:
            raise CouldNotLook(f"The control-plane database is away: {_first_line(error)}") from error
        finally:
            connections.close_all()


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
