"""The tasks that ship with Schoolkeeper. A new task adds one line here."""

from schoolkeeper.catalogue.database.analyze.task import Analyze
from schoolkeeper.catalogue.task import AnyTask

BUILTIN: tuple[AnyTask, ...] = (Analyze(),)
