"""Copies with the real restic: whole ones count, others never do, and those of others are listed beside ours."""

import io
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from schoolkeeper.connectors.databases.protocol import Readable
from schoolkeeper.connectors.engines.protocol import EngineAct, Moment
from schoolkeeper.connectors.engines.restic.act import ResticAct
from schoolkeeper.connectors.engines.restic.component import ResticComponent
from schoolkeeper.connectors.engines.restic.look import ResticLook
from schoolkeeper.kernel.errors import Permanent, Temporary, Unreachable
from schoolkeeper.testing.arrange import secret_file
from schoolkeeper.testing.servers import s3_server

PASSWORD = "pässword with $HOME and 'quotes'"
DUMP = os.urandom(3 << 20)

TAKER = """
import sys
from contextlib import nullcontext
from schoolkeeper.connectors.engines.restic.act import ResticAct
from schoolkeeper.connectors.engines.restic.component import ResticComponent
component = ResticComponent.model_validate_json(sys.argv[1])
ResticAct("restic", component, "north").take_dump("set-1", nullcontext(sys.stdin.buffer))
"""


def component_in(folder: Path, **more: Any) -> ResticComponent:
    password = secret_file(folder, "password", PASSWORD)
    here = {"kind": "restic", "repository": str(folder / "repository"), "password": password}
    return ResticComponent.model_validate(here | more)


def restic(component: ResticComponent, *arguments: str, **more: str) -> str:
    """What somebody types who has never heard of us."""
    environment = {
        "PATH": os.environ["PATH"],
        "RESTIC_REPOSITORY": component.repository,
        "RESTIC_PASSWORD": PASSWORD,
        **more,
    }
    argv = ["restic", "--no-cache", *arguments]
    return subprocess.run(argv, env=environment, check=True, capture_output=True).stdout.decode()


@pytest.fixture
def component(tmp_path: Path) -> ResticComponent:
    component = component_in(tmp_path)
    restic(component, "init")
    return component


@pytest.fixture
def engine(component: ResticComponent) -> Iterator[ResticAct]:
    with ResticAct("restic", component, "north", patience_seconds=0) as engine:
        yield engine


def dump_of(content: bytes) -> nullcontext[Readable]:
    return nullcontext(io.BytesIO(content))


def ids(engine: ResticLook) -> list[str]:
    return [copy.set_id for copy in engine.copies()]


def school(root: Path) -> Path:
    (root / "photos").mkdir(parents=True)
    (root / "photos" / "ann.jpg").write_bytes(b"ann")
    (root / "photos" / "odd [*]?$HOME \\name.jpg").write_bytes(b"odd")
    (root / "cache" / "deep").mkdir(parents=True)
    (root / "cache" / "deep" / "page").write_bytes(b"again")
    (root / "report.tmp").write_bytes(b"again")
    (root / "link").symlink_to("photos/ann.jpg")
    return root


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def test_a_dump_is_kept_listed_checked_and_read_back(engine: ResticAct, tmp_path: Path) -> None:
    protocol: EngineAct = engine
    taken = protocol.take_dump("set-1", dump_of(DUMP))
    assert [taken] == engine.copies()
    assert (taken.set_id, taken.holds, taken.size_bytes) == ("set-1", ("database",), len(DUMP))
    assert taken.completed_at is not None
    assert taken.taken_at.utcoffset() is not None
    assert engine.check(taken.id) == []
    engine.fetch_dump(taken.id, tmp_path / "dump")
    assert (tmp_path / "dump").read_bytes() == DUMP
    assert engine.version().startswith("restic 0.")


def test_a_folder_comes_back_without_what_is_excluded(engine: ResticAct, tmp_path: Path) -> None:
    root = school(tmp_path / "uploads $HOME [1]")
    taken = engine.take_files("set-1", "uploads", root, ["cache/*", "*.tmp"])
    assert (taken.holds, taken.size_bytes) == (("uploads",), 6)
    engine.fetch_files(taken.id, "uploads", tmp_path / "back")
    assert names(tmp_path / "back") == ["link", "photos/ann.jpg", "photos/odd [*]?$HOME \\name.jpg"]
    assert (tmp_path / "back" / "link").readlink() == Path("photos/ann.jpg")
    assert engine.check(taken.id) == []


