"""Bringing the folders of a set back, and comparing them with their lists and with what the database names."""

import hashlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from schoolkeeper.catalogue.backup.drill.scratch import Found, Rehearsal
from schoolkeeper.connectors.databases.fault import Fault
from schoolkeeper.connectors.databases.protocol import QueryFailed, ScratchServer
from schoolkeeper.connectors.kept_files import reading
from schoolkeeper.connectors.restored import Unusable, opening
from schoolkeeper.connectors.store.file_table import FileTable
from schoolkeeper.connectors.store.manifest import FilesPart, StoredFile
from schoolkeeper.connectors.store.planting import plant
from schoolkeeper.connectors.store.spelling import spelled
from schoolkeeper.profiles.model import Uploads

# One finding per file up to here; a disk that lost everything needs no hundred thousand of them.
FAULTS_SHOWN = 100


def files(rehearsal: Rehearsal) -> Found:
    """Every file of every folder that the profile counts to a set, by its content."""
    counts, faults = {"files": 0, "named_files": 0}, list[Fault]()
    lists: dict[str, FileTable] = {}
    for part in rehearsal.manifest.files:
        try:
            lists[part.component], found = _bring_back(rehearsal, part)
            faults += found
            counts["files"] += len(lists[part.component])
        except Unusable as error:
            faults.append(error.fault)
    faults += _absent(rehearsal)
    uploads = rehearsal.act.look.profile.uploads
    if any(one.component in lists for one in uploads):
        with rehearsal.server() as server:
            for one in uploads:
                if one.component in lists:
                    folder = rehearsal.folder_of(one.component)
                    named, found = _named(server, one, lists[one.component], folder)
                    counts["named_files"] += named
                    faults += found
    return Found(counts, faults)


def _absent(rehearsal: Rehearsal) -> Iterator[Fault]:
    """Folders that make up this product and are not in the set: what was not saved cannot be proven."""
    have = {part.component for part in rehearsal.manifest.files}
    for component in rehearsal.act.look.profile.backup.files:
        if component not in have:
            yield Fault(code="missing_folder", subject=component)
    for one in rehearsal.act.look.profile.uploads:
        if one.component not in have:
            found = "the set has no such folder"
            yield Fault(code="unknown", subject=one.component, found=found, level="unknown")


def _bring_back(rehearsal: Rehearsal, part: FilesPart) -> tuple[FileTable, list[Fault]]:
    folder = rehearsal.folder_of(part.component)
    folder.mkdir(parents=True, exist_ok=True)
    with opening(f"the list of the files of {part.component}"):
        index = rehearsal.store.index(part)
    faults: list[Fault] = []
    look = rehearsal.act.look
    try:
        with reading(rehearsal.store, part, index, look.engine, rehearsal.folder / "held") as content:
            for file, wrong in plant(content, index, folder):
                if wrong and len(faults) < FAULTS_SHOWN:
                    subject = f"{part.component}/{file.path}"
                    faults.append(Fault(code="damaged_file", subject=subject, found=wrong))
    except ValueError as error:  # a path that leads elsewhere
        subject = f"the list of the files of {part.component}"
        raise Unusable(Fault(code="damaged_part", subject=subject, found=str(error))) from error
    return index.files, faults


def _named(server: ScratchServer, uploads: Uploads, listed: FileTable, folder: Path) -> tuple[int, list[Fault]]:
    """Look for each file that the restored database names."""
    try:
        rows = server.rows(uploads.query)
        faults = (fault for row in rows if (fault := _fault(uploads, row, listed, folder)))
        return len(rows), list(islice(faults, FAULTS_SHOWN))
    except (QueryFailed, LookupError) as error:
        found = f"the query for its files failed ({error})"
        return 0, [Fault(code="unknown", subject=uploads.component, found=found, level="unknown")]


def _fault(uploads: Uploads, row: dict[str, object], listed: FileTable, folder: Path) -> Fault | None:
    path, digest, size_bytes = str(row["path"]), row.get("digest"), row.get("size_bytes")
    subject, place = f"{uploads.component}/{path}", listed.find(spelled(path))
    file = None if place is None else listed[place]
    if file is None or not (folder / path).is_file():
        return Fault(
            code="missing_file", subject=subject, expected="named by the database", found="not in the set"
        )
    if digest is not None and _digest(file, folder / path, uploads.algorithm) != digest:
        return Fault(
            code="different_file", subject=subject, expected="as the database says", found="another content"
        )
    if size_bytes is not None and file.size_bytes != size_bytes:
        found = f"{file.size_bytes:,} bytes"
        return Fault(code="different_file", subject=subject, expected=f"{size_bytes:,} bytes", found=found)
    return None


def _digest(file: StoredFile, path: Path, algorithm: str) -> str:
    if algorithm == "sha256":
        return file.sha256  # the file was just compared with it
    with path.open("rb") as content:
        return hashlib.file_digest(content, algorithm).hexdigest()
