"""Which files of a set were asked for, and what stands in their places."""

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path, PurePosixPath

from schoolkeeper.catalogue.recover.files.facts import ASIDE, FilesFacts, FilesOptions, State, Wanted
from schoolkeeper.connectors.files.component import FilesComponent
from schoolkeeper.connectors.files.look import sha256_of
from schoolkeeper.connectors.files.pattern import START, Pattern
from schoolkeeper.connectors.look import Look
from schoolkeeper.connectors.run_context import RunContext
from schoolkeeper.connectors.store.errors import SealError
from schoolkeeper.connectors.store.look import StoredSet, StoreLook
from schoolkeeper.connectors.store.manifest import Index, Link, StoredFile
from schoolkeeper.connectors.store.planting import path_of
from schoolkeeper.connectors.store.spelling import spelled, unspelled
from schoolkeeper.kernel.errors import Unreachable

BROUGHT_BACK = "brought_back"


def look_around(look: Look, options: FilesOptions) -> FilesFacts:
    """All facts. Raises Unreachable when the store, or the folder to bring files back to, is not there."""
    store = look.store(options.store)
    stored = _choose(store, options.set)
    index, unusable = index_of(store, stored, options.component)
    root = target_of(look, look.run, options.component, options.into)
    try:
        wanted = [_seen(root, one) for one in _asked_for(index, options.paths)] if index else []
    except OSError as error:
        raise Unreachable(options.component, f"{error.filename}: {error.strerror}") from error
    return FilesFacts(
        asked_for=options.set,
        set=stored.id if stored else "",
        taken_at=stored.manifest.taken_at if stored and stored.manifest else None,
        unusable=unusable,
        component=options.component,
        target=str(root),
        target_exists=root.is_dir(),
        wrong_place=_wrong_place(look, root, wanted) if options.into not in ("", ASIDE) else "",
        unmatched=[one for one in options.paths if index and next(_asked_for(index, [one]), None) is None],
        wanted=wanted,
    )


def index_of(store: StoreLook, stored: StoredSet | None, component: str) -> tuple[Index | None, str]:
    """The list of a folder's files in a set, or why there is none; both are nothing when there is no set."""
    if stored is None:
        return None, ""
    if stored.manifest is None:
        return None, stored.fault
    part = next((one for one in stored.manifest.files if one.component == component), None)
    if part is None:
        have = ", ".join(one.component for one in stored.manifest.files) or "none"
        return None, f"it has no folder {component}; it has: {have}"
    try:
        index = store.index(part)
        for path in chain(index.files.paths, (one.path for one in index.links)):
            path_of(path)
        return index, ""
    except ValueError as error:
        return None, f"the list of the files of {component} was forged: {error}"
    except Unreachable as error:
        return None, error.reason
    except SealError as error:
        return None, f"the list of the files of {component} cannot be read: {error}"


def target_of(look: Look, run: RunContext, component: str, into: str) -> Path:
    """The folder that files are brought to."""
    if into == ASIDE:
        return run.home / "quarantine" / run.key / BROUGHT_BACK
    return Path(into) if into else look.files(component).root


def barrier(root: Path, path: Path) -> str:
    """What on the way from `root` to a path below it is no folder of its own, "" for nothing: a link there would
    lead the file somewhere else."""
    for parent in reversed(path.parents[:-1]):
        try:
            mode = (root / parent).lstat().st_mode
        except FileNotFoundError:
            return ""
        if not stat.S_ISDIR(mode):
            return f"{spelled(parent.as_posix())} is a {'link' if stat.S_ISLNK(mode) else 'file'} and no folder"
    return ""


def matches(pattern: str, path: str) -> bool:
    """Whether a path is named, lies below a folder that is named, or fits a pattern."""
    if path == pattern or path.startswith(pattern.rstrip("/") + "/"):
        return True
    rule, state = Pattern(pattern), START
    *folders, name = PurePosixPath(path).parts
    for folder in folders:
        state = rule.into(state, folder)
    return bool(state) and rule.admits(state, name)


