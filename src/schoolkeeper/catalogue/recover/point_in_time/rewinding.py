"""One recovery between its steps."""

from collections.abc import Mapping

from schoolkeeper.catalogue.recover.point_in_time import recording
from schoolkeeper.catalogue.recover.point_in_time.facts import Record
from schoolkeeper.catalogue.recover.system.looking import administration_of
from schoolkeeper.catalogue.recover.system.recording import record_path
from schoolkeeper.connectors.act import Act
from schoolkeeper.connectors.databases.contents import DatabaseContents
from schoolkeeper.connectors.postgres.swapping import DatabaseSwap
from schoolkeeper.kernel.errors import Permanent

Result = Mapping[str, object]
DATABASE = "database"


class Rewind:
    """What was written down when the run began, and how far it has come."""

    def __init__(self, act: Act, record: Record) -> None:
        self.act = act
        self.record = record

    @property
    def swap(self) -> DatabaseSwap:
        return recording.swap_of(administration_of(self.act.system, DATABASE), self.record.tag, self.record.into)

    @property
    def contents(self) -> DatabaseContents:
        return contents_of(self.act, self.record.recovered.contents_sha256)

    def note(self, **changes: object) -> None:
        """Write down how far the run has come."""
        self.record = self.record.model_copy(update=changes)
        recording.write(record_path(self.act.run), self.record)


def contents_of(act: Act, sha256: str) -> DatabaseContents:
    """What the recovered copy held when it was looked at."""
    found = recording.read(act.workspace / recording.FOLDER / recording.CONTENTS, DatabaseContents)
    if found is None or recording.sha256_of(found) != sha256:
        raise Permanent("what was recovered when this was planned is not there any more; plan it again")
    return found
