"""What was said in many conversations, message by message, for a file."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, Q

from conversations.models import Access, Conversation, Generation, Message, User
from conversations.querysets import MessageQuerySet
from conversations.services import access

COLUMNS = (
    "conversation",
    "owner",
    "title",
    "message",
    "parent",
    "role",
    "created_at",
    "content",
    "thinking",
    "rating",
    "rating_comment",
    "files",
    "model",
    "options",
    "status",
    "reason",
    "prompt_tokens",
    "output_tokens",
)
_CONVERSATIONS = 50
# A message may be a megabyte long.
_MESSAGES = 50
_OF_CALL = ("model", "options", "status", "reason", "prompt_tokens", "output_tokens")


def messages_of(conversations: Iterable[UUID], reader: User) -> Iterator[Mapping[str, Any]]:
    """Yield all messages of `conversations` (of which one is asked for after the other), oldest first in each.

    That `reader` is shown them is kept before they are.
    """
    ids = iter(conversations)
    while some := list(islice(ids, _CONVERSATIONS)):
        found = Conversation.objects.select_related("owner").in_bulk(some)
        access.note(reader, Access.Kind.EXPORT, found.values())
        for pk in some:
            if pk in found:
                yield from _messages(found[pk])


def _messages(conversation: Conversation) -> Iterator[Mapping[str, Any]]:
    rows = conversation.messages.order_by("created_at", "pk")
    place: tuple[datetime, UUID] | None = None
    while batch := _batch(rows, place):
        for message in batch:
            yield _row(conversation, message)
        place = batch[-1].created_at, batch[-1].pk


def _batch(rows: MessageQuerySet, place: tuple[datetime, UUID] | None) -> list[Message]:
    if place:
        at, pk = place
        rows = rows.filter(Q(created_at__gte=at) & ~Q(created_at=at, pk__lte=pk))
    calls = Prefetch("generations", Generation.objects.order_by("queued_at"))
    return list(rows.prefetch_related(calls, "attachments").defer("html")[:_MESSAGES])


def _row(conversation: Conversation, message: Message) -> Mapping[str, Any]:
    calls = list(message.generations.all())
    call = calls[-1] if calls else Generation(status="")
    return {
        "conversation": conversation.pk,
        "owner": conversation.owner.get_username(),
        "title": conversation.title,
        "message": message.pk,
        "parent": message.parent_id,
        **{name: getattr(message, name) for name in ("role", "created_at", "content", "thinking")},
        **{name: getattr(message, name) for name in ("rating", "rating_comment")},
        "files": [file.name for file in message.attachments.all()],
        **{name: getattr(call, name) for name in _OF_CALL},
    }
