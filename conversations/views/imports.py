"""Bringing an account's archive: the page sends it in pieces, has it read in steps, and shows what came of it."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from conversations.models import Import
from conversations.services import importing
from conversations.services.errors import Refused

from .requests import PersonRequest, refusal, wants_json

# An offset has no more digits than the largest archive.
_DIGITS = 12


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def begin(request: PersonRequest) -> HttpResponse:
    """Show where an archive is chosen, or make room for the one that the page has chosen."""
    if request.method != "POST":
        rows = list(Import.objects.filter(owner=request.user)[:5])
        context = {"imports": rows, "piece": importing.PIECE, "limit": importing.MAX_GIB}
        return render(request, "imports/begin.html", context)
    size = request.POST.get("size", "")
    if not _is_number(size):
        return HttpResponseBadRequest()
    try:
        row = importing.begin(request.user, request.POST.get("name", ""), int(size))
    except Refused as refused:
        return refusal(request, refused)
    return JsonResponse(_state(row))


@require_POST
@login_required
def receive(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Keep the body as the piece that begins at `?at=`; the answer says where the next one begins."""
    offset = request.GET.get("at", "")
    if not _is_number(offset) or len(request.body) > importing.PIECE:
        return HttpResponseBadRequest()
    try:
        there = importing.receive(request.user, pk, int(offset), request.body)
    except Refused as refused:
        return refusal(request, refused)
    return JsonResponse({"received": there})


@require_POST
@login_required
def step(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Read on for a moment."""
    try:
        row = importing.step(request.user, pk)
    except Refused as refused:
        return refusal(request, refused)
    return JsonResponse(_state(row)) if wants_json(request) else redirect("account_import_show", pk)


@never_cache
@require_GET
@login_required
def show(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Show how far an import is, or what came of it."""
    try:
        row = importing.owned(request.user, pk)
    except Refused as refused:
        return refusal(request, refused)
    context = {"row": row, "why": importing.why(row), "untold": row.not_taken_count - len(row.not_taken)}
    return render(request, "imports/show.html", context)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _DIGITS


def _state(row: Import) -> dict[str, object]:
    return {
        "status": row.status,
        "position": row.position,
        "total": row.total,
        "address": reverse("account_import_show", args=[row.pk]),
    }
