"""Everything that a task may see, and nothing it could change anything with."""

from pathlib import Path
from typing import Self

from schoolkeeper.connectors.databases.protocol import DatabaseLook
from schoolkeeper.connectors.files.component import FilesComponent
from schoolkeeper.connectors.files.look import FilesLook
from schoolkeeper.connectors.host.component import HostComponent
from schoolkeeper.connectors.host.look import HostLook
from schoolkeeper.connectors.logs.component import LogsComponent
from schoolkeeper.connectors.logs.look import LogsLook
from schoolkeeper.connectors.opening import Opening
from schoolkeeper.connectors.postgres.component import PostgresComponent
from schoolkeeper.connectors.postgres.look import PostgresLook
from schoolkeeper.connectors.run_context import RunContext
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
        return self.postgres(name)

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
            name, StoreComponent, lambda name, component: StoreLook(name, component, self.system.slug)
        )

    @property
    def workspace(self) -> Path:
        """The run's own folder, made on first use: for a restored copy that is compared with what there is."""
        if "scratch" not in self._readable:
            raise NotDeclared("this task does not declare that it reads 'scratch'")
        self.run.workspace.mkdir(parents=True, exist_ok=True)
        return self.run.workspace
