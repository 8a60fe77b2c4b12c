"""Copies of real servers with the real Barman, and recovery to just before a mistake."""

import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import psutil
import pytest
from pydantic import ValidationError

from schoolkeeper.connectors.engines.barman.act import BarmanAct
from schoolkeeper.connectors.engines.barman.component import BarmanComponent
from schoolkeeper.connectors.engines.barman.look import BarmanLook
from schoolkeeper.connectors.engines.protocol import Copy, EngineAct, Moment
from schoolkeeper.connectors.postgres.cluster import Cluster
from schoolkeeper.kernel.errors import Permanent, Temporary, Unreachable
from tests.connectors.engines import school

BARMAN = Path(sys.executable).parent / "barman"
NEWEST = 18

TAKER = """
import sys
from schoolkeeper.connectors.engines.barman.act import BarmanAct
from schoolkeeper.connectors.engines.barman.component import BarmanComponent
BarmanAct("barman", BarmanComponent.model_validate_json(sys.argv[1])).take_server(sys.argv[2])
"""


@dataclass
class School:
    """`first` was taken before the day began."""

    major: int
    server: Cluster
    component: BarmanComponent
    first: Copy
    day: school.Day

    @property
    def engine(self) -> BarmanAct:
        return BarmanAct("barman", self.component)

    @property
    def home(self) -> Path:
        return self.component.config.parent / "home"

    def type(self, *arguments: str) -> None:
        """What somebody types who has never heard of us, or their `barman cron`."""
        argv = [str(BARMAN), "-c", str(self.component.config), "-q", *arguments]
        subprocess.run(argv, check=True, cwd="/", env={"PATH": os.environ["PATH"]}, stdout=subprocess.DEVNULL)


def configured(folder: Path, server: Cluster) -> Path:
    """Barman runs as we do: the Python of a developer's virtual environment may be closed to others."""
    home, me = folder / "home", pwd.getpwuid(os.geteuid()).pw_name
    password = server.files.password.read_text().splitlines()[1]
    (home / "passwords").write_text(f"*:*:*:*:{password}\n")
    (home / "passwords").chmod(0o600)
    address = f"host=127.0.0.1 port={server.port} user={school.account_name()} dbname=postgres"
    address += f" passfile={home}/passwords"
    wide = {"barman_home": home, "barman_lock_directory": home, "barman_user": me, "log_file": home / "barman.log"}
    north = {
        "description": "North",
        "conninfo": address,
        "streaming_conninfo": address,
        "backup_method": "postgres",
        "archiver": "on",
        "path_prefix": server.binaries.bin_dir,
        "immediate_checkpoint": "true",
    }
    lines = ["[barman]", *(f"{name}={value}" for name, value in wide.items())]
    lines += ["[north]", *(f"{name}={value}" for name, value in north.items()), ""]
    config = folder / "barman.conf"
    config.write_text("\n".join(lines))
    return config


def found(major: int, rest: ExitStack) -> School:
    folder = rest.enter_context(school.place())
    incoming = school.give(folder / "home" / "north" / "incoming")
    server = school.serve(folder / "server", major, f"cp %p {incoming}/%f")
    rest.callback(server.stop)
    component = BarmanComponent(kind="barman", server="north", config=configured(folder, server))
    north = School(major, server, component, None, None)  # type: ignore[arg-type]
    north.type("switch-wal", "--archive", "--force", "north")
    school.begin(server)
    north.first = north.engine.take_server("set-1")
    north.day = school.live(server)
    north.type("archive-wal", "north")
    return north


@pytest.fixture(scope="module")
def school_of() -> Iterator[Callable[[int], School]]:
    """A school with a server of that version, made at first use."""
    made: dict[int, School] = {}
    with ExitStack() as rest:

        def of(major: int) -> School:
            if major not in made:
                made[major] = found(major, rest)
            return made[major]

        yield of


@pytest.fixture
def north(school_of: Callable[[int], School]) -> School:
    return school_of(NEWEST)


