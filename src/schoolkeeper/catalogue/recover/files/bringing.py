"""Bringing files back, each with what was in its way kept; and taking that back."""

import contextlib
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from schoolkeeper.catalogue.recover.files.brought import Brought
from schoolkeeper.catalogue.recover.files.choosing import barrier, index_of, target_of
from schoolkeeper.connectors.act import Act
from schoolkeeper.connectors.files.act import FilesAct
from schoolkeeper.connectors.files.component import FilesComponent
from schoolkeeper.connectors.files.look import FileFacts, sha256_of
from schoolkeeper.connectors.kept_files import reading
from schoolkeeper.connectors.store.look import StoreLook
from schoolkeeper.connectors.store.manifest import FilesPart, Folder, Index, Link, StoredFile
from schoolkeeper.connectors.store.planting import Content, path_of, plant_file
from schoolkeeper.connectors.store.spelling import unspelled
from schoolkeeper.kernel.errors import Permanent
from schoolkeeper.kernel.failpoints import failpoint

Arguments = Mapping[str, Any]


class Bringing:
    """The set, the folder and the quarantine that one step works with."""

    def __init__(self, act: Act, given: Arguments) -> None:
        self.component = str(given["component"])
        self.store: StoreLook = act.look.store(str(given["store"]))
        self.set_id = str(given["set"])
        self.root = target_of(act.look, act.run, self.component, str(given["into"]))
        self.files: Sequence[Arguments] = given["files"]
        self.folders: Sequence[str] = given["folders"]
        self.aside = act.quarantine / "replaced" / self.component
        self.brought = Brought(act.quarantine / "brought" / f"{self.component}.jsonl")
        self.mover = FilesAct(self.component, FilesComponent(kind="files", path=self.root))

    def index(self) -> tuple[FilesPart, Index]:
        stored = next((one for one in self.store.sets() if one.id == self.set_id), None)
        index, why = index_of(self.store, stored, self.component)
        if index is None or stored is None or stored.manifest is None:
            raise Permanent(f"the set {self.set_id} cannot be used: {why or 'it is gone'}")
        return next(one for one in stored.manifest.files if one.component == self.component), index


def bring(act: Act, given: Arguments) -> Mapping[str, object]:
    """Bring the files of a step back. Whatever is right already is left alone, so it may be repeated."""
    work = Bringing(act, given)
    part, index = work.index()
    saved = _saved(index, [str(wanted["path"]) for wanted in work.files])
    folders = {one.path: one for one in index.folders}
    try:
        if given["makes_target"]:
            work.root.mkdir(mode=0o700, exist_ok=True)
        _make_folders(work, folders)
        coming = (one for wanted in work.files if isinstance(one := saved[str(wanted["path"])], StoredFile))
        with reading(work.store, part, index, act.look.engine, act.workspace / "held", coming) as content:
            for wanted in work.files:
                _bring_one(work, content, saved[str(wanted["path"])], wanted)
                failpoint("recover.files.brought")
    except OSError as error:
        raise Permanent(f"{work.component}: {error.filename}: {error.strerror}") from error
    return {"files": len(work.files)}


def _saved(index: Index, paths: Sequence[str]) -> dict[str, StoredFile | Link]:
    """Those of a list that may have a million."""
    links = {one.path: one for one in index.links}
    places = ((path, index.files.find(path)) for path in paths)
    return {path: links[path] if place is None else index.files[place] for path, place in places}


def give_back(act: Act, given: Arguments) -> Mapping[str, object]:
    """Remove what was brought, if it still is that very file, and put back what stood there before."""
    work = Bringing(act, given)
    if not work.root.is_dir():
        return {"files": 0}
    removed = 0
    for wanted in reversed(work.files):
        path = path_of(str(wanted["path"]))
        if barrier(work.root, path):
            continue
        if _is_brought(work.root / path, wanted) and work.brought.is_ours(str(wanted["path"]), work.root / path):
            (work.root / path).unlink()
            removed += 1
        work.mover.put_back(str(path), work.aside)
    for folder in reversed(work.folders):
        with contextlib.suppress(OSError):  # somebody may have put something into it
            (work.root / path_of(folder)).rmdir()
    if given["makes_target"]:
        with contextlib.suppress(OSError):
            work.root.rmdir()
    return {"files": removed}


def _make_folders(work: Bringing, folders: Mapping[str, Folder]) -> None:
    for name in work.folders:
        path = path_of(name)
        if why := barrier(work.root, path):
            raise Permanent(f"{work.component}: {why}")
        if not (work.root / path).is_dir():
            (work.root / path).mkdir()
            if saved := folders.get(name):
                _own(work.root / path, saved)
                (work.root / path).chmod(saved.mode)


def _bring_one(work: Bringing, content: Content, saved: StoredFile | Link, wanted: Arguments) -> None:
    path = path_of(saved.path)
    target = work.root / path
    if why := barrier(work.root, path):
        raise Permanent(f"{work.component}: {why}")
    if os.path.lexists(target):
        if _is_brought(target, wanted) and not work.brought.is_ours(saved.path, target):
            return  # somebody brought it back meanwhile: it is theirs, and stays when we take back
        if isinstance(saved, StoredFile) and not _is_brought(target, wanted):
            _set_aside(work, str(path), wanted)
            failpoint("recover.files.set_aside")
    work.brought.note_coming(saved.path, saved.mtime_ns if isinstance(saved, StoredFile) else 0)
    if isinstance(saved, Link):
        _plant_link(saved, target)
    elif wrong := plant_file(content, saved, target):
        raise Permanent(f"{work.component}/{saved.path} of the set cannot be brought back: {wrong}")
    failpoint("recover.files.planted")
    work.brought.note_there(saved.path, target)


def _plant_link(saved: Link, target: Path) -> None:
    if not os.path.lexists(target):
        target.symlink_to(os.fsdecode(unspelled(saved.target)))
        _own(target, saved)


def _set_aside(work: Bringing, path: str, wanted: Arguments) -> None:
    """Only what was there when it was planned: somebody may be working on it."""
    changed = Permanent(f"{work.component}/{wanted['path']} was changed since this was planned; plan it again")
    if wanted["live_at"] is None:
        raise changed
    listed = FileFacts(path, int(wanted["live_bytes"]), datetime.fromisoformat(str(wanted["live_at"])))
    if not work.mover.set_aside(listed, work.aside):
        raise changed


def _is_brought(target: Path, wanted: Arguments) -> bool:
    if wanted["kind"] == "link":
        leads_to = os.readlink(target) if target.is_symlink() else None  # noqa: PTH115 - a Path would tidy it up
        return leads_to == os.fsdecode(unspelled(str(wanted["content"])))
    return not target.is_symlink() and target.is_file() and sha256_of(target) == wanted["content"]


def _own(path: Path, saved: Folder | Link) -> None:
    if os.geteuid() == 0:
        os.chown(path, saved.uid, saved.gid, follow_symlinks=False)
