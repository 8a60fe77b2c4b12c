"""The power to change a system: handed to `apply` alone."""

from pathlib import Path
from typing import Self

from schoolkeeper.connectors.engines.barman.act import BarmanAct
from schoolkeeper.connectors.engines.barman.component import BarmanComponent
from schoolkeeper.connectors.engines.pgbackrest.act import PgbackrestAct
from schoolkeeper.connectors.engines.pgbackrest.component import PgbackrestComponent
from schoolkeeper.connectors.engines.protocol import EngineAct
from schoolkeeper.connectors.engines.restic.act import ResticAct
from schoolkeeper.connectors.engines.restic.component import ResticComponent
from schoolkeeper.connectors.files.act import FilesAct
from schoolkeeper.connectors.files.component import FilesComponent
from schoolkeeper.connectors.look import Look
from schoolkeeper.connectors.opening import Opening
from schoolkeeper.connectors.postgres.act import PostgresAct
from schoolkeeper.connectors.postgres.component import PostgresComponent
from schoolkeeper.connectors.run_context import RunContext
from schoolkeeper.connectors.store.act import StoreAct
from schoolkeeper.connectors.store.component import StoreComponent
from schoolkeeper.connectors.system import System
from schoolkeeper.kernel.errors import NotDeclared
from schoolkeeper.kernel.spec import Spec
from schoolkeeper.profiles.model import Profile


class Act:
    """Changing access to the components whose kinds a Spec declares under `writes`; `look` sees the rest."""

    def __init__(self, system: System, profile: Profile, run: RunContext, spec: Spec) -> None:
        self.system = system
        self.run = run
        self.look = Look(system, profile, run, spec)
        self._writes = spec.writable
        self._opening = Opening(system, spec.writable, "writes")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opening.close()
        self.look.__exit__()

    def postgres(self, name: str = "database") -> PostgresAct:
        return self._opening.connector(name, PostgresComponent, PostgresAct)

    def files(self, name: str) -> FilesAct:
        return self._opening.connector(name, FilesComponent, FilesAct)

    def store(self, name: str = "backups") -> StoreAct:
        return self._opening.connector(
            name,
            StoreComponent,
            lambda name, component: StoreAct(name, component, self.system.slug, self.run.signer),
        )

    def engine(self, name: str) -> EngineAct:
        """The backup tool of this name, whichever it is."""
        match self.system.components.get(name):
            case PgbackrestComponent():
                return self._opening.connector(name, PgbackrestComponent, PgbackrestAct)
            case BarmanComponent():
                return self._opening.connector(name, BarmanComponent, BarmanAct)
            case _:
                return self._opening.connector(
                    name, ResticComponent, lambda name, component: ResticAct(name, component, self.system.slug)
                )

    @property
    def workspace(self) -> Path:
        """The run's own folder, made on first use: for scratch servers and working files."""
        if "scratch" not in self._writes:
            raise NotDeclared("this task does not declare that it writes 'scratch'")
        self.run.workspace.mkdir(parents=True, exist_ok=True)
        return self.run.workspace

    @property
    def quarantine(self) -> Path:
        """Where this run keeps what it takes away, so that its steps can be taken back."""
        folder = self.run.home / "quarantine" / self.run.key
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder
