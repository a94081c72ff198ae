"""The chat: its page, the fragments that its modules fetch, and what is done to a conversation as a whole."""

import uuid
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from asgiref.sync import async_to_sync
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_GET, require_POST

from conversations import examples, js_strings, notify, outcomes
from conversations.generation.backend import backend
from conversations.generation.stopping import stop_now
from conversations.models import Conversation, Generation, Message, ModelProfile, User
from conversations.services import accounts, attachments, branches, options
from conversations.services import conversations as services
from conversations.services.errors import Refused

from . import sidebar, transcript


class PersonRequest(HttpRequest):
    """A request of somebody who is logged in."""

    user: User


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Show an empty conversation; it begins to exist with its first message."""
    if not accounts.administrator_exists():
        return render(request, "setup/needed.html")
    return _new_conversation(request)  # type: ignore[arg-type] # it sees to the login


@login_required
def _new_conversation(request: PersonRequest) -> HttpResponse:
    pk = uuid.uuid4()
    found = Conversation(pk=pk, owner=request.user)
    context = {
        **_chat(request, found),
        "is_new": True,
        "new": services.sign_new(request.user, pk),
        "deleted": _deleted(request),
    }
    return render(request, "conversations/chat.html", context)


def _deleted(request: PersonRequest) -> Conversation | None:
    """Return the conversation whose deletion the page offers to undo."""
    pk = _uuid(request, "deleted")
    if pk is None:
        return None
    return Conversation.objects.filter(pk=pk, owner=request.user).exclude(deleted_at=None).first()


@require_GET
@login_required
def conversation(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Show a conversation: the end of it, or with `?before=` an earlier page."""
    found = _owned(request, pk)
    return render(request, "conversations/chat.html", {**_chat(request, found), **_page(request, found)})