def _choose(store: StoreLook, wanted: str) -> StoredSet | None:
    """The wanted set, else the newest; one that may be somebody else's only where it is asked for."""
    sets = store.sets()
    if wanted:
        return next((one for one in sets if one.id == wanted), None)
    return max((one for one in sets if not store.is_suspect(one)), key=lambda one: one.id, default=None)


def _asked_for(index: Index, patterns: list[str]) -> Iterator[StoredFile | Link]:
    """A folder may have a million files: only those that fit are made objects."""

    def fits(path: str) -> bool:
        return any(pattern and matches(pattern, path) for pattern in patterns)

    yield from (index.files[place] for place, path in enumerate(index.files.paths) if fits(path))
    yield from (link for link in index.links if fits(link.path))


def _seen(root: Path, one: StoredFile | Link) -> Wanted:
    path = path_of(one.path)
    try:
        status: os.stat_result | None = (root / path).lstat()
    except (FileNotFoundError, NotADirectoryError):
        status = None
    state, blocked = _state(root, path, one, status)
    is_file = isinstance(one, StoredFile)
    return Wanted(
        path=one.path,
        kind="file" if isinstance(one, StoredFile) else "link",
        content=one.sha256 if isinstance(one, StoredFile) else one.target,
        size_bytes=one.size_bytes if isinstance(one, StoredFile) else 0,
        saved_at=_at(one.mtime_ns / 1e9) if isinstance(one, StoredFile) else _at(0),
        state=state,
        live_bytes=status.st_size if status and is_file else 0,
        live_at=_at(status.st_mtime) if status and is_file else None,
        blocked=blocked,
        folders_missing=[] if blocked else list(_missing(root, path)),
    )


def _state(root: Path, path: Path, one: StoredFile | Link, status: os.stat_result | None) -> tuple[State, str]:
    if why := barrier(root, path):
        return "blocked", why
    if isinstance(one, Link):
        return _link_state(root, path, one, status)
    if status is None:
        return "missing", ""
    if not stat.S_ISREG(status.st_mode):
        return "blocked", "something that is no file stands in its place"
    if status.st_size == one.size_bytes and sha256_of(root / path) == one.sha256:
        return "same", ""
    return ("newer" if status.st_mtime_ns > one.mtime_ns else "older"), ""


def _link_state(root: Path, path: Path, link: Link, status: os.stat_result | None) -> tuple[State, str]:
    target = os.fsdecode(unspelled(link.target))
    if not Path(os.path.normpath(root / path.parent / target)).is_relative_to(root):
        return "blocked", "it is a link that leads out of the folder"
    if status is None:
        return "missing", ""
    leads_to = os.readlink(root / path) if stat.S_ISLNK(status.st_mode) else None  # noqa: PTH115 - not tidied up
    if leads_to == target:
        return "same", ""
    return "blocked", "something else stands in the place of the link"


def _missing(root: Path, path: Path) -> Iterator[str]:
    """The folders on the way that are not there, the outermost first."""
    for parent in reversed(path.parents[:-1]):
        if not (root / parent).is_dir():
            yield spelled(parent.as_posix())


def _wrong_place(look: Look, root: Path, wanted: list[Wanted]) -> str:
    """Why a given folder cannot be used. What an earlier attempt of the same run brought there is no obstacle."""
    if not root.is_absolute():
        return "it is no absolute path"
    if root.is_symlink() or (root.exists() and not root.is_dir()):
        return "it is no folder of its own"
    if not root.parent.is_dir():
        return f"there is no folder {root.parent}"
    for name, component in look.system.components.items():
        if isinstance(component, FilesComponent):
            live, resolved = component.path.resolve(), root.resolve()
            if resolved.is_relative_to(live) or live.is_relative_to(resolved):
                return f"it and the folder {name} of the ERP lie within each other"
    ours = {path_of(one.path) for one in wanted if one.state == "same"}
    for folder, _, files in os.walk(root):
        for name in files:
            if (Path(folder) / name).relative_to(root) not in ours:
                return "it is not empty"
    if root.is_dir() and root.stat().st_mode & stat.S_IRWXO:
        return "everybody on this machine may look into it (chmod o-rwx closes it)"
    return ""


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
