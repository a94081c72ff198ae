"""How rows look in the protocol."""

from collections.abc import Iterable
from typing import cast
from uuid import UUID

from . import events, outcomes
from .models import Attachment, Conversation, Generation, Message
from .services.starting import Start


def conversation(row: Conversation, *, running: bool = False) -> events.ConversationState:
    """Return a conversation as the page knows it."""
    leaf = row.shown_leaf
    return events.ConversationState(
        id=row.pk,
        title=row.title,
        model=row.model,
        options=row.options,
        system=row.system_prompt,
        think=row.think,
        leaf=leaf.pk if leaf else None,
        end=leaf.end if leaf else (0, 0),
        updated_at=row.updated_at,
        running=running,
        pinned=row.pinned,
        archived=row.archived_at is not None,
    )


def new_conversation(pk: UUID, begin: Start) -> events.ConversationState:
    """Return a conversation that does not exist yet."""
    return events.ConversationState(
        id=pk, model=begin.model, options=begin.options, system=begin.system, think=begin.think
    )


def message(
    row: Message, attached: Iterable[Attachment] = (), *, is_only: bool = False
) -> events.MessageState:
    """Return a message with what is `attached` and its versions, not looked for where it `is_only` one."""
    return events.MessageState(
        id=row.pk,
        parent=row.parent_id,
        role=row.role,
        text=row.content,
        html=row.html,
        siblings=[row.pk] if is_only else siblings(row),
        created_at=row.created_at,
        attachments=[attachment(one) for one in attached],
    )


def attachment(row: Attachment) -> events.AttachmentState:
    """Return an attachment as the page draws it."""
    return events.AttachmentState(
        id=row.pk,
        kind=row.kind,
        name=row.name,
        size=row.size,
        width=row.width,
        height=row.height,
        characters=row.characters,
    )


def siblings(row: Message) -> list[UUID]:
    """Return all versions of a message, itself among them, in order."""
    return Message.objects.siblings_of([row])[row.parent_id]


def started(row: Generation, *, is_only: bool = False) -> events.GenerationStarted:
    """Return the beginning of an answer; one that is continued begins at its end. `is_only`: it has no versions."""
    return events.GenerationStarted(
        generation=row.pk,
        message=row.message_id,
        parent=cast("UUID", row.message.parent_id),
        model=row.model,
        options=row.options,
        siblings=[row.message_id] if is_only else siblings(row.message),
        at=row.message.end,
    )


def generation(row: Generation, text: str, thinking: str) -> events.GenerationState:
    """Return a live generation with its text so far."""
    return events.GenerationState(
        id=row.pk,
        message=row.message_id,
        parent=cast("UUID", row.message.parent_id),
        model=row.model,
        options=row.options,
        status=row.status,
        phase=row.phase,
        text=text,
        thinking=thinking,
        end=(len(text), len(thinking)),
        history_start=row.history_start_id,
        thinking_ms=row.message.thinking_ms,
    )


def finished(row: Generation) -> events.GenerationFinished:
    """Return the end of an answer, as stored."""
    return events.GenerationFinished(
        generation=row.pk,
        message=row.message_id,
        status=row.status,
        reason=row.reason,
        end=row.message.end,
        stats=stats(row, row.message.thinking_ms),
        model=row.model,
        omitted=row.omitted_messages,
        history_start=row.history_start_id,
        outcome=outcomes.code(row, row.message.content, row.message.thinking),
        detail=outcomes.excerpt(row.error_detail),
        repeat_penalty=outcomes.higher_penalty(row),
    )


def stats(row: Generation, thinking_ms: int) -> events.Stats:
    """Return what a generation, read `with_left_out`, took; `thinking_ms` is its message's."""
    speed = row.tokens_per_second
    return events.Stats(
        first_token_ms=row.first_token_ms,
        total_ms=row.total_ms,
        load_ms=round(row.load_ns / 1e6) if row.load_ns is not None else None,
        prompt_tokens=row.prompt_tokens,
        output_tokens=row.output_tokens,
        tokens_per_s=round(speed, 1) if speed else None,
        thinking_ms=thinking_ms or None,
        window=row.window,
        released_ms=row.released_ms,
        unseen=sum(int(fact.detail) for fact in getattr(row, "left_out", ())) or None,
    )
