"""What people carry away: one conversation as a file, the whole account as a zip."""

from collections.abc import Callable, Iterator
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from conversations.exports import archive, document, markdown, names, page
from conversations.models import Conversation

from .requests import PersonRequest, owned
from .streaming import streamed

_TYPES = {
    "md": "text/markdown; charset=utf-8",
    "json": "application/json",
    "html": "text/html; charset=utf-8",
}
_WRITERS: dict[str, Callable[[Conversation], Iterator[str] | Iterator[bytes]]] = {
    "md": markdown.pieces,
    "json": document.pieces,
    "html": page.pieces,
}


@never_cache
@require_GET
@login_required
def conversation(request: PersonRequest, pk: UUID, kind: str) -> HttpResponse:
    """Send a conversation as a file."""
    found = owned(request, pk)
    parts = (
        part if isinstance(part, bytes) else part.encode("utf-8", "replace") for part in _WRITERS[kind](found)
    )
    response = HttpResponse(b"".join(parts), content_type=_TYPES[kind])
    name = f"{names.of_conversation(found)}.{kind}"
    response["Content-Disposition"] = content_disposition_header(True, name) or ""
    return response


@never_cache
@require_GET
@login_required
def account(request: PersonRequest) -> StreamingHttpResponse:
    """Send all that is the person's, piece by piece."""
    words = archive.Words(get_language() or "en", timezone.get_current_timezone())
    name = f"chatsite {names.fit(request.user.username)} {timezone.localdate().isoformat()}.zip"
    return streamed(archive.pieces(request.user, words), "application/zip", name)