@require_GET
@login_required
def messages(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Return messages as HTML: the last page, `?before=` a message, `?only=` one.

    `?source=` is a text, and `?below=` how many messages would go with one (JSON).
    """
    found = _owned(request, pk)
    if source := _uuid(request, "source"):
        message = get_object_or_404(Message, pk=source, conversation=found)
        return HttpResponse(message.content, content_type="text/plain; charset=utf-8")
    if below := _uuid(request, "below"):
        return _count_below(request, pk, below)
    if only := _uuid(request, "only"):
        rows = Message.objects.filter(conversation=found, pk=only).with_generations()
        shown = transcript.shown([get_object_or_404(rows)])
        return render(request, "conversations/_messages.html", {"shown": shown, "only": True})
    context = {"conversation": found, **_page(request, found)}
    return render(request, "conversations/_messages.html", context)


def _count_below(request: PersonRequest, pk: UUID, message: UUID) -> HttpResponse:
    try:
        return JsonResponse({"count": branches.count_below(request.user, pk, message)})
    except Refused as refused:
        return _refusal(request, refused)


def _page(request: HttpRequest, found: Conversation) -> dict[str, Any]:
    """Return a page of messages, and the one before which the model no longer sees anything."""
    leaf = found.shown_leaf_id
    if before := _uuid(request, "before"):
        leaf = get_object_or_404(Message, pk=before, conversation=found).parent_id
    shown = transcript.page_before(found, leaf)
    return {"shown": shown, "history_start": transcript.history_start(found, shown)}


@require_GET
@login_required
def conversation_list(request: PersonRequest) -> HttpResponse:
    """Return the list of conversations as HTML, from `?before=` a conversation on."""
    try:
        listing = sidebar.listing(request.user, _uuid(request, "before"))
    except Conversation.DoesNotExist as error:
        raise Http404 from error
    return render(request, "conversations/_list.html", {"listing": listing})


@require_GET
@login_required
def model_state(request: PersonRequest) -> HttpResponse:
    """Return what is known of `?model=` as HTML."""
    wanted = request.GET.get("model", "")[:200]
    return render(request, "conversations/_model_state.html", _model(wanted))


@require_GET
@login_required
def model_options(request: PersonRequest) -> HttpResponse:
    """Return the models that can be chosen now, as the options of a list."""
    return render(request, "conversations/_model_options.html", _models())


def _model(wanted: str) -> dict[str, Any]:
    """Return what is known of the model that would answer, and where Ollama is looked for (without a password)."""
    address = urlsplit(settings.OLLAMA_BASE_URL)
    shown = address._replace(netloc=address.netloc.rpartition("@")[2]).geturl()
    return {"state": backend.state(wanted), "ollama_address": shown}


def _models() -> dict[str, Any]:
    """Return the models that can be chosen, and the one that answers where none is."""
    return {"models": backend.offered(), "site": backend.state("")}


@require_POST
@login_required
def rename(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Give a conversation the title in the form."""
    try:
        found = services.rename(request.user, pk, request.POST.get("title", ""))
    except Refused as refused:
        return _refusal(request, refused)
    _tell_updated(found)
    return _done(request, found.get_absolute_url(), title=found.title)


@require_POST
@login_required
def delete(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Delete a conversation; the next page offers to undo it."""
    try:
        live = services.delete(request.user, pk)
    except Refused as refused:
        return _refusal(request, refused)
    for generation in live:
        stop_now(generation)
    async_to_sync(notify.conversation_deleted)(request.user.pk, pk)
    return _done(request, f"{reverse('home')}?deleted={pk}")


@require_POST
@login_required
def restore(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Undo a deletion."""
    try:
        found = services.restore(request.user, pk)
    except Refused as refused:
        return _refusal(request, refused)
    _tell_updated(found)
    return _done(request, found.get_absolute_url())


def _tell_updated(found: Conversation) -> None:
    """Tell the person's open pages of a change, with what `notify` would otherwise have to look up."""
    row = Conversation.objects.select_related("shown_leaf").get(pk=found.pk)
    running = Generation.objects.live().filter(conversation=row).exists()
    async_to_sync(notify.conversation_updated)(row, running=running)


def _wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "").startswith("application/json")


def _done(request: HttpRequest, address: str, **facts: str) -> HttpResponse:
    return JsonResponse({"address": address, **facts}) if _wants_json(request) else redirect(address)


def _refusal(request: HttpRequest, refused: Refused) -> HttpResponse:
    if refused.code == "not_found":
        raise Http404
    if _wants_json(request):
        return JsonResponse({"code": refused.code, "text": str(refused)}, status=400)
    return render(request, "400.html", {"reason": str(refused)}, status=400)


def _owned(request: PersonRequest, pk: UUID) -> Conversation:
    return get_object_or_404(Conversation.objects.for_user(request.user), pk=pk)


def _uuid(request: HttpRequest, name: str) -> UUID | None:
    """Return a UUID of the query string. Raises Http404 for something else."""
    value = request.GET.get(name)
    if not value:
        return None
    try:
        return UUID(value)
    except ValueError as error:
        raise Http404 from error


def _chat(request: PersonRequest, found: Conversation) -> dict[str, Any]:
    """Return what the page holds around the messages."""
    return {
        **_model(found.model),
        **_models(),
        "conversation": found,
        "listing": sidebar.listing(request.user),
        "examples": examples.EXAMPLES,
        "demonstration_examples": examples.DEMONSTRATION_EXAMPLES,
        "blanks": [transcript.blank(role) for role in Message.Role.values],
        "socket": f"{settings.SITE_PREFIX}ws/conversations/{found.pk}/",
        "max_chars": settings.MAX_MESSAGE_CHARS,
        "max_comment": branches.MAX_COMMENT,
        "max_files": attachments.MAX_PER_MESSAGE,
        "max_mib": attachments.MAX_MIB,
        "sidebar": "closed" if request.COOKIES.get("sidebar") == "closed" else "open",
        "data": _data(found),
    }


def _data(found: Conversation) -> dict[str, Any]:
    """Return what the browser's modules need and no element shows."""
    return {
        "settings": {
            "model": found.model,
            "options": found.options,
            "system": found.system_prompt,
            "think": found.think,
        },
        "rules": options.rules(),
        "profiles": dict(ModelProfile.objects.values_list("name", "options")),
        "strings": js_strings.translated() if get_language() != "en" else {},
        "outcomes": {reason: str(text) for reason, text in outcomes.SENTENCES.items()},
    }
