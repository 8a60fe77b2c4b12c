from __future__ import annotations

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest
from django.shortcuts import get_object_or_404

from smart_erp.academics.access import visible_uploads


def page(request: HttpRequest, pk: int) -> FileResponse:
    """The stored file, for those who may see it; images are shown, everything else is downloaded."""
    stored = get_object_or_404(visible_uploads(request), pk=pk)
    try:
        content = (settings.MEDIA_ROOT / stored.path).open("rb")
    except FileNotFoundError as error:
        raise Http404(f"the file {stored.path} is missing") from error
    is_image = stored.content_type.startswith("image/")
    return FileResponse(
        content, content_type=stored.content_type, as_attachment=not is_image, filename=stored.file_name
    )
