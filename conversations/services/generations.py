"""The life of a generation in the database: checkpointed, asked to stop, finished, swept.

Every step is a guarded UPDATE, so of two writers one wins and the other changes nothing.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import DataError, InterfaceError, OperationalError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from conversations.models import (
    Attachment,
    Conversation,
    Generation,
    GenerationChunk,
    GenerationEvent,
    Message,
    User,
)
from conversations.ollama.wire import storable
from conversations.rendering import plain, render
from conversations.search import index

from . import attachments, offers

logger = logging.getLogger(__name__)

# A live process writes its heartbeat twice a second; this many seconds without one mean that it is gone.
STALE_AFTER = timedelta(seconds=20)
# An answer may begin and end between two looks of another process.
_LATELY = timedelta(seconds=10)
# More earlier messages than any window holds are not even read.
_MAX_HISTORY = 2000


@dataclass(frozen=True, slots=True)
class Chunk:
    """Text of a running answer since its last checkpoint; `position` counts both kinds from its start."""

    generation: UUID
    position: int
    text: str
    thinking: str


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened to a generation, for its timeline."""

    generation: UUID
    at: datetime
    kind: str
    detail: str = ""


@dataclass(slots=True)
class Ending:
    """How a generation ended, its whole text, and what else its row is to keep (durations in nanoseconds)."""

    status: str
    reason: str
    content: str = ""
    thinking: str = ""
    thinking_ms: int = 0
    error_detail: str = ""
    columns: dict[str, Any] = field(default_factory=dict)


def checkpoint(
    mine: Sequence[UUID], chunks: Sequence[Chunk], phases: Mapping[UUID, str], facts: Sequence[Fact]
) -> list[UUID]:
    """Write what is new of a process's generations, and that they are worked on; returns those that are to end.

    These are the ones that somebody asked to stop, and those that live no more, for another process has ended them or
    they have gone with their owner. May be repeated with the same chunks and facts when its outcome is unknown.
    """
    live = Generation.objects.live().filter(pk__in=mine)
    with transaction.atomic():
        # First, for it holds the rows: nobody ends one of them between a look at it and its text.
        live.update(heartbeat=timezone.now())
        stops = dict(live.values_list("pk", "stop_requested_at"))
        _write_chunks(chunk for chunk in chunks if chunk.generation in stops)
        for pk, phase in phases.items():
            live.filter(pk=pk).update(phase=phase)
        add_facts(fact for fact in facts if fact.generation in stops)
    return [pk for pk, asked in stops.items() if asked] + [pk for pk in mine if pk not in stops]


def _write_chunks(chunks: Iterable[Chunk]) -> None:
    GenerationChunk.objects.bulk_create(
        (
            GenerationChunk(
                generation_id=chunk.generation,
                position=chunk.position,
                text=chunk.text,
                thinking=chunk.thinking,
            )
            for chunk in chunks
        ),
        update_conflicts=True,
        unique_fields=["generation", "position"],
        update_fields=["text", "thinking"],
    )


def add_facts(facts: Iterable[Fact]) -> None:
    """Add to the timelines what is not there yet; the first piece of text is kept on its generation too."""
    facts = list(facts)
    GenerationEvent.objects.bulk_create(
        (
            GenerationEvent(generation_id=fact.generation, at=fact.at, kind=fact.kind, detail=fact.detail)
            for fact in facts
        ),
        ignore_conflicts=True,
    )
    for fact in facts:
        if fact.kind == "first_token":
            Generation.objects.filter(pk=fact.generation).update(first_token_at=fact.at)


@dataclass(frozen=True, slots=True)
class Call:
    """What a generation is to be called with: `turns` are (role, content, message), oldest first, ending with the
    question and, where an answer is continued, with its text so far; `unread` counts what stands before them;
    `attached` is what goes along with the messages."""

    model: str
    system: str
    turns: list[tuple[str, str, UUID]]
    unread: int
    options: dict[str, Any]
    think: str
    attached: dict[UUID, list[Attachment]] = field(default_factory=dict)


