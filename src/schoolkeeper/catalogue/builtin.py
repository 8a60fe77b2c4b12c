"""The tasks that ship with Schoolkeeper. A new task adds one line here."""

from schoolkeeper.catalogue.backup.copy.task import Copy
from schoolkeeper.catalogue.backup.create.task import Create
from schoolkeeper.catalogue.backup.drill.task import Drill
from schoolkeeper.catalogue.backup.prune.task import Prune
from schoolkeeper.catalogue.backup.verify.task import Verify
from schoolkeeper.catalogue.database.analyze.task import Analyze
from schoolkeeper.catalogue.health.database.task import DatabaseHealth
from schoolkeeper.catalogue.health.host.task import HostHealth
from schoolkeeper.catalogue.health.web.task import WebHealth
from schoolkeeper.catalogue.load.activity.task import Activity
from schoolkeeper.catalogue.logs.errors.task import LogErrors
from schoolkeeper.catalogue.recover.files.task import RecoverFiles
from schoolkeeper.catalogue.recover.point_in_time.task import RecoverPointInTime
from schoolkeeper.catalogue.recover.rows.task import RecoverRows
from schoolkeeper.catalogue.recover.system.task import RecoverSystem
from schoolkeeper.catalogue.storage.cleanup.task import Cleanup
from schoolkeeper.catalogue.task import AnyTask

BUILTIN: tuple[AnyTask, ...] = (
    Activity(),
    Analyze(),
    Cleanup(),
    Copy(),
    Create(),
    DatabaseHealth(),
    Drill(),
    HostHealth(),
    LogErrors(),
    Prune(),
    RecoverFiles(),
    RecoverPointInTime(),
    RecoverRows(),
    RecoverSystem(),
    Verify(),
    WebHealth(),
)
