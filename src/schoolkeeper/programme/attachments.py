"""Files that prove that a duty was done: kept once, under their digest, in the home folder."""

import hashlib
import os
import tempfile
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path, PurePath

from django.db import transaction

from schoolkeeper.kernel.errors import Refused
from schoolkeeper.programme.models import Attachment, Occurrence, SignOff
from schoolkeeper.programme.signing import demand_may_sign, duty_of
from schoolkeeper.records import ledger

LARGEST_BYTES = 20 * 2**20
MOST = 20
_FOLDER = "attachments"


def attach(
    pk: int, name: str, content: Iterable[bytes], *, home: Path, by: str, has_role: bool, now: datetime
) -> Attachment:
    """Keep a file as proof of a duty. Raises Refused when it is not theirs, too large, or signed off already."""
    occurrence = Occurrence.objects.select_related("entry").filter(pk=pk).first()
    duty_of(occurrence)
    assert occurrence is not None
    demand_may_sign(occurrence.entry, by, has_role=has_role)
    _demand_open(occurrence)
    digest, size_bytes = _keep(home, content)
    if size_bytes == 0:
        raise Refused("The file is empty.")
    return _enter(occurrence, _plain(name), digest, size_bytes, by, now)


def path_of(home: Path, sha256: str) -> Path:
    """Where the content with this digest lies."""
    return home / _FOLDER / sha256[:2] / sha256


def is_intact(home: Path, attachment: Attachment) -> bool:
    """Whether the content is there and still has the digest that the ledger knows."""
    path = path_of(home, attachment.sha256)
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == attachment.sha256


@transaction.atomic
def _enter(occurrence: Occurrence, name: str, digest: str, size_bytes: int, by: str, now: datetime) -> Attachment:
    Occurrence.objects.select_for_update().get(pk=occurrence.pk)
    _demand_open(occurrence)
    attachment = Attachment.objects.create(
        occurrence=occurrence, name=name, sha256=digest, size_bytes=size_bytes, added_by=by, added_at=now
    )
    data = {"occurrence": occurrence.pk, "name": name, "sha256": digest, "size_bytes": size_bytes}
    entry = occurrence.entry
    ledger.append("duty.attached", actor=by, system=entry.system, subject=entry.task, data=data)
    return attachment


def _demand_open(occurrence: Occurrence) -> None:
    """What was signed off stays as it was signed."""
    if SignOff.objects.filter(occurrence=occurrence).exists():
        raise Refused("It is signed off: what was signed is not added to.")
    if occurrence.state == Occurrence.State.WAIVED:
        raise Refused("It was waived, so nothing needs to be proven.")
    if Attachment.objects.filter(occurrence=occurrence).count() >= MOST:
        raise Refused(f"There are {MOST} files already; put what is left into one archive.")


def _keep(home: Path, content: Iterable[bytes]) -> tuple[str, int]:
    """Write the content under its digest, whole or not at all; the digest and the size in bytes."""
    folder = home / _FOLDER
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=folder, prefix=".arriving-")
    arriving, running, size_bytes = Path(name), hashlib.sha256(), 0
    try:
        with os.fdopen(handle, "wb") as file:
            for part in content:
                size_bytes += len(part)
                if size_bytes > LARGEST_BYTES:
                    raise Refused(f"The file is larger than {LARGEST_BYTES // 2**20} MiB; attach a part of it.")
                running.update(part)
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        digest = running.hexdigest()
        path = path_of(home, digest)
        path.parent.mkdir(exist_ok=True, mode=0o700)
        arriving.replace(path)
    finally:
        arriving.unlink(missing_ok=True)
    return digest, size_bytes


def _plain(name: str) -> str:
    """The last part of a name as a browser sends it, without what a file system or a header could mistake."""
    last = PurePath(name.replace("\\", "/")).name
    return "".join(letter for letter in last if letter.isprintable())[-255:] or "file"
