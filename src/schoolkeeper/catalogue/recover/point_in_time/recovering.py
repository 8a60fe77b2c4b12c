"""Recovering on a scratch server, and holding what came of it against the live database."""

import re
from datetime import UTC, datetime
from pathlib import Path

from schoolkeeper.catalogue.recover.point_in_time.facts import LaterWork, Recovered, TableDifference
from schoolkeeper.catalogue.recover.point_in_time.recording import CONTENTS, FOLDER, read, sha256_of, write
from schoolkeeper.connectors.databases.contents import DatabaseContents, DatabaseSource
from schoolkeeper.connectors.databases.protocol import QueryFailed, ScratchServer
from schoolkeeper.connectors.engines.archived_log import ArchivedLog
from schoolkeeper.connectors.engines.log_search import after
from schoolkeeper.connectors.engines.protocol import Moment, PhysicalLook
from schoolkeeper.connectors.look import Look
from schoolkeeper.connectors.postgres.administration import Administration
from schoolkeeper.connectors.postgres.cluster_files import ClusterFiles
from schoolkeeper.connectors.postgres.snapshot import snapshot
from schoolkeeper.connectors.postgres.survey import survey
from schoolkeeper.connectors.postgres.target import DatabaseTarget
from schoolkeeper.connectors.postgres.timeline import gathering_for
from schoolkeeper.connectors.scratch_servers import recovered_server
from schoolkeeper.kernel.failpoints import failpoint
from schoolkeeper.profiles.model import Profile

SEEN = "recovered.json"
COPY = "copy"
SURVEY_CONNECTIONS = 1  # users should not feel it
# Of 16 MB each: more than this is read only in part to count what came after the moment.
SEGMENTS_COUNTED = 256
SEGMENT = "SELECT setting::bigint AS segment_bytes FROM pg_settings WHERE name = 'wal_segment_size'"
SERVER = """
SELECT system_identifier::text FROM pg_control_system()
"""
_REDONE = re.compile(r"redo done at ([0-9A-F]+)/([0-9A-F]+)")
_STOPPED_BEFORE = "recovery stopping before"
_LAST = re.compile(r"last completed transaction was at log time (\S+ \S+)")


def source_of(target: DatabaseTarget) -> DatabaseSource:
    """What a scratch server must know of the database that comes with a server's files."""
    return DatabaseSource(
        system_identifier=target.system_identifier,
        database=target.database,
        server_version=str(target.server_major),
        server_major=target.server_major,
        encoding="",
        collate="",
        ctype="",
    )


def recover(
    look: Look, engine: PhysicalLook, copy_id: str, moment: Moment, target: DatabaseTarget
) -> tuple[Recovered, DatabaseContents]:
    """Recover on a scratch server below the run's workspace, once, and look at it. The server is stopped; its
    files stay for the later stages of the run. Raises Permanent when the moment cannot be reached."""
    folder = look.workspace / FOLDER
    seen, contents = read(folder / SEEN, Recovered), read(folder / CONTENTS, DatabaseContents)
    if seen is not None and contents is not None:
        return seen, contents
    server = recovered_server(
        folder / COPY, source_of(target), lambda into: engine.fetch_server(copy_id, into, moment)
    )
    failpoint("recover.point_in_time.recovered")
    try:
        contents = server.observe()
        seen = _seen(server, contents, folder / COPY, look.profile)
    finally:
        server.stop()
    write(folder / CONTENTS, contents)
    write(folder / SEEN, seen)
    return seen, contents


def differing(administration: Administration, contents: DatabaseContents) -> list[TableDifference]:
    """The tables whose rows are not now what they were then, as of one moment of the live database."""
    address = administration.address(administration.database)
    with snapshot(administration.name, address) as view:
        now = survey(view, address, SURVEY_CONNECTIONS)
    then = contents.tables
    return [
        TableDifference(
            table=name,
            rows=then[name].rows if name in then else None,
            rows_now=now[name].rows if name in now else None,
        )
        for name in sorted(then.keys() | now.keys())
        if then.get(name) != now.get(name)
    ]


def later_work(look: Look, log: ArchivedLog, recovered: Recovered) -> LaterWork:
    """What was committed after the place where the recovery ended. Raises Permanent when the log is damaged."""
    database = look.postgres()
    segment_bytes = int(database.row(SEGMENT)["segment_bytes"])
    later = after(log, gathering_for(database), recovered.lsn, segment_bytes, SEGMENTS_COUNTED)
    changes = [change for one in later.transactions for change in one.changes]
    return LaterWork(
        transactions=len(later.transactions),
        inserted=sum(change.inserted for change in changes),
        updated=sum(change.updated for change in changes),
        deleted=sum(change.deleted for change in changes),
        complete=later.complete,
    )


def _seen(server: ScratchServer, contents: DatabaseContents, folder: Path, profile: Profile) -> Recovered:
    """Where the replay ended stands in the server's log: after it, the server itself does not know any more."""
    said = ClusterFiles(folder).server_log.read_text(errors="replace")
    redone, last = _REDONE.findall(said), _LAST.findall(said)
    # The last record that was read is the first that was not replayed when the replay stopped before it.
    end = int(redone[-1][0] + redone[-1][1].zfill(8), 16) + (_STOPPED_BEFORE not in said) if redone else 0
    row = server.rows(SERVER)[0]
    return Recovered(
        contents_sha256=sha256_of(contents),
        system_identifier=row["system_identifier"],
        ended_at=datetime.fromisoformat(last[-1]).astimezone(UTC) if last else None,
        lsn=end,
        tables=len(contents.tables),
        rows=sum(table.rows for table in contents.tables.values()),
        broken=_broken(server, profile),
    )


def _broken(server: ScratchServer, profile: Profile) -> dict[str, int]:
    found: dict[str, int] = {}
    for assertion in profile.integrity:
        try:
            if rows := len(server.rows(assertion.query)):
                found[assertion.code] = rows
        except QueryFailed:
            found[assertion.code] = -1
    return found
