"""The scratch server: what it refuses, what it never does, and that nothing of it is left behind."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from schoolkeeper.connectors.databases.protocol import QueryFailed
from schoolkeeper.connectors.mariadb import binaries
from schoolkeeper.connectors.mariadb.errors import MariadbNotFound
from schoolkeeper.connectors.mariadb.scratch import MariaScratch
from schoolkeeper.connectors.mariadb.server import MariaServer
from schoolkeeper.connectors.mariadb.session import connect
from schoolkeeper.kernel.errors import Permanent, Unreachable
from schoolkeeper.testing.plugin import HOME
from tests.connectors.mariadb.school import restore, run, save

HOLDER = """
import sys, time
from pathlib import Path
from schoolkeeper.connectors.mariadb.binaries import find
from schoolkeeper.connectors.mariadb.server import MariaServer
server = MariaServer(Path(sys.argv[1]), find((10, 3)))
server.start()
print("started", flush=True)
time.sleep(600)
"""


def test_restored_events_never_run(mariadb: str, scratch: MariaScratch, tmp_path: Path) -> None:
    run(
        mariadb,
        "CREATE TABLE t (a INT)",
        "CREATE EVENT often ON SCHEDULE EVERY 1 SECOND DO INSERT INTO t VALUES (1)",
    )
    path, contents = save(mariadb, tmp_path)
    assert restore(scratch, path, contents).objects == contents.objects
    assert scratch.rows("SELECT @@GLOBAL.event_scheduler AS state") == [{"state": "OFF"}]
    with pytest.raises(Exception, match="SUPER"):
        run(scratch.address(), "SET GLOBAL event_scheduler = ON")


def test_an_event_whose_time_has_passed_since_comes_back(
    mariadb: str, scratch: MariaScratch, tmp_path: Path
) -> None:
    long_ago = datetime(2020, 9, 13, tzinfo=UTC)
    run(
        mariadb,
        f"SET timestamp = {long_ago.timestamp()}",
        "CREATE EVENT soon ON SCHEDULE AT '2020-09-14 12:00' DO DO 1",
    )
    path, contents = save(mariadb, tmp_path)
    assert "event" not in restore(scratch, path, contents).objects
    then = contents.model_copy(update={"taken_at": long_ago})
    assert restore(scratch, path, then).objects == contents.objects


def test_a_truncated_dump_is_no_copy(mariadb: str, scratch: MariaScratch, tmp_path: Path) -> None:
    run(mariadb, "CREATE TABLE a (a INT)", "CREATE TABLE b (a INT)")
    path, contents = save(mariadb, tmp_path)
    text = path.read_bytes()
    path.write_bytes(text[: text.index(b"-- Table structure for table `b`")])
    (fault,) = scratch.restore(path, contents, "mariadb-dump")
    assert (fault.code, fault.level) == ("restore_failed", "error")


def test_a_dump_that_does_not_load_tells_nothing_of_its_rows(
    mariadb: str, scratch: MariaScratch, tmp_path: Path
) -> None:
    run(mariadb, "CREATE TABLE person (name TEXT)", "INSERT INTO person VALUES ('Gulnora')")
    path, contents = save(mariadb, tmp_path)
    path.write_bytes(path.read_bytes().replace(b"('Gulnora')", b"('Gulnora' 'x' y)"))
    (fault,) = scratch.restore(path, contents, "mariadb-dump")
    assert fault.code == "restore_failed"
    assert fault.found.startswith("ERROR 1064 (42000) at line ")
    assert "Gulnora" not in fault.found


def test_a_dump_cannot_run_programs(mariadb: str, scratch: MariaScratch, tmp_path: Path) -> None:
    run(mariadb, "CREATE TABLE t (a INT)")
    path, contents = save(mariadb, tmp_path)
    path.write_bytes(
        f"\\! touch {tmp_path}/was-here\nsystem touch {tmp_path}/was-here\n".encode() + path.read_bytes()
    )
    scratch.restore(path, contents, "mariadb-dump")
    assert not (tmp_path / "was-here").exists()


def test_restoring_again_replaces_what_was_there(mariadb: str, scratch: MariaScratch, tmp_path: Path) -> None:
    run(mariadb, "CREATE TABLE t (a INT)", "INSERT INTO t VALUES (1)")
    path, contents = save(mariadb, tmp_path)
    passed: list[int] = []
    for _ in range(2):
        assert scratch.restore(path, contents, "mariadb-dump", lambda: passed.append(1)) == []
        scratch.execute("CREATE TABLE left_over (a INT)")
    assert passed == [1, 1]
    assert restore(scratch, path, contents).tables == contents.tables


def test_queries(mariadb: str, scratch: MariaScratch, tmp_path: Path) -> None:
    run(mariadb, "CREATE TABLE t (a INT)", "INSERT INTO t VALUES (1)")
    restore(scratch, *save(mariadb, tmp_path))
    assert scratch.rows("SELECT a FROM t WHERE 'x%' LIKE '%'") == [{"a": 1}]
    scratch.execute("DELETE FROM t")
    assert scratch.rows("SELECT a FROM t") == []
    with pytest.raises(QueryFailed, match="1146") as failed:
        scratch.rows("SELECT 'Gulnora' FROM nothing")
    assert "Gulnora" not in str(failed.value)


def test_a_broken_view_is_pointed_at(mariadb: str, scratch: MariaScratch, tmp_path: Path) -> None:
    run(mariadb, "CREATE TABLE t (a INT)", "CREATE VIEW v AS SELECT a FROM t")
    restore(scratch, *save(mariadb, tmp_path))
    scratch.execute("DROP TABLE t")
    checked, faults = scratch.check()
    assert (checked, [(fault.subject, fault.level) for fault in faults]) == (1, [("view v", "warning")])


def test_a_damaged_table_is_found(mariadb: str, scratch: MariaScratch, tmp_path: Path) -> None:
    run(mariadb, "CREATE TABLE t (a INT, KEY (a)) ENGINE=MyISAM", "INSERT INTO t SELECT seq FROM seq_1_to_9999")
    _, contents = (saved := save(mariadb, tmp_path))
    restore(scratch, *saved)
    scratch.execute("FLUSH TABLES")
    index = scratch.server.data / contents.source.database / "t.MYI"
    content = bytearray(index.read_bytes())
    content[2048:4096] = bytes(2048)
    index.write_bytes(content)
    checked, faults = scratch.check()
    assert (checked, [(fault.code, fault.subject) for fault in faults]) == (1, [("corrupt", "table t")])


def test_it_runs_with_the_settings_of_the_source_and_keeps_them(tmp_path: Path) -> None:
    source = MariaServer(
        HOME / "mariadb-other",
        binaries.find((10, 3)),
        {"lower_case_table_names": 1, "sql_mode": "ANSI_QUOTES", "default_time_zone": "+05:00"},
    )
    with source:
        with source.connect() as connection:
            connection.query("CREATE DATABASE Old_School")
        dsn = source.address("old_school").url()
        run(dsn, "CREATE TABLE Student (id INT)", "CREATE VIEW Everyone AS SELECT * FROM Student")
        path, contents = save(dsn, tmp_path)
    folder = HOME / "mariadb-other-scratch"
    with MariaScratch(folder, contents.source) as scratch:
        assert restore(scratch, path, contents).objects == contents.objects
    with MariaScratch(folder, contents.source) as again:
        found = again.observe()
        assert (found.tables, found.objects) == (contents.tables, contents.objects)
        asked = "SELECT @@GLOBAL.lower_case_table_names AS l, @@GLOBAL.sql_mode AS s, @@GLOBAL.time_zone AS z"
        assert again.rows(asked) == [{"l": 1, "s": "ANSI_QUOTES", "z": "+05:00"}]


def test_another_release_is_told(mariadb: str, scratch: MariaScratch, tmp_path: Path) -> None:
    run(mariadb, "CREATE TABLE t (a INT)")
    path, contents = save(mariadb, tmp_path)
    older = contents.model_copy(
        update={"source": contents.source.model_copy(update={"server_version": "10.6.12"})}
    )
    (fault,) = scratch.restore(path, older, "mariadb-dump")
    assert (fault.subject, fault.expected, fault.level) == ("release", "MariaDB 10.6.12", "warning")


def test_a_release_that_is_not_here(mariadb: str, tmp_path: Path) -> None:
    with pytest.raises(MariadbNotFound, match="mariadb-server"):
        binaries.find((99, 1))
    _, contents = save(mariadb, tmp_path)
    source = contents.source.model_copy(update={"server_version": "99.1.2"})
    with pytest.raises(Permanent, match="Install the package"):
        MariaScratch(tmp_path / "scratch", source)


def test_it_listens_on_loopback_only(scratch_server: MariaScratch) -> None:
    (server,) = [
        process
        for process in psutil.process_iter(["cmdline"])
        if str(scratch_server.server.folder / "options.cnf") in " ".join(process.info["cmdline"] or [])
        and "mariadbd" in (process.info["cmdline"] or [""])[0]
    ]
    inet = [one.laddr.ip for one in server.net_connections("inet") if one.status == psutil.CONN_LISTEN]
    assert set(inet) == {"127.0.0.1"}
    assert server.username() != "root"
    with pytest.raises(Unreachable):
        connect("scratch", scratch_server.server.address("mysql", "root", ""))


def test_it_dies_with_the_process_that_started_it() -> None:
    folder = HOME / "mariadb-killed"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": "src"},
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"started\n"
    mine = [process for process in psutil.process_iter(["cmdline"]) if _is_on(process, folder)]
    assert len(mine) == 1
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    _, alive = psutil.wait_procs(mine, timeout=60)
    assert alive == []
    with MariaServer(folder, binaries.find((10, 3))) as server, server.connect() as connection:
        connection.ping()


def _is_on(process: psutil.Process, folder: Path) -> bool:
    return f"--defaults-file={folder / 'options.cnf'}" in (process.info["cmdline"] or [])
