"""The chat: its page, the fragments that its modules fetch, and what is done to a conversation as a whole."""

import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from asgiref.sync import async_to_sync
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_GET, require_POST

from conversations import examples, js_strings, notify, offering, outcomes
from conversations.generation.backend import backend
from conversations.generation.stopping import stop_now
from conversations.lists import Place
from conversations.models import Conversation, Generation, Message, User
from conversations.services import accounts, attachments, branches, offers, options, quotas, starting
from conversations.services import conversations as services
from conversations.services.errors import Refused

from . import sidebar, transcript, window
from .requests import PersonRequest, done, owned, refusal, uuid_of
from .window import Window


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Show an empty conversation; it begins to exist with its first message."""
    if not accounts.administrator_exists():
        return render(request, "setup/needed.html")
    return _new_conversation(request)  # type: ignore[arg-type] # it sees to the login


@login_required
def _new_conversation(request: PersonRequest) -> HttpResponse:
    pk = uuid.uuid4()
    begin = starting.start(request.user, offering.chooser(request.user))
    found = starting.new_conversation(pk, request.user, begin)
    context = {
        **_chat(request, found),
        "is_new": True,
        "begin": begin,
        "new": services.sign_new(request.user, pk),
        "deleted": _deleted(request),
    }
    return render(request, "conversations/chat.html", context)


def _deleted(request: PersonRequest) -> Conversation | None:
    """Return the conversation whose deletion the page offers to undo."""
    pk = uuid_of(request, "deleted")
    if pk is None:
        return None
    return Conversation.objects.filter(pk=pk, owner=request.user).exclude(deleted_at=None).first()


@require_GET
@login_required
def conversation(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Show a conversation: the end of it, or what is asked for as `_window` has it."""
    found = owned(request, pk)
    context = {**_chat(request, found), "window": _window(request, found)}
    return render(request, "conversations/chat.html", context)


