"""What is told of writing to the database: to pages that it is late, to other processes that it is done."""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import TypeVar

from conversations.neighbours import neighbours

from .live import LiveAnswer

R = TypeVar("R")

# A database that is busy for a moment is nothing that a reader has to know of.
_LATE_SECONDS = 1.5


async def tell_if_late(writing: Awaitable[R], answers: Iterable[LiveAnswer]) -> R:
    """Return what `writing` returns; where that takes long, the readers of `answers` are told meanwhile."""
    task = asyncio.ensure_future(writing)
    done, _ = await asyncio.wait({task}, timeout=_LATE_SECONDS)
    if not done:
        for answer in answers:
            answer.tell_saved(False)
    return await task


def tell_wrote(answers: Iterable[LiveAnswer]) -> None:
    """Have other processes look at what is new of `answers`."""
    conversations = [str(answer.room.conversation) for answer in answers]
    if conversations:
        neighbours.tell("wrote", conversations=conversations)
