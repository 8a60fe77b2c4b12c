"""Reading the files of a set back, and comparing them with their list and with what the database names."""

import hashlib
import os
import tarfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import psycopg
from psycopg.rows import dict_row

from schoolkeeper.catalogue.backup.drill.facts import Fault
from schoolkeeper.catalogue.backup.drill.opening import Unusable, pour, read
from schoolkeeper.catalogue.backup.drill.restoring import Found
from schoolkeeper.catalogue.backup.drill.scratch import RESTORED, Rehearsal
from schoolkeeper.connectors.postgres.cluster import Cluster
from schoolkeeper.connectors.store.manifest import FilesContents, FilesPart
from schoolkeeper.connectors.store.spelling import spelled
from schoolkeeper.profiles.model import Uploads

# One finding per file up to here; a disk that lost everything needs no hundred thousand of them.
FAULTS_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Content:
    """What one file of an archive holds, by the digests that are asked for."""

    size_bytes: int
    digests: dict[str, str]


def files(rehearsal: Rehearsal) -> Found:
    """Every file of every folder, by its content."""
    counts, faults = {"files": 0, "named_files": 0}, list[Fault]()
    archives: dict[str, dict[str, Content]] = {}
    for part in rehearsal.manifest.files:
        try:
            archives[part.component], found = _archive(rehearsal, part)
            faults += found
            counts["files"] += len(archives[part.component])
        except Unusable as error:
            faults.append(error.fault)
    uploads = [one for one in rehearsal.act.look.profile.uploads if one.component in archives]
    if uploads:
        with rehearsal.server() as server:
            for one in uploads:
                named, found = _named(server, one, archives[one.component])
                counts["named_files"] += named
                faults += found
    for one in rehearsal.act.look.profile.uploads:
        if one.component not in archives:
            found_text = "the set has no readable archive of this folder"
            faults.append(Fault(code="unknown", subject=one.component, found=found_text, level="unknown"))
    return counts, faults


def _archive(rehearsal: Rehearsal, part: FilesPart) -> tuple[dict[str, Content], list[Fault]]:
    contents = read(rehearsal.store, rehearsal.set_id, part.contents, part.contents_digest, FilesContents)
    algorithms = {"sha256"} | {
        one.algorithm for one in rehearsal.act.look.profile.uploads if one.component == part.component
    }
    found = _unpack(rehearsal, part, algorithms)
    listed = {file.path: file.sha256 for file in contents.files}
    return found, list(islice(_differing(part.component, listed, found), FAULTS_SHOWN))


def _differing(component: str, listed: dict[str, str], found: dict[str, Content]) -> Iterator[Fault]:
    for path in sorted(listed.keys() | found.keys()):
        subject = f"{component}/{path}"
        if path not in found:
            yield Fault(code="missing_file", subject=subject, expected="in the archive", found="not there")
        elif found[path].digests["sha256"] != listed.get(path):
            yield Fault(code="different_file", subject=subject, expected="as listed", found="another content")


def _unpack(rehearsal: Rehearsal, part: FilesPart, algorithms: set[str]) -> dict[str, Content]:
    """Digest every file of an archive, in constant memory. Raises Unusable, also after all was read."""
    reading, writing = os.pipe()

    def work() -> None:
        with os.fdopen(writing, "wb") as sink:
            pour(rehearsal.store, rehearsal.set_id, part.archive, sink)

    # The pipe's end is closed before the pool waits, or else the writer would wait for somebody to read.
    with ThreadPoolExecutor(max_workers=1) as pool, os.fdopen(reading, "rb") as source:
        future = pool.submit(work)
        found: dict[str, Content] = {}
        fault = ""
        try:
            with tarfile.open(fileobj=source, mode="r|") as tar:
                for member in tar:
                    if member.isreg():
                        found[spelled(member.name)] = _content(tar, member, algorithms)
            while source.read(1 << 20):
                pass
        except tarfile.TarError as error:
            fault = str(error)
            while source.read(1 << 20):
                pass
        future.result()
    if fault:
        raise Unusable(Fault(code="damaged_part", subject=part.archive.name, found=f"no tar archive: {fault}"))
    return found


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo, algorithms: set[str]) -> Content:
    sums = {name: hashlib.new(name, usedforsecurity=False) for name in algorithms}
    stream = tar.extractfile(member)
    assert stream is not None
    while block := stream.read(1 << 20):
        for each in sums.values():
            each.update(block)
    return Content(member.size, {name: each.hexdigest() for name, each in sums.items()})


def _named(server: Cluster, uploads: Uploads, archive: dict[str, Content]) -> tuple[int, list[Fault]]:
    """Look for each file that the restored database names."""
    try:
        with server.connect(RESTORED) as connection, connection.cursor(row_factory=dict_row) as cursor:
            cursor.execute("SET statement_timeout = 0")  # the copy has the settings of the saved database
            rows = cursor.execute(uploads.query.encode()).fetchall()
            faults = islice((fault for row in rows if (fault := _fault(uploads, row, archive))), FAULTS_SHOWN)
            return len(rows), list(faults)
    except (psycopg.Error, LookupError) as error:
        found = f"the query for its files failed ({type(error).__name__})"
        return 0, [Fault(code="unknown", subject=uploads.component, found=found, level="unknown")]


def _fault(uploads: Uploads, row: dict[str, object], archive: dict[str, Content]) -> Fault | None:
    path, digest, size_bytes = str(row["path"]), row.get("digest"), row.get("size_bytes")
    subject, content = f"{uploads.component}/{path}", archive.get(spelled(path))
    if content is None:
        return Fault(
            code="missing_file", subject=subject, expected="named by the database", found="not in the set"
        )
    if digest is not None and content.digests[uploads.algorithm] != digest:
        return Fault(
            code="different_file", subject=subject, expected="as the database says", found="another content"
        )
    if size_bytes is not None and content.size_bytes != size_bytes:
        found = f"{content.size_bytes:,} bytes"
        return Fault(code="different_file", subject=subject, expected=f"{size_bytes:,} bytes", found=found)
    return None
