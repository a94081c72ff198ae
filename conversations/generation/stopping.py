"""How a stop that was marked in the database reaches the process that owns the generation.

This process's runner and, through the channel layer, those of the others are told at once; what the layer loses is
read by the owner's checkpoint clock within half a second.
"""

from uuid import UUID

from asgiref.sync import async_to_sync

from conversations import database
from conversations.models import User
from conversations.neighbours import neighbours
from conversations.services import generations

from .runner import runner


async def stop_for(user: User, generation: UUID) -> None:
    """Have a generation of one of the user's own conversations stopped; harmless where it is over or not theirs."""
    if await database.sockets.run(generations.request_stop_by_owner, generation, user):
        tell_stop(generation)


def stop_now(generation: UUID) -> None:
    """Have a generation stopped that has been marked, from a page's thread."""

    async def tell() -> None:
        tell_stop(generation)

    async_to_sync(tell)()


def tell_stop(generation: UUID) -> None:
    """Have a generation stopped that has been marked, by whichever process owns it."""
    runner.stop(generation)
    neighbours.tell("stop", generation=str(generation))
