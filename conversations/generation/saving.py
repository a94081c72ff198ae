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
    timer = asyncio.get_running_loop().call_later(_LATE_SECONDS, tell_unsaved, answers)
    try:
        return await writing
    finally:
        timer.cancel()


def tell_unsaved(answers: Iterable[LiveAnswer]) -> None:
    """Tell the readers of `answers` that the database does not take what they see."""
    for answer in answers:
        answer.tell_saved(False)


def tell_wrote(answers: Iterable[LiveAnswer]) -> None:
    """Have other processes look at what is new of `answers`."""
    conversations = [str(answer.room.conversation) for answer in answers]
    if conversations:
        neighbours.tell("wrote", conversations=conversations)
