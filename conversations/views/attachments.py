"""Attachments over HTTP: taken in one by one, and shown to their owner."""

from http import HTTPStatus
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_POST

from conversations.attachments import files, names
from conversations.models import Attachment
from conversations.services import attachments as services
from conversations.services.errors import Refused

from .requests import PersonRequest

_STATUSES = {
    "file_too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "quota": HTTPStatus.TOO_MANY_REQUESTS,
    "rate": HTTPStatus.TOO_MANY_REQUESTS,
}
_YEAR_SECONDS = 365 * 24 * 60 * 60


@require_POST
@login_required
def take(request: PersonRequest) -> JsonResponse:
    """Take the file in the form's field `file`, for a question that is not sent yet."""
    try:
        row = _taken(request)
    except Refused as refused:
        status = _STATUSES.get(refused.code, HTTPStatus.BAD_REQUEST)
        return JsonResponse({"code": refused.code, "text": str(refused)}, status=status)
    told = ("id", "kind", "name", "size", "width", "height", "characters")
    facts = {name: value for name in told if (value := getattr(row, name)) is not None}
    return JsonResponse({**facts, "address": reverse("attachment", args=[row.pk])}, status=HTTPStatus.CREATED)


def _taken(request: PersonRequest) -> Attachment:
    sent = request.FILES.getlist("file")
    if len(sent) != 1 or sent[0].file is None:
        raise Refused("bad_frame")
    return services.take(request.user, sent[0].name or "", sent[0].file, sent[0].size or 0)


@require_GET
@login_required
def show(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Send a picture, or a text to be saved, to its owner."""
    return answer(get_object_or_404(Attachment, pk=pk, owner=request.user))


def answer(row: Attachment) -> HttpResponse:
    """Send an attachment. What its id names never changes, so a browser asks for it once for each login."""
    content = services.content(row)
    if content is None:
        raise Http404
    is_text = row.kind == Attachment.Kind.TEXT
    media_type = f"{row.media_type}; charset=utf-8" if is_text else row.media_type
    response = HttpResponse(content, content_type=media_type)
    name = names.for_saving(row.name, files.ENDINGS[row.media_type], is_text=is_text)
    response["Content-Disposition"] = content_disposition_header(is_text, name) or ""
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    # The answer varies with the cookie, which Django says: after another login the browser asks again.
    patch_cache_control(response, private=True, immutable=True, max_age=_YEAR_SECONDS)
    return response
