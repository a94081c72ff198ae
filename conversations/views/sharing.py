"""Shared conversations: the links of a person, and what others see who follow one.

Whoever follows a link is told nothing of the person, and nobody is told of the link: it is in no index, no cache and no
Referer.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import get_language, gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from conversations import js_strings
from conversations.models import Attachment, Conversation, Generation, Message, SharedLink
from conversations.rendering import render as drawn
from conversations.rendering import stored
from conversations.rendering.characters import clean
from conversations.services import sharing
from conversations.services.errors import Refused
from conversations.text import language_of

from . import attachments
from .requests import PersonRequest, owned, refusal, uuid_of
from .transcript import ShownFile

_PAGE_SIZE = 50


# --- The person's own


@never_cache
@require_GET
@login_required
def carry(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Show in which forms a conversation can be carried away, and its link."""
    return _carry(request, owned(request, pk))


def _carry(request: PersonRequest, found: Conversation, refused: str = "") -> HttpResponse:
    link = sharing.of_conversation(found)
    context: dict[str, Any] = {"conversation": found, "link": link, "refused": refused}
    if link:
        context["address"] = request.build_absolute_uri(reverse("shared", args=[link.token]))
        context["is_behind"] = sharing.is_behind(link, found)
    return render(request, "sharing/carry.html", context, status=400 if refused else 200)


@require_POST
@login_required
def share(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Make the link, or let it show what is shown now."""
    try:
        sharing.share(request.user, pk)
    except Refused as refused:
        if refused.code == "not_found":
            raise Http404 from refused
        return _carry(request, owned(request, pk), str(refused))
    return redirect("conversation_carry", pk)


@require_POST
@login_required
def end(request: PersonRequest, pk: UUID) -> HttpResponse:
    """End the sharing, and go back to where that was asked for."""
    try:
        sharing.end(request.user, pk)
    except Refused as refused:
        return refusal(request, refused)
    if request.POST.get("from") == "account":
        return redirect(reverse("account") + "#account-data")
    return redirect("conversation_carry", pk)


# --- Everybody's


def _quiet(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Answer without a trace."""

    @require_GET
    @functools.wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        del response["Cache-Control"]
        add_never_cache_headers(response)
        response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
        response["Referrer-Policy"] = "no-referrer"
        return response

    return answer


@dataclass(frozen=True, slots=True)
class Shared:
    """A message as it was when it was shared."""

    message: Message
    calls: list[Generation]
    content: str

    @property
    def is_question(self) -> bool:
        """Whether the person says it."""
        return self.message.role == Message.Role.USER

    @property
    def who(self) -> str:
        """Nobody's name: what it is, and which model answered."""
        if self.is_question or not self.calls:
            return gettext("Question") if self.is_question else gettext("Answer")
        return self.calls[-1].model

    @property
    def text(self) -> str:
        """What was asked."""
        return clean(self.content)

    @property
    def html(self) -> str:
        """What was answered."""
        is_as_it_was = self.content == self.message.content
        return stored(self.message.html) if is_as_it_was else drawn(self.content)

    @property
    def lang(self) -> str:
        """The language tag of the text."""
        return language_of(self.content)


@_quiet
def shared(request: HttpRequest, token: str) -> HttpResponse:
    """Show what is shared: the end of it, or with `?before=` an earlier page."""
    link = _link(token)
    leaf: UUID | None = link.leaf_id
    if before := uuid_of(request, "before"):
        if before not in Message.objects.branch_ids(leaf):
            raise Http404
        leaf = Message.objects.get(pk=before).parent_id
    rows = Message.objects.filter(conversation=link.conversation).with_generations()
    messages = rows.branch(leaf, _PAGE_SIZE)
    context = {
        "link": link,
        "shown": [(one, _files(link, one.message)) for one in (_as_it_was(link, row) for row in messages)],
        "earlier": messages[0].pk if messages and messages[0].parent_id else None,
        "is_end": leaf == link.leaf_id,
        "data": {"strings": js_strings.translated() if get_language() != "en" else {}, "outcomes": {}},
    }
    return render(request, "sharing/shared.html", context)


@_quiet
def file(request: HttpRequest, token: str, pk: UUID) -> HttpResponse:
    """Send a file of a message that is shared."""
    link = _link(token)
    row = get_object_or_404(
        Attachment.objects.filter(messages__conversation=link.conversation).distinct(), pk=pk
    )
    of = set(row.messages.values_list("pk", flat=True))
    if of.isdisjoint(Message.objects.branch_ids(link.leaf_id)):
        raise Http404
    return attachments.answer(row)


def _link(token: str) -> SharedLink:
    return get_object_or_404(SharedLink.objects.followed(token))


def _as_it_was(link: SharedLink, row: Message) -> Shared:
    """Return a message without what was added to it since: an answer may have been continued."""
    calls = list(row.generations.all())
    if row.pk != link.leaf_id:
        return Shared(row, calls, row.content)
    before = [call for call in calls if call.begins_at < max(link.leaf_length, 1)]
    return Shared(row, before, row.content[: link.leaf_length])


def _files(link: SharedLink, row: Message) -> list[ShownFile]:
    return [
        ShownFile(one, reverse("shared_file", args=[link.token, one.pk])) for one in row.attachments.all()
    ]
