"""Takes in the files that people hand in."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone

from smart_erp.campus.models import Upload

MAX_BYTES = 10 * 1024 * 1024
CONTENT_TYPES = {
    ".pdf": "application/pdf",
    ".txt": "text/plain",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


def validate(file: UploadedFile) -> None:
    """Raise ValidationError for a file that is too large, empty or of a kind that we do not keep."""
    if Path(file.name or "").suffix.lower() not in CONTENT_TYPES:
        raise ValidationError(f"This kind of file is not taken. Hand in one of: {', '.join(CONTENT_TYPES)}.")
    if not file.size or file.size > MAX_BYTES:
        raise ValidationError("The file must have some content, and at most 10 MB.")


def store(file: UploadedFile, folder: str, owner_id: int | None) -> Upload:
    """Write the file below `uploads/folder` and its row.

    The content is complete and on disk before the row names it: a crash can leave a file without a row,
    never a row without its file.
    """
    suffix = Path(file.name or "").suffix.lower()
    path = f"{folder}/{timezone.now():%Y/%m}/{uuid4().hex}{suffix}"
    target = settings.MEDIA_ROOT / path
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with tempfile.NamedTemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, suffix=".upload", delete=False) as draft:
        for chunk in file.chunks():
            digest.update(chunk)
            draft.write(chunk)
        draft.flush()
        os.fsync(draft.fileno())
    Path(draft.name).replace(target)
    return Upload.objects.create(
        path=path,
        sha256=digest.hexdigest(),
        size_bytes=file.size or 0,
        content_type=CONTENT_TYPES[suffix],
        owner_id=owner_id,
    )
