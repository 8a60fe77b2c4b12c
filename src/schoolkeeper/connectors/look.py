"""Everything that a task may see, and nothing it could change anything with."""

from pathlib import Path
from typing import Self

from schoolkeeper.connectors.databases.protocol import DatabaseLook
from schoolkeeper.connectors.engines.barman.component import BarmanComponent
from schoolkeeper.connectors.engines.barman.look import BarmanLook
from schoolkeeper.connectors.engines.pgbackrest.component import PgbackrestComponent
from schoolkeeper.connectors.engines.pgbackrest.look import PgbackrestLook
from schoolkeeper.connectors.engines.protocol import EngineLook
from schoolkeeper.connectors.engines.restic.component import ResticComponent
from schoolkeeper.connectors.engines.restic.look import ResticLook
from schoolkeeper.connectors.files.component import FilesComponent
from schoolkeeper.connectors.files.look import FilesLook
from schoolkeeper.connectors.host.component import HostComponent
from schoolkeeper.connectors.host.look import HostLook
from schoolkeeper.connectors.logs.component import LogsComponent
from schoolkeeper.connectors.logs.look import LogsLook
from schoolkeeper.connectors.mariadb.component import MariadbComponent
from schoolkeeper.connectors.mariadb.look import MariadbLook
from schoolkeeper.connectors.opening import Opening
from schoolkeeper.connectors.postgres.component import PostgresComponent
from schoolkeeper.connectors.postgres.look import PostgresLook
from schoolkeeper.connectors.run_context import RunContext
from schoolkeeper.connectors.sqlite.component import SqliteComponent
from schoolkeeper.connectors.sqlite.look import SqliteLook
from schoolkeeper.connectors.store.component import StoreComponent
from schoolkeeper.connectors.store.look import StoreLook
from schoolkeeper.connectors.system import System
from schoolkeeper.connectors.web.component import WebComponent
from schoolkeeper.connectors.web.look import WebLook
from schoolkeeper.kernel.errors import NotDeclared
from schoolkeeper.kernel.spec import Spec
from schoolkeeper.profiles.model import Profile


class Look:
    """Read-only access to the components of one system, limited to the kinds that a Spec declares."""

    def __init__(self, system: System, profile: Profile, run: RunContext, spec: Spec) -> None:
        self.system = system
        self.profile = profile
        self.run = run
        self._readable = spec.readable
        self._opening = Opening(system, spec.readable, "reads")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opening.close()

    def has(self, name: str) -> bool:
        """Whether the system has a component of this name."""
        return name in self.system.components

    def postgres(self, name: str = "database") -> PostgresLook:
        return self._opening.connector(name, PostgresComponent, PostgresLook)

    def database(self, name: str = "database") -> DatabaseLook:
        """The database of this name, whichever product it is of."""
        match self.system.components.get(name):
            case MariadbComponent():
                return self._opening.connector(name, MariadbComponent, MariadbLook)
            case SqliteComponent():
                return self._opening.connector(name, SqliteComponent, SqliteLook)
            case _:
                return self.postgres(name)

    def engine(self, name: str) -> EngineLook:
        """The backup tool of this name, whichever it is."""
        match self.system.components.get(name):
            case PgbackrestComponent():
                return self._opening.connector(name, PgbackrestComponent, PgbackrestLook)
            case BarmanComponent():
                return self._opening.connector(name, BarmanComponent, BarmanLook)
            case _:
                return self._opening.connector(
                    name, ResticComponent, lambda name, component: ResticLook(name, component, self.system.slug)
                )

    def web(self, name: str = "web") -> WebLook:
        return self._opening.connector(name, WebComponent, WebLook)

    def host(self, name: str = "host") -> HostLook:
        return self._opening.connector(name, HostComponent, HostLook)

    def files(self, name: str) -> FilesLook:
        return self._opening.connector(name, FilesComponent, FilesLook)

    def logs(self, name: str = "logs") -> LogsLook:
        return self._opening.connector(name, LogsComponent, LogsLook)

    def store(self, name: str = "backups") -> StoreLook:
        return self._opening.connector(
            name,
            StoreComponent,
            lambda name, component: StoreLook(name, component, self.system.slug, self.run.signer),
        )

    @property
    def workspace(self) -> Path:
        """The run's own folder, made on first use: for a restored copy that is compared with what there is."""
        if "scratch" not in self._readable:
            raise NotDeclared("this task does not declare that it reads 'scratch'")
        self.run.workspace.mkdir(parents=True, exist_ok=True)
        return self.run.workspace
