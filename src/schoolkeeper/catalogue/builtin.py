"""The tasks that ship with Schoolkeeper. A new task adds one line here."""

from schoolkeeper.catalogue.backup.create.task import Create
from schoolkeeper.catalogue.backup.drill.task import Drill
from schoolkeeper.catalogue.database.analyze.task import Analyze
from schoolkeeper.catalogue.health.database.task import DatabaseHealth
from schoolkeeper.catalogue.health.host.task import HostHealth
from schoolkeeper.catalogue.health.web.task import WebHealth
from schoolkeeper.catalogue.logs.errors.task import LogErrors
from schoolkeeper.catalogue.storage.cleanup.task import Cleanup
from schoolkeeper.catalogue.task import AnyTask

BUILTIN: tuple[AnyTask, ...] = (
    Analyze(),
    Cleanup(),
    Create(),
    DatabaseHealth(),
    Drill(),
    HostHealth(),
    LogErrors(),
    WebHealth(),
)
