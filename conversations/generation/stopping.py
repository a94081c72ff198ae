"""How a stop that was marked in the database reaches the process that owns the generation.

Callers in the event loop's process reach the runner at once; everything else is read by the owner's checkpoint
clock within half a second.
"""

from uuid import UUID

from asgiref.sync import async_to_sync

from .runner import runner


def stop_now(generation: UUID) -> None:
    """Tell this process's runner, from a page's thread, to stop a generation that has been marked."""

    async def tell() -> None:
        runner.stop(generation)

    async_to_sync(tell)()
