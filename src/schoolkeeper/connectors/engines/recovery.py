"""From a server's copied files to a server of ours: what it recovers to, and the first start, which does it.

The copied server must not behave like the original: it would archive into the school's archive, look for files of
another machine, or stop because settings given elsewhere are missing. So its configuration is put aside
(`postgresql.conf.taken` and so on) and replaced by one that reaches nobody and is reached by nobody.
"""

import os
import re
import secrets
import subprocess
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from schoolkeeper.connectors.engines.program import SEARCH
from schoolkeeper.connectors.engines.protocol import Moment
from schoolkeeper.connectors.guarded import Command, GuardedProcess, last_lines
from schoolkeeper.connectors.postgres import cluster_files
from schoolkeeper.connectors.postgres.account import Account
from schoolkeeper.connectors.postgres.binaries import Binaries, find
from schoolkeeper.connectors.postgres.cluster import OUR_SETTINGS_FILE, STOP, SUPERUSER, Cluster, Settings
from schoolkeeper.connectors.postgres.cluster_errors import ClusterError, PostgresNotFound
from schoolkeeper.kernel.errors import Permanent, Temporary

SETTING_FILES = ("postgresql.conf", "postgresql.auto.conf", "pg_hba.conf", "pg_ident.conf")
POLL_SECONDS = 0.1
RECOVERY_TIMEOUT_SECONDS = 6 * 3600
UNTIL_FILE = "schoolkeeper.until"  # the segment that a recovery to the end has to come to
_HBA = "host all all 127.0.0.1/32 scram-sha-256\n"
# A server in recovery demands at least the values that its original had. Names as pg_controldata prints them.
_CONTROLLED = {
    "max_connections setting": "max_connections",
    "max_worker_processes setting": "max_worker_processes",
    "max_wal_senders setting": "max_wal_senders",
    "max_prepared_xacts setting": "max_prepared_transactions",
    "max_locks_per_xact setting": "max_locks_per_transaction",
}
# Texts of PostgreSQL's xlogrecovery.c, and what they mean to a person.
_NOT_REACHED = {
    "recovery ended before configured recovery target was reached": (
        "what was archived ends before the moment that was asked for; ask for an earlier one, or for all there is"
    ),
    "requested recovery stop point is before consistent recovery point": (
        "the copy was completed only after the moment that was asked for; choose an older copy"
    ),
}


def prepare(into: Path, account: Account | None) -> None:
    """Have an empty folder that belongs to PostgreSQL's account. Raises Permanent when it cannot be."""
    try:
        into.mkdir(parents=True, exist_ok=True)
        if any(into.iterdir()):
            raise Permanent(f"{into} is not empty")
        into.chmod(0o700)
        if account is not None:
            account.require_way_to(into.parent)
            os.chown(into, account.uid, account.gid)
    except (OSError, ClusterError) as error:
        raise Permanent(f"no server's files can be put into {into}: {error}") from error


def lend(folder: Path, account: Account | None) -> None:
    """Have a folder that a tool's account can write to. Raises Permanent when it cannot be."""
    try:
        folder.mkdir(exist_ok=True)
        if account is not None:
            account.require_way_to(folder.parent)
            os.chown(folder, account.uid, account.gid)
    except (OSError, ClusterError) as error:
        raise Permanent(f"no log can be put into {folder}: {error}") from error


def require_possible(moment: Moment, completed_at: datetime | None) -> None:
    """Raise Permanent for a moment that makes no sense, or that lies before the end of the copy."""
    if sum((moment.time is not None, bool(moment.transaction), bool(moment.name), moment.latest)) > 1:
        raise Permanent("a recovery has one target: a time, a transaction, a restore point, or all there is")
    if moment.transaction and not moment.transaction.isdecimal():
        raise Permanent(f"{moment.transaction!r} is no number of a transaction")
    if moment.time is None:
        return
    if moment.time.utcoffset() is None:
        raise Permanent("the time to recover to needs a time zone")
    if completed_at is not None and moment.time < completed_at:
        raise Permanent(
            f"the copy was completed at {completed_at:%Y-%m-%d %H:%M:%S %Z}, after the moment that was asked for; "
            "choose an older copy"
        )


@dataclass(frozen=True, slots=True)
class Log:
    """The archived log of a server. `restore_command` fetches a segment and `at_end` is run after the recovery, in
    PostgreSQL's syntax and in its data folder. `last_segment` is the last one of the newest timeline."""

    restore_command: str
    last_segment: str
    at_end: str = ""


def settle(folder: Path, account: Account | None, moment: Moment, log: Log) -> None:
    """Make a folder of copied files one that a server starts on, recovers to `moment`, and is then on its own.

    Raises Permanent for a server with tablespaces.
    """
    if any((folder / "pg_tblspc").iterdir()):
        raise Permanent("the server has tablespaces outside of its data folder, which are not supported")
    settings: Settings = {
        "listen_addresses": cluster_files.LOOPBACK,
        "unix_socket_directories": "",
        "archive_mode": "off",
        "hot_standby": "off",  # connections are accepted when everything is there, not before
        **_demanded(folder),
        "restore_command": log.restore_command,
        "recovery_end_command": log.at_end,
        "recovery_target_action": "promote",
        **_target(moment),
    }
    include = f"include_if_exists = '{OUR_SETTINGS_FILE}'\n"
    contents = {
        "postgresql.conf": cluster_files.render_settings(settings) + include,
        "postgresql.auto.conf": "",
        "pg_hba.conf": _HBA,
        "pg_ident.conf": "",
        "recovery.signal": "",
        UNTIL_FILE: log.last_segment if moment.latest else "",
    }
    for name in SETTING_FILES:
        if os.path.lexists(folder / name):
            (folder / name).replace(folder / f"{name}.taken")
    for name in ("standby.signal", OUR_SETTINGS_FILE):
        (folder / name).unlink(missing_ok=True)
    for name, content in contents.items():
        cluster_files.write_whole(folder / name, content, account)


