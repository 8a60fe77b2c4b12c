"""The steps that concern one folder."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path, PurePosixPath

from schoolkeeper.catalogue.recover.system.working import Recovery
from schoolkeeper.connectors.databases.fault import Fault
from schoolkeeper.connectors.files.look import sha256_of
from schoolkeeper.connectors.kept_files import reading
from schoolkeeper.connectors.store.errors import SealError
from schoolkeeper.connectors.store.manifest import Index
from schoolkeeper.connectors.store.planting import path_of, plant
from schoolkeeper.connectors.store.spelling import spelled, unspelled
from schoolkeeper.kernel.errors import Permanent
from schoolkeeper.kernel.failpoints import failpoint

FAULTS_SHOWN = 100
DEFAULT_MODE = 0o750


def restore(recovery: Recovery, component: str) -> Mapping[str, object]:
    """Bring a folder back beside the one that is there, then read it all again and compare it with its list."""
    if component in recovery.record.planted:
        return {"restored": "already"}
    folder = recovery.folder(component)
    index = _index(recovery, component)
    inode = folder.make()
    recovery.note(inodes={**recovery.record.inodes, component: inode})
    failpoint("recover.system.folder_made")
    faults = list(_plant(recovery, component, index))
    faults += _unlike(folder.restored, component, index, {fault.subject for fault in faults})
    _dress(folder.restored, folder.path, index)
    failpoint("recover.system.folder_restored")
    faults = [*faults[:FAULTS_SHOWN], *_not_ours_to_give(component, index)]
    known = recovery.checked(faults, f"the folder {component}")
    recovery.note(planted=[*recovery.record.planted, component], faults=known)
    return {"files": len(index.files), "faults": len(faults)}


def discard(recovery: Recovery, component: str) -> None:
    """Take `restore` back; once the ERP was open, what was restored is kept aside."""
    folder = recovery.folder(component)
    folder.keep() if recovery.was_opened else folder.remove()
    inodes = {name: inode for name, inode in recovery.record.inodes.items() if name != component}
    recovery.note(inodes=inodes, planted=[name for name in recovery.record.planted if name != component])


def swap_in(recovery: Recovery, component: str) -> Mapping[str, object]:
    """Let the old and the restored folder change places."""
    inode = recovery.record.inodes.get(component)
    if inode is None or component not in recovery.record.planted:
        raise Permanent(f"the folder {component} was not restored, so nothing is put in its place")
    folder = recovery.folder(component)
    if not recovery.concluded:
        folder.swap(inode)
    return {"aside": str(folder.before)}


def swap_out(recovery: Recovery, component: str) -> None:
    """Take `swap_in` back."""
    recovery.folder(component).swap_back(recovery.record.inodes.get(component))


def _index(recovery: Recovery, component: str) -> Index:
    try:
        index = recovery.store.index(recovery.part(component))
    except SealError as error:
        raise Permanent(f"the list of the files of {component} cannot be used: {error}") from error
    links = {one.path for one in index.links}
    for path in _paths(index):
        try:
            path_of(path)
        except ValueError as error:
            raise Permanent(f"the list of the files of {component} was forged: {error}") from error
        if links & {str(parent) for parent in PurePosixPath(path).parents}:
            raise Permanent(f"the list of the files of {component} places {path} behind a link; it was forged")
    return index


def _paths(index: Index) -> Iterator[str]:
    """Everything that the list has."""
    return chain(index.files.paths, _others(index))


def _others(index: Index) -> set[str]:
    """Folders and links; of files there may be a million."""
    return {*(one.path for one in index.folders), *(one.path for one in index.links)}


def _plant(recovery: Recovery, component: str, index: Index) -> Iterator[Fault]:
    """What was planted by an interrupted attempt is left alone where it is right."""
    part, held = recovery.part(component), recovery.act.workspace / "held"
    with reading(recovery.store, part, index, recovery.act.look.engine, held) as content:
        for place, (file, wrong) in enumerate(plant(content, index, recovery.folder(component).restored)):
            if not place:
                failpoint("recover.system.folder_planting")
            if wrong:
                yield Fault(code="differs", subject=f"{component}/{file.path}", found=wrong)


def _unlike(root: Path, component: str, index: Index, told: set[str]) -> Iterator[Fault]:
    """Every file by its content, every link by where it leads; and nothing that is not on the list."""
    for file in index.files:
        path, subject = root / path_of(file.path), f"{component}/{file.path}"
        if subject in told:
            continue
        if path.is_symlink() or not path.is_file():
            yield Fault(code="differs", subject=subject, found="it is not there")
        elif sha256_of(path) != file.sha256:
            yield Fault(code="differs", subject=subject, found="its content is not what was saved")
    for link in index.links:
        path = root / path_of(link.path)
        if not path.is_symlink():
            yield Fault(code="differs", subject=f"{component}/{link.path}", found="the link is not there")
        elif os.fsencode(path.readlink()) != unspelled(link.target):
            yield Fault(code="differs", subject=f"{component}/{link.path}", found="the link leads elsewhere")
    others = _others(index)
    for folder, names, files in os.walk(root):
        for name in (*names, *files):
            path = (Path(folder) / name).relative_to(root)
            saved_as = spelled(path.as_posix())
            if saved_as not in others and index.files.find(saved_as) is None:
                yield Fault(code="differs", subject=f"{component}/{os.fsencode(path)!r}", found="nobody saved it")


def _not_ours_to_give(component: str, index: Index) -> Iterator[Fault]:
    """Only root can give files away: whoever else brings them back owns them, and the ERP may not read them."""
    me = os.geteuid()
    owners = sorted({*(one.uid for one in index.files), *(one.uid for one in index.folders)} - {me})
    if me and owners:
        saved, found = ", ".join(map(str, owners)), f"all of it belongs to user {me} now"
        yield Fault(code="differs", subject=component, expected=f"owners {saved}", found=found, level="warning")


def _dress(restored: Path, old: Path, index: Index) -> None:
    """Owner and mode of the folder itself: as the set has them; where it does not say, as the old one's, else as
    most of what is in it."""
    if index.top is not None:
        owner, mode = (index.top.uid, index.top.gid), index.top.mode
    elif old.is_dir() and not old.is_symlink():
        status = old.stat()
        owner, mode = (status.st_uid, status.st_gid), status.st_mode & 0o7777
    else:
        owners = Counter((one.uid, one.gid) for one in index.files)
        owner = owners.most_common(1)[0][0] if owners else (os.geteuid(), os.getegid())
        modes = Counter(one.mode for one in index.folders if "/" not in one.path)
        mode = modes.most_common(1)[0][0] if modes else DEFAULT_MODE
    if os.geteuid() == 0:
        os.chown(restored, *owner)
    restored.chmod(mode)