def test_single_files_come_back_alone(engine: ResticAct, tmp_path: Path) -> None:
    taken = engine.take_files("set-1", "uploads", school(tmp_path / "uploads"), [])
    odd = "photos/odd [*]?$HOME \\name.jpg"
    engine.fetch_files(taken.id, "uploads", tmp_path / "back", [odd])
    assert names(tmp_path / "back") == [odd]
    engine.fetch_files(taken.id, "uploads", tmp_path / "again", ["photos/gone", odd])
    assert names(tmp_path / "again") == [odd]
    engine.fetch_files(taken.id, "uploads", tmp_path / "nothing", ["photos/gone"])
    assert names(tmp_path / "nothing") == []


def damage_the_largest(component: ResticComponent) -> None:
    """Turn a bit of the file in which the largest content lies."""
    largest = max(Path(component.repository, "data").rglob("*"), key=lambda path: path.stat().st_size)
    content = bytearray(largest.read_bytes())
    content[1000] ^= 1
    largest.chmod(0o600)
    largest.write_bytes(content)


def test_a_damaged_file_does_not_hold_up_the_others(
    engine: ResticAct, component: ResticComponent, tmp_path: Path
) -> None:
    root = school(tmp_path / "uploads")
    engine.take_files("set-1", "uploads", root, [])
    (root / "film").write_bytes(DUMP)
    taken = engine.take_files("set-2", "uploads", root, [])
    damage_the_largest(component)
    engine.fetch_files(taken.id, "uploads", tmp_path / "back", ["film", "photos/ann.jpg"])
    assert (tmp_path / "back" / "photos" / "ann.jpg").read_bytes() == b"ann"
    assert not (tmp_path / "back" / "film").is_file() or (tmp_path / "back" / "film").read_bytes() != DUMP
    with pytest.raises(Unreachable, match="ignoring error"):
        engine.fetch_files(taken.id, "uploads", tmp_path / "whole")


@pytest.mark.parametrize("words", ["no space left on device", "Is there a repository at the following location"])
def test_what_is_not_the_copys_fault_is_not_laid_on_it(
    engine: ResticAct, component: ResticComponent, tmp_path: Path, words: str
) -> None:
    taken = engine.take_files("set-1", "uploads", school(tmp_path / "uploads"), [])
    full = tmp_path / "restic-on-a-full-disk"
    full.write_text(
        f'#!/bin/sh\n[ "$1" = restore ] || exec restic "$@"\necho "ignoring error for /x: {words}" >&2; exit 1\n'
    )
    full.chmod(0o755)
    there = ResticLook("restic", component.model_copy(update={"program": str(full)}), "north")
    with pytest.raises(Unreachable, match=words):
        there.fetch_files(taken.id, "uploads", tmp_path / "back", ["photos/ann.jpg"])


def test_taking_again_replaces_and_deleting_deletes(engine: ResticAct, component: ResticComponent) -> None:
    engine.take_dump("set-1", dump_of(b"old" * 1000))
    other = engine.take_dump("set-2", dump_of(b"other"))
    again = engine.take_dump("set-1", dump_of(b"new" * 1000))
    assert engine.copies() == [other, again]
    assert len(restic(component, "snapshots", "--json").split('"short_id"')) == 3
    engine.delete(other.id)
    engine.delete(other.id)
    assert engine.copies() == [again]


def test_other_systems_of_the_same_repository_are_not_ours(engine: ResticAct, component: ResticComponent) -> None:
    ResticAct("restic", component, "south").take_dump("set-1", dump_of(b"south"))
    assert engine.copies() == []


def test_in_a_store_that_lets_nothing_be_deleted_copies_count_all_the_same(
    component: ResticComponent, tmp_path: Path
) -> None:
    snapshots = Path(component.repository, "snapshots")
    wrapper = tmp_path / "restic"
    wrapper.write_text(
        f'#!/bin/sh\ncp -r {snapshots} {tmp_path}/kept\nrestic "$@"\ncode=$?\n'
        f"cp -rn {tmp_path}/kept/. {snapshots}\nrm -r {tmp_path}/kept\nexit $code\n"
    )
    wrapper.chmod(0o755)
    locked = ResticAct("restic", component.model_copy(update={"program": str(wrapper)}), "north")
    first = locked.take_dump("set-1", dump_of(b"first"))
    again = locked.take_dump("set-1", dump_of(b"again"))
    assert locked.copies() == [again]
    with pytest.raises(Permanent, match="lets nothing be deleted"):
        locked.delete(again.id)
    assert first != again