def call(row: Generation, offer: Callable[[User], offers.Offer] = offers.offer) -> Call:
    """Return what the shown branch and the settings of its conversation make of a generation that has just begun."""
    answer = row.message
    found = Message.objects.turns(answer.parent_id, _MAX_HISTORY)
    turns = [(role, content, pk) for role, content, pk, _has_files in found]
    is_all = len(turns) < _MAX_HISTORY
    unread = 0 if is_all else Message.objects.depth(answer.parent_id) - _MAX_HISTORY
    if answer.content:
        turns.append((Message.Role.ASSISTANT, answer.content, answer.pk))
    attached = attachments.by_message([pk for _role, _content, pk, has_files in found if has_files])
    system = row.conversation.system_prompt or offer(row.requested_by).system_prompt(row.model)
    return Call(row.model, system, turns, unread, row.options, row.think, attached)


def set_call(generation: UUID, columns: Mapping[str, Any]) -> None:
    """Keep what turned out to be different from what was asked for: another model, messages left out."""
    Generation.objects.filter(pk=generation).update(**columns)


def request_stop(generation: UUID, by: User | None) -> bool:
    """Mark a live generation to be stopped, once; returns whether this call did it.

    The owner's process hears of it directly where it is this one, at the latest from its checkpoint clock.
    """
    now = timezone.now()
    with transaction.atomic():
        rows = Generation.objects.live().filter(pk=generation, stop_requested_at=None)
        marked = bool(rows.update(stop_requested_at=now, stop_requested_by=by))
        if marked:
            add_facts([Fact(generation, now, "stop_asked", by.get_username() if by else "")])
    return marked


def request_stop_by_owner(generation: UUID, user: User) -> bool:
    """Mark a generation of one of the user's own conversations, if it is live; returns whether it is theirs."""
    is_theirs = Generation.objects.filter(pk=generation, conversation__owner=user).exists()
    if is_theirs:
        request_stop(generation, user)
    return is_theirs


def finish(generation: UUID, ending: Ending, facts: Sequence[Fact] = ()) -> Generation | None:
    """End a live generation and keep its text whole, with the facts that no checkpoint has written.

    Returns its row, or None where another writer was first.
    """
    html, words = html_of(ending.content), index.words(ending.content)
    with transaction.atomic():
        if not _end(Generation.objects.filter(pk=generation), ending):
            return None
        return _keep(generation, ending, html, words, facts)


def _end(rows: QuerySet[Generation], ending: Ending) -> bool:
    """Make live `rows` ended ones; returns whether there was one."""
    return bool(
        rows.filter(status__in=Generation.LIVE).update(
            status=ending.status,
            reason=ending.reason,
            error_detail=ending.error_detail,
            phase="",
            finished_at=timezone.now(),
            **ending.columns,
        )
    )


def _keep(generation: UUID, ending: Ending, html: str, words: str, facts: Sequence[Fact]) -> Generation:
    """Keep the text of a generation that has just been ended, what it is found by, and its facts; return its row."""
    now = timezone.now()
    _keep_text(generation, ending, html)
    GenerationChunk.objects.filter(generation=generation).delete()
    add_facts([*facts, Fact(generation, now, "finished", f"{ending.status} {ending.reason}")])
    Conversation.objects.filter(generations=generation).update(updated_at=now)
    row = _told().get(pk=generation)
    if words:
        index.put(index.message_entry(row.message, row.conversation.owner_id, row.model, words))
    return row


def html_of(content: str) -> str:
    """Return the HTML of an answer; of one that the parser cannot bear, its plain text, for every answer ends."""
    try:
        return render(content) if content else ""
    except Exception:
        logger.exception("An answer of %s characters cannot be drawn", len(content))
        return plain(content)


def _keep_text(generation: UUID, ending: Ending, html: str) -> None:
    """Keep the text of an answer; one that the database refuses without what it refuses, and as plain text."""
    message = Message.objects.filter(generations=generation)
    columns = {"thinking_ms": ending.thinking_ms}
    try:
        with transaction.atomic():
            message.update(content=ending.content, thinking=ending.thinking, html=html, **columns)
    except (DataError, UnicodeEncodeError):
        logger.exception("The text of generation %s cannot be kept as it is", generation)
        content, thinking = storable(ending.content), storable(ending.thinking)
        message.update(content=content, thinking=thinking, html=plain(content), **columns)