@require_GET
@login_required
def messages(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Return messages as HTML, as `_window` has them, or `?only=` one.

    `?source=` is a text, and `?below=` how many messages would go with one (JSON).
    """
    found = owned(request, pk)
    if source := uuid_of(request, "source"):
        message = get_object_or_404(Message, pk=source, conversation=found)
        return HttpResponse(message.content, content_type="text/plain; charset=utf-8")
    if below := uuid_of(request, "below"):
        return _count_below(request, pk, below)
    if only := uuid_of(request, "only"):
        rows = Message.objects.filter(conversation=found, pk=only).with_generations()
        shown = transcript.shown([get_object_or_404(rows)])
        return render(request, "conversations/_messages.html", {"window": {"shown": shown}})
    # What comes above or below what is there already leads on in that direction alone.
    part = next((name for name in ("before", "after") if request.GET.get(name)), "")
    context = {"conversation": found, "window": _window(request, found), "part": part}
    return render(request, "conversations/_messages.html", context)


def _count_below(request: PersonRequest, pk: UUID, message: UUID) -> HttpResponse:
    try:
        return JsonResponse({"count": branches.count_below(request.user, pk, message)})
    except Refused as refused:
        return refusal(request, refused)


def _window(request: HttpRequest, found: Conversation) -> Window:
    """Return the messages around `?m=`, before `?before=` or behind `?after=` one; without these, the last ones."""
    for name, part in (("m", window.around), ("before", window.before), ("after", window.after)):
        if pk := uuid_of(request, name):
            return part(found, get_object_or_404(Message, pk=pk, conversation=found))
    return window.at_end(found)


@require_GET
@login_required
def conversation_list(request: PersonRequest) -> HttpResponse:
    """Return the list of conversations as HTML, from `?before=` a place on; `?size=` of them, within bounds."""
    size = request.GET.get("size", "")
    wanted = int(size) if size.isascii() and size.isdecimal() and len(size) < 10 else sidebar.PAGE_SIZE
    listing = sidebar.listing(request.user, _place_of(request), wanted)
    return render(request, "conversations/_list.html", {"listing": listing})


@require_GET
@login_required
def archived(request: PersonRequest) -> HttpResponse:
    """Show what the person has archived, from `?before=` a place on."""
    context = {"listing": sidebar.archived(request.user, _place_of(request)), "deleted": _deleted(request)}
    return render(request, "conversations/archived.html", context)


def _place_of(request: HttpRequest) -> Place | None:
    """Return the place in a list that the query string names. Raises Http404 for something else."""
    before = request.GET.get("before")
    try:
        return Place.parse(before) if before else None
    except ValueError as error:
        raise Http404 from error


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
    return render(request, "conversations/_model_options.html", _models(offers.offer(request.user)))


@require_GET
@login_required
def allowance(request: PersonRequest) -> HttpResponse:
    """Return what the person may still ask today, as HTML."""
    context = {"allowance": quotas.allowance(request.user)}
    return render(request, "conversations/_allowance.html", context)


def _model(wanted: str) -> dict[str, Any]:
    """Return what is known of the model that would answer, and where Ollama is looked for (without a password)."""
    address = urlsplit(settings.OLLAMA_BASE_URL)
    shown = address._replace(netloc=address.netloc.rpartition("@")[2]).geturl()
    return {"state": backend.state(wanted), "ollama_address": shown}


def _models(offer: offers.Offer) -> dict[str, Any]:
    """Return the models that can be chosen, and the one that answers where none is."""
    return {"models": offering.of(offer), "site": backend.state("")}


@require_POST
@login_required
def rename(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Give a conversation the title in the form."""
    try:
        found = services.rename(request.user, pk, request.POST.get("title", ""))
    except Refused as refused:
        return refusal(request, refused)
    _tell_updated(found)
    return done(request, found.get_absolute_url(), title=found.title)


@require_POST
@login_required
def pin(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Keep a conversation at the top of the list (`pinned=1`), or not (`pinned=0`)."""
    return _switch(request, pk, "pinned", services.pin, services.unpin)


@require_POST
@login_required
def archive(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Take a conversation out of the list (`archived=1`), or back into it (`archived=0`)."""
    return _switch(request, pk, "archived", services.archive, services.unarchive)


Verb = Callable[[User, UUID], Conversation]


def _switch(request: PersonRequest, pk: UUID, name: str, on: Verb, off: Verb) -> HttpResponse:
    verb = {"1": on, "0": off}.get(request.POST.get(name, ""))
    if verb is None:
        return refusal(request, Refused("bad_frame"))
    try:
        found = verb(request.user, pk)
    except Refused as refused:
        return refusal(request, refused)
    _tell_updated(found)
    return done(request, _back(request) or found.get_absolute_url())


def _back(request: HttpRequest) -> str:
    """Return the page of archived conversations where the form stands on it, else nothing."""
    return reverse("archived") if request.POST.get("back") == "archived" else ""


@require_POST
@login_required
def delete(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Delete a conversation; the next page offers to undo it."""
    try:
        live = services.delete(request.user, pk)
    except Refused as refused:
        return refusal(request, refused)
    for generation in live:
        stop_now(generation)
    async_to_sync(notify.conversation_deleted)(request.user.pk, pk)
    return done(request, f"{_back(request) or reverse('home')}?deleted={pk}")


@require_POST
@login_required
def restore(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Undo a deletion."""
    try:
        found = services.restore(request.user, pk)
    except Refused as refused:
        return refusal(request, refused)
    _tell_updated(found)
    return done(request, found.get_absolute_url())


def _tell_updated(found: Conversation) -> None:
    """Tell the person's open pages of a change, with what `notify` would otherwise have to look up."""
    row = Conversation.objects.select_related("shown_leaf").get(pk=found.pk)
    running = Generation.objects.live().filter(conversation=row).exists()
    async_to_sync(notify.conversation_updated)(row, running=running)


def _chat(request: PersonRequest, found: Conversation) -> dict[str, Any]:
    """Return what the page holds around the messages."""
    offer = offers.offer(request.user)
    return {
        **_model(found.model),
        **_models(offer),
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
        "allowance": quotas.allowance(request.user),
        "sidebar": "closed" if request.COOKIES.get("sidebar") == "closed" else "open",
        "data": _data(found, offer),
    }


def _data(found: Conversation, offer: offers.Offer) -> dict[str, Any]:
    """Return what the browser's modules need and no element shows."""
    return {
        "settings": {
            "model": found.model,
            "options": found.options,
            "system": found.system_prompt,
            "think": found.think,
        },
        "rules": options.rules(),
        "profiles": offer.options(),
        "strings": js_strings.translated() if get_language() != "en" else {},
        "outcomes": {reason: str(text) for reason, text in outcomes.SENTENCES.items()},
    }
