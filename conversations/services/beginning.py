"""What a question makes: the call of a model that is to answer it, with the message that its text will belong to."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.utils import timezone

from conversations.models import Conversation, Generation, GenerationEvent, Message, User
from conversations.search import index

from . import offers, quotas
from .errors import Refused

_CHANGED_BY_ASKING = ["model", "options", "system_prompt", "think", "shown_leaf", "updated_at", "archived_at"]


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, where, and for which process.

    `choose` names the model that would answer, given the one that is wanted ("" for any); it raises
    Refused(unknown_model). `signature` allows an unknown conversation to be created; it `is_new` where its id was made
    for this question. `can_see` tells whether a model takes pictures, None where nobody knows. `offer` is that of
    services/offers.py, or one that remembers what it said.
    """

    user: User
    conversation: UUID
    process: str
    choose: Callable[[str], str]
    signature: str = ""
    is_new: bool = False
    can_see: Callable[[str], bool | None] = lambda _model: None
    offer: Callable[[User], offers.Offer] = offers.offer


class Means(NamedTuple):
    """What an answer is made with."""

    model: str
    options: dict[str, Any]
    think: str


def means_of(
    asker: Asker, conversation: Conversation, model: str | None = None, above: dict[str, Any] | None = None
) -> Means:
    """Return what the conversation has chosen, or `model`, and the options `above` its own. Raises Refused."""
    chosen = asker.choose(model or conversation.model)
    defaults = asker.offer(asker.user).defaults(chosen)
    return Means(chosen, {**defaults, **conversation.options, **(above or {})}, conversation.think)


def means_of_last(asker: Asker, conversation: Conversation, answer: Message) -> Means:
    """Return what an answer was made with last; where that model is gone, what the conversation has chosen."""
    last = answer.generations.order_by("queued_at").last()
    if last is not None:
        with suppress(Refused):
            return Means(asker.choose(last.model), last.options, last.think)
    return means_of(asker, conversation)


def new_message(
    conversation: Conversation,
    parent: Message | None,
    role: str,
    content: str = "",
    *,
    is_version: bool = False,
) -> Message:
    """Make a message, later than its parent and other versions whatever the clock says; `begin` writes it."""
    before = [parent.created_at] if parent else []
    if is_version:
        before += conversation.messages.filter(parent=parent).values_list("created_at", flat=True)
    now = _now_after(before)
    return Message(conversation=conversation, parent=parent, role=role, content=content, created_at=now)


def _now_after(times: Iterable[datetime]) -> datetime:
    """Return what the clock says, or a moment after the latest of `times` where it stands behind that."""
    return max([timezone.now(), *(at + timedelta(microseconds=1) for at in times)])


def begin(
    asker: Asker,
    conversation: Conversation,
    question: Message,
    client_id: str,
    means: Means,
    answer: Message | None = None,
) -> Generation:
    """Write a question and the queued call that answers it, in `answer` or a new message. Raises Refused(quota)."""
    quotas.refuse_if_spent(asker.user)
    answer = answer or new_message(conversation, question, Message.Role.ASSISTANT)
    now = _now_after([] if answer._state.adding else answer.generations.values_list("queued_at", flat=True))
    conversation.shown_leaf = answer
    conversation.updated_at = now
    # What is asked in stands in the list.
    conversation.archived_at = None
    is_new = conversation._state.adding
    # A foreign key is looked at when the transaction ends: the leaf may come after the conversation.
    if is_new:
        conversation.save(force_insert=True)
    else:
        conversation.save(update_fields=_CHANGED_BY_ASKING)
    found_by = [index.title_entry(conversation)] if is_new else []
    if question._state.adding:
        found_by.append(index.message_entry(question, conversation.owner_id, means.model))
    Message.objects.bulk_create(message for message in (question, answer) if message._state.adding)
    index.add(found_by)
    generation = Generation.objects.create(
        conversation=conversation,
        message=answer,
        client_id=client_id,
        requested_by=asker.user,
        model=means.model,
        options=means.options,
        think=means.think,
        process=asker.process,
        begins_at=len(answer.content),
        heartbeat=now,
        queued_at=now,
    )
    GenerationEvent.objects.create(generation=generation, at=now, kind="queued")
    return generation
