"""Copies of a real server with the real pgBackRest, and recovery to just before a mistake."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import psutil
import pytest
from pydantic import ValidationError

from schoolkeeper.connectors.engines.pgbackrest.act import PgbackrestAct
from schoolkeeper.connectors.engines.pgbackrest.component import PgbackrestComponent
from schoolkeeper.connectors.engines.pgbackrest.look import PgbackrestLook
from schoolkeeper.connectors.engines.protocol import Copy, EngineAct, Moment
from schoolkeeper.connectors.postgres.cluster import Cluster
from schoolkeeper.kernel.errors import Permanent, Temporary, Unreachable
from tests.connectors.engines import school

MAJOR = 15  # the newest that pgBackRest 2.45 knows

TAKER = """
import sys
from schoolkeeper.connectors.engines.pgbackrest.act import PgbackrestAct
from schoolkeeper.connectors.engines.pgbackrest.component import PgbackrestComponent
PgbackrestAct("pg", PgbackrestComponent.model_validate_json(sys.argv[1])).take_server(sys.argv[2])
"""


@dataclass
class School:
    """`first` was taken before the day began."""

    server: Cluster
    config: Path
    component: PgbackrestComponent
    first: Copy
    day: school.Day

    @property
    def engine(self) -> PgbackrestAct:
        return PgbackrestAct("pg", self.component)

    @property
    def repository(self) -> Path:
        return self.config.parent / "repository"

    def type(self, *arguments: str) -> None:
        """What somebody types who has never heard of us."""
        argv = ["pgbackrest", f"--config={self.config}", "--stanza=north", "--log-level-console=off", *arguments]
        subprocess.run(argv, check=True, cwd="/", env={"PATH": os.environ["PATH"]}, **as_postgres())


def as_postgres() -> dict[str, Any]:
    account = school.ACCOUNT
    return {"user": account.uid, "group": account.gid, "extra_groups": []} if account else {}


def configured(folder: Path, server: Path, **more: str) -> Path:
    config = folder / "pgbackrest.conf"
    repository = school.give(folder / "repository")
    socket, logs, locks = (school.give(folder / name) for name in ("socket", "logs", "locks"))
    wide = {"repo1-path": repository, "log-path": logs, "lock-path": locks, "start-fast": "y", **more}
    north = {"pg1-path": server / "data", "pg1-socket-path": socket, "pg1-port": 1}
    lines = ["[global]", *(f"{name}={value}" for name, value in wide.items())]
    config.write_text("\n".join([*lines, "[north]", *(f"{name}={value}" for name, value in north.items()), ""]))
    return config


@pytest.fixture(scope="module")
def north() -> Iterator[School]:
    with school.place() as folder:
        config = configured(folder, folder / "server")
        push = f"pgbackrest --config={config} --stanza=north --log-level-console=off archive-push %p"
        server = school.serve(folder / "server", MAJOR, push, unix_socket_directories=str(folder / "socket"))
        try:
            config.write_text(config.read_text().replace("pg1-port=1", f"pg1-port={server.port}"))
            component = PgbackrestComponent(kind="pgbackrest", stanza="north", config=config)
            north = School(server, config, component, None, None)  # type: ignore[arg-type]
            north.type("stanza-create")
            school.begin(server)
            north.first = north.engine.take_server("set-1")
            north.day = school.live(server)
            yield north
        finally:
            server.stop()


def grades(north: School, moment: Moment) -> list[str]:
    return school.grades(MAJOR, lambda into: north.engine.fetch_server(north.first.id, into, moment))


def test_a_server_is_taken_listed_and_found_sound(north: School) -> None:
    engine: EngineAct = north.engine
    assert (north.first.set_id, north.first.holds, north.first.fault) == ("set-1", ("database",), "")
    assert north.first in engine.copies()
    assert north.first.completed_at is not None
    assert north.first.size_bytes
    assert engine.check(north.first.id) == []
    assert engine.version().startswith("pgBackRest 2.")


@pytest.mark.parametrize(
    ("target", "found"),
    [
        ("backup", ["zoe"]),
        ("time", ["ann", "zoe"]),
        ("transaction", ["ann", "zoe"]),
        ("name", ["ann", "zoe"]),
        ("latest", ["bob"]),
    ],
)
def test_a_copy_starts_and_recovers_to_its_moment(north: School, target: str, found: list[str]) -> None:
    moments = {
        "backup": Moment(),
        "time": Moment(time=north.day.before_the_mistake),
        "transaction": Moment(transaction=north.day.the_mistake),
        "name": Moment(name=north.day.saved_as),
        "latest": Moment(latest=True),
    }
    assert grades(north, moments[target]) == found


@pytest.mark.parametrize(
    ("moment", "says"),
    [
        (Moment(time=datetime(2011, 1, 1, tzinfo=UTC)), "choose an older copy"),
        (Moment(time=datetime(2999, 1, 1, tzinfo=UTC)), "ends before the moment"),
        (Moment(time=datetime(2999, 1, 1)), "needs a time zone"),  # noqa: DTZ001
        (Moment(transaction="999999"), "ends before the moment"),
        (Moment(transaction="1; DROP"), "no number"),
        (Moment(name="christmas"), "ends before the moment"),
        (Moment(name="exams", latest=True), "one target"),
    ],
)
def test_a_moment_that_cannot_be_reached_is_no_copy(north: School, moment: Moment, says: str) -> None:
    with pytest.raises(Permanent, match=says):
        grades(north, moment)


def test_backups_of_others_are_listed_and_recover_too(north: School) -> None:
    north.type("backup", "--type=diff")
    foreign = north.engine.copies()[-1]
    assert (foreign.set_id, foreign.id[-1]) == ("", "D")
    assert north.engine.check(foreign.id) == []
    found = school.grades(MAJOR, lambda into: north.engine.fetch_server(foreign.id, into, Moment()))
    assert found == ["bob"]
    with pytest.raises(Permanent, match="would be lost with"):
        north.engine.delete(north.first.id)
    north.engine.delete(foreign.id)
    assert foreign not in north.engine.copies()


def test_taking_again_replaces_and_the_last_one_stays(north: School) -> None:
    old = north.engine.take_server("set-2")
    new = north.engine.take_server("set-2")
    assert [copy.id for copy in north.engine.copies()] == [north.first.id, new.id]
    north.engine.delete(new.id)
    north.engine.delete(old.id)
    with pytest.raises(Permanent, match="cannot be expired"):
        north.engine.delete(north.first.id)
    assert north.engine.copies() == [north.first]


def test_killed_while_taking_nothing_counts_and_nothing_goes_on(north: School) -> None:
    before = north.engine.copies()
    argv = [sys.executable, "-c", TAKER, north.component.model_dump_json(exclude_defaults=True), "set-3"]
    taker = subprocess.Popen(argv)
    deadline = time.monotonic() + 60
    folder = north.repository / "backup" / "north"
    names = set(folder.iterdir())
    while len(set(folder.iterdir()) - names) == 0 and time.monotonic() < deadline:
        time.sleep(0.02)
    descendants = psutil.Process(taker.pid).children(recursive=True)
    taker.send_signal(signal.SIGKILL)
    taker.wait()
    psutil.wait_procs(descendants, timeout=60)
    assert not any(process.is_running() for process in descendants)
    assert north.engine.copies() == before
    taken = north.engine.take_server("set-3")
    assert taken in north.engine.copies()
    north.engine.delete(taken.id)


def test_a_folder_of_its_own_needs_no_configuration_file(north: School) -> None:
    where = {"repository": north.repository, "data": north.server.files.data, "port": north.server.port}
    socket = north.config.parent / "socket"
    engine = PgbackrestAct("pg", PgbackrestComponent(kind="pgbackrest", stanza="north", socket=socket, **where))
    taken = engine.take_server("set-4")
    moment = Moment(latest=True)
    assert school.grades(MAJOR, lambda into: engine.fetch_server(taken.id, into, moment)) == ["bob"]
    engine.delete(taken.id)


def test_what_is_not_there_says_so(north: School, tmp_path: Path) -> None:
    def component(**more: Any) -> PgbackrestComponent:
        return PgbackrestComponent.model_validate({"kind": "pgbackrest", "stanza": "north", **more})

    with pytest.raises(Unreachable, match="stanza-create"):
        PgbackrestLook("pg", component(stanza="south", config=north.config)).copies()
    with pytest.raises(Unreachable, match="stanza-create"):
        PgbackrestAct("pg", component(repository="/nowhere", data="/nowhere", socket="/nowhere")).take_server("x")
    with pytest.raises(Unreachable, match="is not installed"):
        PgbackrestLook("pg", component(config=north.config, program="pgbackrets")).copies()
    silent = component(repository=north.repository, data=north.server.files.data, socket="/nowhere")
    with pytest.raises(Unreachable, match="connect"):
        PgbackrestAct("pg", silent).take_server("x")
    with pytest.raises(Permanent, match="no backup"):
        north.engine.fetch_server("20200101-000000F", tmp_path / "into", Moment())
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "something").touch()
    with pytest.raises(Permanent, match="not empty"):
        north.engine.fetch_server(north.first.id, tmp_path / "full", Moment())


def test_a_locked_stanza_is_worth_another_try(north: School) -> None:
    north.server.connect().close()
    lock = north.config.parent / "locks" / "north-backup.lock"
    holder = subprocess.Popen(["flock", str(lock), "sleep", "600"], **as_postgres())
    try:
        deadline = time.monotonic() + 60
        while not psutil.Process(holder.pid).children() and time.monotonic() < deadline:
            time.sleep(0.02)
        with pytest.raises(Temporary, match="another pgBackRest"):
            north.engine.take_server("set-5")
    finally:
        for process in psutil.Process(holder.pid).children():
            process.kill()
        holder.wait()


def test_a_sealed_repository_tells_its_passphrase_to_nobody(north: School) -> None:
    with school.place() as folder:
        config = configured(
            folder, folder / "server", **{"repo1-cipher-type": "aes-256-cbc", "repo1-cipher-pass": "hush"}
        )
        text = config.read_text()
        socket = north.config.parent / "socket"
        text = text.replace(f"{folder}/server", str(north.server.files.folder)).replace(
            "pg1-port=1", f"pg1-port={north.server.port}"
        )
        config.write_text(text.replace(f"{folder}/socket", str(socket)))
        sealed = School(
            north.server, config, north.component.model_copy(update={"config": config}), north.first, north.day
        )
        sealed.type("stanza-create")
        assert sealed.engine.copies() == []
        config.write_text(config.read_text().replace("hush", "wrong-secret"))
        with pytest.raises(Unreachable) as caught:
            sealed.engine.copies()
        assert "wrong-secret" not in str(caught.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"config": "/a", "repository": "/b"},
        {"config": "/a", "port": 5433},
        {"repository": "/b", "repo": 2},
        {"config": "/a", "stanza": "../north"},
    ],
)
def test_a_wrong_definition_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PgbackrestComponent.model_validate({"kind": "pgbackrest", "stanza": "north", **wrong})


def test_only_a_server_is_what_pgbackrest_keeps(north: School, tmp_path: Path) -> None:
    engine = north.engine
    for attempt in (
        lambda: engine.take_dump("x", nullcontext(BytesIO())),
        lambda: engine.take_files("x", "uploads", tmp_path, ()),
        lambda: engine.fetch_dump("x", tmp_path / "dump"),
        lambda: engine.fetch_files("x", "uploads", tmp_path),
    ):
        with pytest.raises(Permanent, match="keeps a server's own files"):
            attempt()


def test_a_gap_in_the_log_is_not_the_end_of_it(north: School) -> None:
    archive = next((north.repository / "archive" / "north").glob("15-1/0*"))
    segments = sorted(archive.glob("0*.gz"))
    aside = segments[-2].replace(north.repository / "aside")
    try:
        with pytest.raises(Permanent, match="missing or damaged"):
            grades(north, Moment(latest=True))
        aside.replace(segments[-2])
        content = segments[-2].read_bytes()
        segments[-2].write_bytes(content[:-100])
        with pytest.raises(Permanent, match="could not restore"):
            grades(north, Moment(latest=True))
        segments[-2].write_bytes(content)
    finally:
        if aside.exists():
            aside.replace(segments[-2])


def test_a_server_with_tablespaces_is_not_supported_and_told(north: School) -> None:
    with school.tablespace(north.server):
        taken = north.engine.take_server("set-7")
    with school.place() as folder, pytest.raises(Permanent, match="tablespaces"):
        north.engine.fetch_server(taken.id, folder / "into", Moment())
    north.engine.delete(taken.id)


def test_damage_is_found(north: School) -> None:
    """The last one: it leaves the repository broken."""
    files = north.repository / "backup" / "north" / north.first.id
    largest = max(files.rglob("*.gz"), key=lambda path: path.stat().st_size)
    content = bytearray(largest.read_bytes())
    content[len(content) // 2] ^= 1
    largest.write_bytes(content)
    assert any("status: invalid" in fault for fault in north.engine.check(north.first.id))
    archive = next((north.repository / "archive" / "north").glob("15-1/0*"))
    for segment in archive.glob("0*.gz"):
        segment.unlink()
    assert any("cannot be started" in fault for fault in north.engine.check(north.first.id))
    with pytest.raises(Permanent, match="cannot be restored"):
        grades(north, Moment())