def grades(north: School, moment: Moment) -> list[str]:
    return school.grades(north.major, lambda into: north.engine.fetch_server(north.first.id, into, moment))


def test_a_server_is_taken_listed_and_found_sound(school_of: Callable[[int], School]) -> None:
    north = school_of(16)
    engine: EngineAct = north.engine
    assert engine.copies() == [north.first]
    assert (north.first.set_id, north.first.holds, north.first.fault) == ("set-1", ("database",), "")
    assert north.first.completed_at is not None
    assert north.first.size_bytes
    assert engine.check(north.first.id) == []
    assert engine.version().startswith("Barman 3.")


@pytest.mark.parametrize(
    ("major", "target", "expected"),
    [
        (15, "time", ["ann", "zoe"]),
        (16, "time", ["ann", "zoe"]),
        (18, "time", ["ann", "zoe"]),
        (18, "backup", ["zoe"]),
        (18, "transaction", ["ann", "zoe"]),
        (18, "name", ["ann", "zoe"]),
        (18, "latest", ["bob"]),
    ],
)
def test_a_copy_starts_and_recovers_to_its_moment(
    school_of: Callable[[int], School], major: int, target: str, expected: list[str]
) -> None:
    north = school_of(major)
    moments = {
        "backup": Moment(),
        "time": Moment(time=north.day.before_the_mistake),
        "transaction": Moment(transaction=north.day.the_mistake),
        "name": Moment(name=north.day.saved_as),
        "latest": Moment(latest=True),
    }
    assert grades(north, moments[target]) == expected


@pytest.mark.parametrize(
    ("moment", "says"),
    [
        (Moment(time=datetime(2011, 1, 1, tzinfo=UTC)), "choose an older copy"),
        (Moment(time=datetime(2999, 1, 1, tzinfo=UTC)), "ends before the moment"),
        (Moment(transaction="999999"), "ends before the moment"),
        (Moment(name="christmas"), "ends before the moment"),
    ],
)
def test_a_moment_that_cannot_be_reached_is_no_copy(north: School, moment: Moment, says: str) -> None:
    with pytest.raises(Permanent, match=says):
        grades(north, moment)


def test_backups_of_others_are_listed_and_recover_too(north: School) -> None:
    north.type("backup", "--wait", "north")
    foreign = north.engine.copies()[-1]
    assert (foreign.set_id, foreign.fault) == ("", "")
    assert school.grades(north.major, lambda into: north.engine.fetch_server(foreign.id, into, Moment())) == [
        "bob"
    ]
    north.engine.delete(foreign.id)
    assert foreign not in north.engine.copies()


def test_taking_again_replaces_and_deleting_deletes(north: School) -> None:
    old = north.engine.take_server("set-2")
    time.sleep(max(0.0, 1.1 - (datetime.now(UTC) - old.taken_at).total_seconds()))
    new = north.engine.take_server("set-2")
    assert [copy.id for copy in north.engine.copies()] == [north.first.id, new.id]
    north.engine.delete(new.id)
    north.engine.delete(new.id)
    assert north.engine.copies() == [north.first]


def test_a_server_with_tablespaces_is_not_supported_and_told(north: School) -> None:
    with school.tablespace(north.server):
        taken = north.engine.take_server("set-7")
    with school.place() as folder, pytest.raises(Permanent, match="tablespaces"):
        north.engine.fetch_server(taken.id, folder / "into", Moment())
    north.engine.delete(taken.id)