def ended(generation: UUID) -> Generation | None:
    """Return the row of a generation that another writer has ended; None where it is gone or lives."""
    return _told().exclude(status__in=Generation.LIVE).filter(pk=generation).first()


def _told() -> QuerySet[Generation]:
    """Return generations with what is told of their end."""
    return Generation.objects.select_related("message", "conversation__shown_leaf").with_left_out()


class Told(NamedTuple):
    """A generation with the content and thinking that it came to; of a live one there is no text yet."""

    row: Generation
    text: str
    thinking: str


def told(user: User, generation: UUID) -> Told | None:
    """Return a generation of one of the user's own conversations, None where there is none of theirs."""
    mine = Conversation.objects.for_user(user)
    row = Generation.objects.select_related("message").filter(pk=generation, conversation__in=mine).first()
    if row is None:
        return None
    if row.is_live:
        return Told(row, "", "")
    # Of an answer that was continued since, the rest belongs to another call.
    later = row.message.generations.filter(queued_at__gt=row.queued_at).order_by("queued_at")
    until = later.values_list("begins_at", flat=True).first()
    return Told(row, row.message.content[:until], row.message.thinking)


def text_so_far(generation: Generation) -> tuple[str, str]:
    """Return content and thinking of a live generation as the database has them."""
    content, thinking = [generation.message.content], [generation.message.thinking]
    for chunk in generation.chunks.order_by("position"):
        content.append(chunk.text)
        thinking.append(chunk.thinking)
    return "".join(content), "".join(thinking)


def heartbeats(besides: Collection[UUID] = ()) -> dict[UUID, datetime | None]:
    """Return the last sign of life of every live generation but those `besides`, which somebody works on here."""
    return dict(Generation.objects.live().exclude(pk__in=besides).values_list("pk", "heartbeat"))


def sweep(heartbeats: Mapping[UUID, datetime | None]) -> list[Generation]:
    """End as interrupted, with their text, those that have given no other sign of life; returns what was ended."""
    rows = (_interrupted(generation, heartbeat) for generation, heartbeat in heartbeats.items())
    return [row for row in rows if row is not None]


def _interrupted(generation: UUID, heartbeat: datetime | None) -> Generation | None:
    """Interrupt one of several; what is wrong with it alone keeps nobody from the others."""
    try:
        return _interrupt(generation, heartbeat)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("Generation %s cannot be ended", generation)
        return None


def _interrupt(generation: UUID, heartbeat: datetime | None) -> Generation | None:
    ending = Ending("interrupted", "process_died")
    with transaction.atomic():
        if not _end(Generation.objects.filter(Q(heartbeat=heartbeat), pk=generation), ending):
            return None
        # Read after the end is claimed: an owner that comes back just now writes nothing behind it.
        row = _told().get(pk=generation)
        ending.content, ending.thinking = text_so_far(row)
        ending.thinking_ms = row.message.thinking_ms
        return _keep(generation, ending, html_of(ending.content), index.words(ending.content), [])


@dataclass(frozen=True, slots=True)
class Progress:
    """A generation of another process with the text that is new since the last look."""

    row: Generation
    text: str = ""
    thinking: str = ""


def elsewhere(process: str, conversations: Collection[UUID], read: Mapping[UUID, int]) -> list[Progress]:
    """Return what other processes' generations have come to in these conversations.

    Those that live or have ended lately, and all of `read`: how many characters of their chunks are known already.
    """
    lately = Q(finished_at__gt=timezone.now() - _LATELY)
    rows = Generation.objects.filter(Q(status__in=Generation.LIVE) | Q(pk__in=read) | lately)
    found = rows.exclude(process=process).values_list("pk", "conversation_id")
    watched = [pk for pk, conversation in found if conversation in conversations or pk in read]
    return [_progress(row, read.get(row.pk, 0)) for row in _told().filter(pk__in=watched)]


def _progress(row: Generation, read: int) -> Progress:
    if not row.is_live:
        return Progress(row)
    chunks = row.chunks.filter(position__gte=read).order_by("position")
    pieces = list(chunks.values_list("text", "thinking"))
    return Progress(row, "".join(text for text, _ in pieces), "".join(thinking for _, thinking in pieces))
