"""The life of a generation in the database: checkpointed, asked to stop, finished, swept.

Every step is a guarded UPDATE, so of two writers one wins and the other changes nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from conversations.models import Conversation, Generation, GenerationChunk, GenerationEvent, Message, User
from conversations.rendering import render

# A live process writes its heartbeat twice a second; this many seconds without one mean that it is gone.
STALE_AFTER = timedelta(seconds=20)
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
    error_detail: str = ""
    columns: dict[str, Any] = field(default_factory=dict)


def checkpoint(
    process: str, chunks: Sequence[Chunk], phases: Mapping[UUID, str], facts: Sequence[Fact]
) -> list[UUID]:
    """Write what is new of all live generations of `process`; returns those that are to end.

    These are the ones that somebody asked to stop, and those that have gone from the database with their owner.
    May be repeated with the same chunks and facts when its outcome is unknown.
    """
    mine = Generation.objects.live().filter(process=process)
    with transaction.atomic():
        stops = dict(mine.values_list("pk", "stop_requested_at"))
        _write_chunks(chunk for chunk in chunks if chunk.generation in stops)
        for pk, phase in phases.items():
            mine.filter(pk=pk).update(phase=phase)
        add_facts(fact for fact in facts if fact.generation in stops)
        mine.update(heartbeat=timezone.now())
    gone = {chunk.generation for chunk in chunks} | {fact.generation for fact in facts}
    return [pk for pk, asked in stops.items() if asked] + list(gone - stops.keys())


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
    question and, where an answer is continued, with its text so far; `unread` counts what stands before them."""

    model: str
    system: str
    turns: list[tuple[str, str, UUID]]
    unread: int
    options: dict[str, Any]
    think: str


def call(row: Generation) -> Call:
    """Return what the shown branch and the settings of its conversation make of a generation that has just begun."""
    answer = row.message
    turns = Message.objects.turns(answer.parent_id, _MAX_HISTORY)
    is_all = len(turns) < _MAX_HISTORY
    unread = 0 if is_all else Message.objects.depth(answer.parent_id) - _MAX_HISTORY
    if answer.content:
        turns.append((Message.Role.ASSISTANT, answer.content, answer.pk))
    return Call(row.model, row.conversation.system_prompt, turns, unread, row.options, row.think)


def set_call(generation: UUID, *, model: str, omitted: int, history_start: UUID | None) -> None:
    """Keep what turned out to be different from what was asked for: another model, messages left out.

    `history_start` is the first message that goes along where any were left out.
    """
    Generation.objects.filter(pk=generation).update(
        model=model, omitted_messages=omitted, history_start=history_start
    )


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
    """Mark a generation of one of the user's own conversations; anything else is left alone without a word."""
    mine = Generation.objects.filter(pk=generation, conversation__owner=user)
    return mine.exists() and request_stop(generation, user)


def finish(generation: UUID, ending: Ending, facts: Sequence[Fact] = ()) -> Generation | None:
    """End a live generation and keep its text whole, with the facts that no checkpoint has written.

    Returns its row, or None where another writer was first.
    """
    now = timezone.now()
    html = render(ending.content) if ending.content else ""
    with transaction.atomic():
        won = (
            Generation.objects.live()
            .filter(pk=generation)
            .update(
                status=ending.status,
                reason=ending.reason,
                error_detail=ending.error_detail,
                phase="",
                finished_at=now,
                **ending.columns,
            )
        )
        if not won:
            return None
        Message.objects.filter(generations=generation).update(
            content=ending.content, thinking=ending.thinking, html=html
        )
        GenerationChunk.objects.filter(generation=generation).delete()
        add_facts([*facts, Fact(generation, now, "finished", f"{ending.status} {ending.reason}")])
        Conversation.objects.filter(generations=generation).update(updated_at=now)
        return Generation.objects.select_related("message", "conversation__shown_leaf").get(pk=generation)


def text_so_far(generation: Generation) -> tuple[str, str]:
    """Return content and thinking of a live generation as the database has them."""
    content, thinking = [generation.message.content], [generation.message.thinking]
    for chunk in generation.chunks.order_by("position"):
        content.append(chunk.text)
        thinking.append(chunk.thinking)
    return "".join(content), "".join(thinking)


def sweep(process: str, *, at_boot: bool = False) -> list[Generation]:
    """End what no living process works on any more as interrupted, with its text; returns what was ended.

    `process` is the one that sweeps: its own are never taken, however late its heartbeat is. At boot, where there
    can be only one process, everything else is taken at once.
    """
    orphans = Generation.objects.live().exclude(process=process)
    if not at_boot:
        orphans = orphans.filter(heartbeat__lt=timezone.now() - STALE_AFTER)
    ended = []
    for generation in orphans.select_related("message"):
        content, thinking = text_so_far(generation)
        ending = Ending("interrupted", "process_died", content, thinking)
        row = finish(generation.pk, ending)
        if row is not None:
            ended.append(row)
    return ended
