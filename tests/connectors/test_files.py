"""A folder is seen whole or not at all, and nothing that lies in wait in it is followed."""

import os
from pathlib import Path

import pytest

from schoolkeeper.connectors.files.act import FilesAct
from schoolkeeper.connectors.files.component import FilesComponent
from schoolkeeper.connectors.files.look import FileFacts, FilesLook
from schoolkeeper.connectors.files.partial import is_partial, new_partial
from schoolkeeper.kernel.errors import Unreachable

NOBODY = 65534
FILES = ("a.tmp", "b.txt", ".hidden.tmp", "dir/c.tmp", "dir/deep/d.tmp", "dir.x/e.tmp", "other/deep/f.txt")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    for name in FILES:
        write(root / name, name)
    return root


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def component(root: Path) -> FilesComponent:
    return FilesComponent(kind="files", path=root)


def names(root: Path, pattern: str) -> list[str]:
    with FilesLook("files", component(root)) as look:
        return [file.path for file in look.list(pattern)]


def facts(root: Path, name: str) -> FileFacts:
    return FileFacts.of(name, (root / name).stat())


@pytest.mark.parametrize(
    "pattern",
    [
        "**/*",
        "*",
        "*.tmp",
        "**/*.tmp",
        "dir/**/*.tmp",
        "dir/*",
        "*/*.tmp",
        "**/deep/*",
        "**/deep/**/*.tmp",
        "**",
        "dir/**",
        "dir/c.tmp",
        "?.tmp",
        "[!a].*",
        "**/**/*.tmp",
        "no/*",
        "./dir//*.tmp",
        "*/deep/?.t[mx]*",
    ],
)
def test_a_pattern_means_what_it_means_to_pathlib(root: Path, pattern: str) -> None:
    expected = sorted({path for path in root.glob(pattern) if path.is_file()})
    assert names(root, pattern) == [path.relative_to(root).as_posix() for path in expected]


@pytest.mark.parametrize("pattern", ["**/*.tmp", "*/*.tmp", "linked/*.tmp", "*.tmp"])
def test_nothing_behind_a_link_is_listed(tmp_path: Path, pattern: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    outside = write(tmp_path / "outside" / "secret.tmp", "secret")
    (root / "linked").symlink_to(outside.parent)
    (root / "link.tmp").symlink_to(outside)
    assert names(root, pattern) == []


@pytest.mark.parametrize(("pattern", "mode"), [("**/*", 0o000), ("dir/*", 0o000), ("dir/*", 0o400)])
def test_what_cannot_be_read_is_not_nothing(root: Path, pattern: str, mode: int) -> None:
    (root / "dir").chmod(mode)
    assert as_nobody(root, pattern) == "Unreachable"


def test_a_folder_off_the_way_need_not_be_readable(root: Path) -> None:
    (root / "dir").chmod(0o000)
    assert as_nobody(root, "*.tmp") == ".hidden.tmp a.tmp"


def as_nobody(root: Path, pattern: str) -> str:
    """What a process without root's powers sees."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.chdir(root)  # the way to it may be closed
            if os.geteuid() == 0:
                os.setgroups([])
                os.setresgid(NOBODY, NOBODY, NOBODY)
                os.setresuid(NOBODY, NOBODY, NOBODY)
            look = FilesLook("files", component(Path("/proc/self/cwd")))
            try:
                said = " ".join(file.path for file in look.list(pattern))
            except Unreachable:
                said = "Unreachable"
            os.write(writing, said.encode())
        finally:
            os._exit(0)  # nothing of the test run's own may be cleaned up twice
    os.close(writing)
    with os.fdopen(reading) as answer:
        said = answer.read()
    os.waitpid(child, 0)
    return said


def test_a_planted_link_is_not_written_through(root: Path, tmp_path: Path) -> None:
    """The account of the ERP owns the folder and can put a link wherever it foresees a name."""
    victim = write(tmp_path / "victim", "another's file")
    aside = tmp_path / "aside"
    (aside).mkdir()
    with FilesAct("files", component(root)) as act:
        assert act.set_aside(facts(root, "a.tmp"), aside)
        (root / ".a.tmp.partial").symlink_to(victim)
        (root / new_partial()).symlink_to(victim)
        assert act.put_back("a.tmp", aside)
    assert victim.read_text() == "another's file"
    assert (root / "a.tmp").read_text() == "a.tmp"
    assert not (root / "a.tmp").is_symlink()


def test_owner_mode_and_time_survive(root: Path, tmp_path: Path) -> None:
    file = root / "a.tmp"
    file.chmod(0o604)
    os.utime(file, ns=(1_700_000_000_000_000_001, 1_600_000_000_123_456_789))
    if os.geteuid() == 0:
        os.chown(file, NOBODY, NOBODY)
    before = file.stat()
    with FilesAct("files", component(root)) as act:
        assert act.set_aside(facts(root, "a.tmp"), tmp_path / "aside")
        assert not file.exists()
        assert act.put_back("a.tmp", tmp_path / "aside")
    after = file.stat()
    kept = ("st_mode", "st_uid", "st_gid", "st_size", "st_mtime_ns")
    assert [getattr(after, name) for name in kept] == [getattr(before, name) for name in kept]


def test_what_was_written_to_since_it_was_listed_stays(root: Path, tmp_path: Path) -> None:
    listed = facts(root, "a.tmp")
    (root / "a.tmp").write_text("written just now")
    same_size = facts(root, "b.txt")
    os.utime(root / "b.txt", ns=(0, 0))
    with FilesAct("files", component(root)) as act:
        assert not act.set_aside(listed, tmp_path / "aside")
        assert not act.set_aside(same_size, tmp_path / "aside")
    assert (root / "a.tmp").read_text() == "written just now"
    assert not list(tmp_path.glob("aside/*"))


def test_leftovers_of_ours_are_not_listed_and_go(root: Path, tmp_path: Path) -> None:
    leftover = write(root / new_partial(), "half a copy")
    theirs = write(root / "movie.partial", "half an upload")
    assert is_partial(leftover.name)
    assert leftover.name not in names(root, "*")
    assert theirs.name in names(root, "*")
    with FilesAct("files", component(root)) as act:
        act.set_aside(facts(root, "a.tmp"), tmp_path / "aside")
        act.put_back("a.tmp", tmp_path / "aside")
    assert not leftover.exists()
    assert theirs.exists()


def test_a_link_made_anew_is_left_alone(root: Path, tmp_path: Path) -> None:
    with FilesAct("files", component(root)) as act:
        act.set_aside(facts(root, "a.tmp"), tmp_path / "aside")
        (root / "a.tmp").symlink_to("nowhere")
        assert not act.put_back("a.tmp", tmp_path / "aside")
    assert (root / "a.tmp").is_symlink()