def recover(cluster: Cluster, timeout_seconds: float = RECOVERY_TIMEOUT_SECONDS) -> None:
    """Let a server recover on the settled folder `cluster.files.data`, give us a login, and stop it again.

    Afterwards `cluster` starts on it like on any other. May be repeated after an interruption. Raises Permanent,
    with the server's words, when the moment cannot be reached, and Temporary after the time limit.
    """
    port = cluster_files.free_port()
    log = cluster.files.server_log
    before = log.stat().st_size if log.exists() else 0
    argv = [str(cluster.binaries.path("postgres")), "-D", str(cluster.files.data), "-c", f"port={port}"]
    user = (cluster.account.uid, cluster.account.gid) if cluster.account else None
    server = GuardedProcess(Command(name="postgres", argv=argv, env=_environment(), log=log, stop=STOP, user=user))
    deadline = time.monotonic() + timeout_seconds
    try:
        while server.poll() is None and not _ready(cluster) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        recovered = server.poll() is None and _ready(cluster)
    finally:
        server.stop()
    if recovered:
        _require_end(cluster)
        _give_login(cluster)
    elif time.monotonic() >= deadline:
        raise Temporary(f"the recovery was not done after {timeout_seconds / 3600:.1f} h; it begins anew")
    else:
        raise Permanent(_why(last_lines(log, 200, from_byte=before)))


def _demanded(folder: Path) -> dict[str, str | int]:
    major = int((folder / "PG_VERSION").read_text().strip())
    try:
        found = _controlled(find(major), folder)
    except (PostgresNotFound, subprocess.CalledProcessError) as error:
        raise Permanent(f"what the server demands of its settings cannot be read: {error}") from error
    return {setting: int(found[name]) for name, setting in _CONTROLLED.items() if name in found}


def _controlled(binaries: Binaries, folder: Path) -> dict[str, str]:
    """What pg_controldata tells, by its names."""
    argv = [str(binaries.path("pg_controldata")), "-D", str(folder)]
    said = subprocess.run(argv, env=_environment(), check=True, capture_output=True, text=True).stdout
    return dict(re.findall(r"^(.+?): +(\S.*)$", said, re.MULTILINE))


def _target(moment: Moment) -> Settings:
    if moment.time is not None:
        until = moment.time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f+00")
        return {"recovery_target_time": until, "recovery_target_inclusive": "off"}
    if moment.transaction:
        return {"recovery_target_xid": moment.transaction, "recovery_target_inclusive": "off"}
    if moment.name:
        return {"recovery_target_name": moment.name}
    if moment.latest:
        return {}
    return {"recovery_target": "immediate", "recovery_target_timeline": "current"}


def _ready(cluster: Cluster) -> bool:
    found = cluster_files.read_postmaster(cluster.files.data)
    return found is not None and found.ready and found.is_alive_in(cluster.files.data)


def _require_end(cluster: Cluster) -> None:
    """Where all there is was asked for, PostgreSQL takes a missing or damaged segment for the end of the log."""
    last = (cluster.files.data / UNTIL_FILE).read_text().strip()
    if not last:
        return
    done = re.findall(
        r"redo done at ([0-9A-F]+)/([0-9A-F]+)", cluster.files.server_log.read_text(errors="replace")
    )
    segment_bytes = int(_controlled(cluster.binaries, cluster.files.data)["Bytes per WAL segment"])
    reached = max((int(high + low.zfill(8), 16) // segment_bytes for high, low in done), default=0)
    if reached < int(last[8:16], 16) * (0x100000000 // segment_bytes) + int(last[16:], 16):
        raise Permanent(
            f"the recovery ended before the last segment of the archived log, {last}: one before it is missing or "
            "damaged. Recover to a time, which tells how far it goes."
        )


def _give_login(cluster: Cluster) -> None:
    """A superuser of ours, made without a server: so nobody had to be let in without a password."""
    password = secrets.token_urlsafe(32)
    statements = (
        f"CREATE ROLE {SUPERUSER} SUPERUSER LOGIN\n"  # fails when the copied server has one, also one of ours
        f"ALTER ROLE {SUPERUSER} SUPERUSER LOGIN PASSWORD '{password}'\n"
    )
    account = cluster.account
    done = subprocess.run(
        [cluster.binaries.path("postgres"), "--single", "-D", cluster.files.data, "postgres"],
        input=statements,
        cwd="/",
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )
    if done.returncode:
        raise Permanent(_why(done.stderr.replace(password, "***")))
    cluster_files.write_whole(cluster.files.password, f"{SUPERUSER}\n{password}\n")


def _why(said: str) -> str:
    for words, meaning in _NOT_REACHED.items():
        if words in said:
            return meaning
    fatal = [line.partition("FATAL:")[2].strip() for line in said.splitlines() if "FATAL:" in line]
    return f"the copied server does not start: {fatal[-1] if fatal else 'it ended without saying why'}"


def _environment() -> dict[str, str]:
    return {"PATH": SEARCH, "LC_ALL": "C.UTF-8", "TZ": "UTC"}