def test_a_store_in_the_network_with_credentials(tmp_path: Path) -> None:
    with s3_server() as server:
        keys = {"AWS_ACCESS_KEY_ID": server.access_key, "AWS_SECRET_ACCESS_KEY": server.secret_key}
        kept = {name: secret_file(tmp_path, name, value) for name, value in keys.items()}
        component = component_in(
            tmp_path, repository=f"s3:{server.endpoint}/{server.bucket}/north", environment=kept
        )
        restic(component, "init", **keys)
        engine = ResticAct("restic", component, "north")
        taken = engine.take_dump("set-1", dump_of(DUMP))
        engine.fetch_dump(taken.id, tmp_path / "dump")
        assert (tmp_path / "dump").read_bytes() == DUMP
        forget_cache(restic(component, "cat", "config", **keys))


def forget_cache(config: str) -> None:
    """What restic keeps of a repository in the network lies in our own home folder."""
    cache = Path(pwd.getpwuid(os.geteuid()).pw_dir, ".cache", "restic", json.loads(config)["id"])
    assert cache.is_dir()
    shutil.rmtree(cache)


class Breaking:
    """A stream that breaks off in the middle."""

    def __init__(self) -> None:
        self._left = 3

    def read(self, size: int = -1, /) -> bytes:
        self._left -= 1
        if not self._left:
            raise Permanent("pg_dump failed")
        return DUMP


@contextmanager
def found_out_late() -> Iterator[Readable]:
    """A dump whose stream ends as if it were whole, and that then turns out not to be."""
    yield io.BytesIO(DUMP)
    raise Permanent("pg_dump failed")


@pytest.mark.parametrize("dump", [nullcontext(Breaking()), found_out_late()])
def test_a_dump_that_breaks_off_leaves_nothing(engine: ResticAct, component: ResticComponent, dump: Any) -> None:
    with pytest.raises(Permanent, match="pg_dump failed"):
        engine.take_dump("set-1", dump)
    assert engine.copies() == []
    assert restic(component, "snapshots", "--json").strip() in ("null", "[]")