def test_killed_while_taking_nothing_counts_and_nothing_goes_on(north: School) -> None:
    argv = [sys.executable, "-c", TAKER, north.component.model_dump_json(), "set-3"]
    folder = north.home / "north" / "base"
    names = set(folder.iterdir())
    taker = subprocess.Popen(argv)
    deadline = time.monotonic() + 60
    while not {path for path in set(folder.iterdir()) - names if (path / "data").exists()}:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    descendants = psutil.Process(taker.pid).children(recursive=True)
    taker.send_signal(signal.SIGKILL)
    taker.wait()
    psutil.wait_procs(descendants, timeout=60)
    assert not any(process.is_running() for process in descendants)
    broken = [copy for copy in north.engine.copies() if copy != north.first]
    assert [(copy.set_id, copy.holds) for copy in broken] == [("", ())]
    assert "Barman says" in broken[0].fault
    with pytest.raises(Permanent, match="not whole"):
        north.engine.fetch_server(broken[0].id, north.home / "into", Moment())
    taken = north.engine.take_server("set-3")
    assert north.engine.copies() == [north.first, taken]
    north.engine.delete(taken.id)


def test_a_server_at_which_barman_works_is_worth_another_try(north: School) -> None:
    lock = north.home / ".north-backup.lock"
    holder = subprocess.Popen(["flock", str(lock), "sleep", "600"])
    try:
        deadline = time.monotonic() + 60
        while not psutil.Process(holder.pid).children() and time.monotonic() < deadline:
            time.sleep(0.02)
        with pytest.raises(Temporary, match="Barman is at work"):
            north.engine.take_server("set-5")
    finally:
        for process in psutil.Process(holder.pid).children():
            process.kill()
        holder.wait()


def test_what_is_not_there_says_so(north: School, tmp_path: Path) -> None:
    def look(**more: Any) -> BarmanLook:
        return BarmanLook("barman", north.component.model_copy(update=more))

    with pytest.raises(Unreachable, match="Unknown server"):
        look(server="south").copies()
    with pytest.raises(Unreachable):
        look(config=Path("/nowhere")).copies()
    with pytest.raises(Unreachable, match="is not installed"):
        look(program="bramen").copies()
    with pytest.raises(Permanent, match="no backup"):
        north.engine.fetch_server("20200101T000000", tmp_path / "into", Moment())
    north.engine.delete("20200101T000000")
    config = tmp_path / "barman.conf"
    config.write_text(north.component.config.read_text().replace("port=", "password=hush-hush port=1"))
    with pytest.raises(Unreachable, match="barman check") as caught:
        BarmanAct("barman", north.component.model_copy(update={"config": config})).take_server("set-6")
    assert "hush-hush" not in str(caught.value)


@pytest.mark.parametrize("wrong", [{}, {"server": "../north"}, {"server": "north", "config": "barman.conf"}])
def test_a_wrong_definition_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        BarmanComponent.model_validate({"kind": "barman", **wrong})


def test_only_a_server_is_what_barman_keeps(north: School, tmp_path: Path) -> None:
    engine = north.engine
    for attempt in (
        lambda: engine.take_dump("x", nullcontext(BytesIO())),
        lambda: engine.take_files("x", "uploads", tmp_path, ()),
        lambda: engine.fetch_dump("x", tmp_path / "dump"),
        lambda: engine.fetch_files("x", "uploads", tmp_path),
    ):
        with pytest.raises(Permanent, match="keeps a server's own files"):
            attempt()


def test_damage_is_found(school_of: Callable[[int], School]) -> None:
    """The last one: it leaves the copy and its log broken."""
    north = school_of(16)
    log = sorted((north.home / "north" / "wals").rglob("0" * 7 + "1*"))
    segments = [path for path in log if path.is_file() and len(path.name) == 24]
    assert len(segments) > 2
    segments[-2].write_bytes(bytes(segments[-2].stat().st_size))
    with pytest.raises(Permanent, match="missing or damaged"):
        grades(north, Moment(latest=True))
    largest = max(
        (north.home / "north" / "base" / north.first.id / "data").rglob("*"), key=lambda p: p.stat().st_size
    )
    content = bytearray(largest.read_bytes())
    content[len(content) // 2] ^= 1
    largest.write_bytes(content)
    assert any("verify backup failure" in fault for fault in north.engine.check(north.first.id))