def test_killed_while_taking_nothing_counts_and_the_next_one_tidies(
    engine: ResticAct, component: ResticComponent
) -> None:
    argv = [sys.executable, "-c", TAKER, component.model_dump_json()]
    taker = subprocess.Popen(argv, stdin=subprocess.PIPE)
    assert taker.stdin is not None
    taker.stdin.write(DUMP)
    taker.stdin.flush()
    repository = Path(component.repository)
    deadline = time.monotonic() + 60
    while not any((repository / "locks").iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    taker.send_signal(signal.SIGKILL)
    taker.wait()
    taker.stdin.close()
    # restic saw the end of its input, and took what came for everything.
    while not any((repository / "snapshots").iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert engine.copies() == []
    whole = engine.take_dump("set-1", dump_of(DUMP))
    assert engine.copies() == [whole]
    assert len(list((repository / "snapshots").iterdir())) == 1


def test_unreadable_files_are_no_copy_but_vanished_ones_may_be(
    component: ResticComponent, engine: ResticAct, tmp_path: Path
) -> None:
    root = school(tmp_path / "uploads")
    wrapper = tmp_path / "restic"
    message = '{{"message_type":"error","item":"{root}/{name}"}}'
    for name, fault in (("report.tmp", "cannot be read"), ("gone", "")):
        told = message.format(root=root, name=name)
        wrapper.write_text(
            f'#!/bin/sh\nrestic "$@" || exit\ncase "$*" in *backup*) echo \'{told}\' >&2; exit 3;; esac\n'
        )
        wrapper.chmod(0o755)
        taker = ResticAct("restic", component.model_copy(update={"program": str(wrapper)}), "north")
        if fault:
            with pytest.raises(Permanent, match=fault):
                taker.take_files("set-1", "uploads", root, [])
            assert engine.copies() == []
        else:
            assert taker.take_files("set-1", "uploads", root, []) in engine.copies()


def test_snapshots_of_others_are_adopted(component: ResticComponent, tmp_path: Path) -> None:
    var = tmp_path / "var"
    root = school(var / "uploads")
    (var / "erp-1.dump").write_bytes(b"old")
    (var / "erp-2.dump").write_bytes(b"new")
    os.utime(var / "erp-1.dump", (1, 1))
    restic(component, "backup", str(var))
    restic(component, "backup", str(root), "--host", "elsewhere")
    files = {"uploads": str(root), "code": "/srv/code"}
    adopting = component.model_copy(update={"dump": f"{var}/erp*.dump", "files": files})
    with ResticLook("restic", adopting, "north") as look:
        first, second = look.copies()
        assert (first.set_id, first.holds, second.holds) == ("", ("database", "uploads"), ("uploads",))
        look.fetch_dump(first.id, tmp_path / "dump")
        assert (tmp_path / "dump").read_bytes() == b"new"
        look.fetch_files(first.id, "uploads", tmp_path / "back", ["photos"])
        assert names(tmp_path / "back") == ["photos/ann.jpg", "photos/odd [*]?$HOME \\name.jpg"]
        assert look.check(first.id) == []
        with pytest.raises(Permanent, match="no files of code"):
            look.fetch_files(first.id, "code", tmp_path / "code")
        with pytest.raises(Permanent, match="holds no dump"):
            look.fetch_dump(second.id, tmp_path / "dump2")
    with ResticLook("restic", adopting.model_copy(update={"host": "elsewhere"}), "north") as look:
        assert [copy.id for copy in look.copies()] == [second.id]
    nothing = adopting.model_copy(update={"dump": f"{var}/moodle*.sql", "files": {}})
    with ResticLook("restic", nothing, "north") as look, pytest.raises(Permanent, match="no file that matches"):
        look.fetch_dump(look.copies()[0].id, tmp_path / "dump")


def test_damage_is_found_in_the_copy_and_in_the_repository(
    engine: ResticAct, component: ResticComponent, tmp_path: Path
) -> None:
    taken = engine.take_dump("set-1", dump_of(DUMP))
    largest = max(Path(component.repository, "data").rglob("*"), key=lambda path: path.stat().st_size)
    largest.chmod(0o600)
    os.truncate(largest, largest.stat().st_size // 2)
    faults = engine.check(taken.id)
    assert any("cannot be read back" in fault for fault in faults)
    assert any("in the repository" in fault for fault in faults)


def test_a_wrong_password_and_a_missing_repository_say_so(component: ResticComponent, tmp_path: Path) -> None:
    wrong = component.model_copy(update={"password": secret_file(tmp_path, "wrong", "wrong-secret")})
    with pytest.raises(Unreachable, match="password is wrong") as caught:
        ResticLook("restic", wrong, "north").copies()
    assert "wrong-secret" not in str(caught.value)
    with pytest.raises(Unreachable, match="password is wrong"):
        ResticAct("restic", wrong, "north").take_dump("set-1", dump_of(DUMP))
    shutil.rmtree(component.repository)
    for attempt in (lambda look: look.copies(), lambda look: look.take_dump("set-1", dump_of(DUMP))):
        with pytest.raises(Unreachable, match="restic init"):
            attempt(ResticAct("restic", component, "north"))
    with pytest.raises(Unreachable, match="is not installed"):
        ResticLook("restic", component.model_copy(update={"program": "resttic"}), "north").copies()


def test_a_locked_repository_is_worth_another_try_and_a_dead_lock_is_not_in_the_way(
    engine: ResticAct, component: ResticComponent
) -> None:
    taken = engine.take_dump("set-1", dump_of(DUMP))
    environment = {"PATH": os.environ["PATH"], "RESTIC_REPOSITORY": component.repository}
    environment["RESTIC_PASSWORD"] = PASSWORD
    other = subprocess.Popen(
        ["restic", "--no-cache", "backup", "--stdin"],
        stdin=subprocess.PIPE,
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    locks = Path(component.repository, "locks")
    deadline = time.monotonic() + 60
    while not any(locks.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert engine.copies() == [taken]
    with pytest.raises(Temporary, match="somebody else works"):
        engine.delete(taken.id)
    other.kill()
    other.wait()
    engine.delete(taken.id)
    assert engine.copies() == []


def test_a_secret_in_the_address_is_never_told(tmp_path: Path) -> None:
    address = "rest:http://north:hush%40hush@127.0.0.1:1/north"
    with pytest.raises(ValidationError, match="holds a password"):
        component_in(tmp_path, repository=address)
    component = component_in(tmp_path, repository=secret_file(tmp_path, "address", address))
    with pytest.raises(Unreachable) as caught:
        ResticLook("restic", component, "north").copies()
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"repository": "backups"},
        {"repository": "env:not a name"},
        {"environment": {"LD_PRELOAD": "env:LIBRARY"}},
        {"environment": {"AWS_ACCESS_KEY_ID": "AKIA123"}},
        {"dump": "erp.dump"},
    ],
)
def test_a_wrong_definition_is_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        component_in(tmp_path, **wrong)


def test_a_server_is_not_what_restic_keeps(engine: ResticAct, tmp_path: Path) -> None:
    with pytest.raises(Permanent):
        engine.take_server("set-1")
    with pytest.raises(Permanent):
        engine.fetch_server("any", tmp_path, Moment())
