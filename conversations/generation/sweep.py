"""Ends what a process that has gone has left behind.

Whether it has gone is judged by this process's own steady clock, from heartbeats that stay the same: clocks that
differ or jump, and a database that was away for everybody, make nobody look dead.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime
from uuid import UUID

from django.db import Error as DatabaseError

from conversations.database import DatabaseThread
from conversations.models import Generation
from conversations.services import generations, pulls
from conversations.services.generations import STALE_AFTER

logger = logging.getLogger(__name__)

_LOOK_SECONDS = 5

Heartbeats = Mapping[UUID, datetime | None]


class Silences:
    """Since when the generations of other processes have given no sign of life."""

    def __init__(self) -> None:
        self._since: dict[tuple[UUID, datetime | None], float] = {}

    def long(self, heartbeats: Heartbeats, now: float) -> Heartbeats:
        """Return those of `heartbeats` that have stayed the same for too long; `now` is of a steady clock."""
        self._since = {seen: self._since.get(seen, now) for seen in heartbeats.items()}
        longest = STALE_AFTER.total_seconds()
        return dict(seen for seen, since in self._since.items() if now - since >= longest)

    def forget(self) -> None:
        """Begin anew: nobody could give a sign of life, or nobody here could see it."""
        self._since.clear()


class Sweep:
    """Looks for what has been left behind; `on_swept` is awaited with each generation that was ended.

    `mine` are those that this process works on.
    """

    def __init__(
        self,
        mine: Collection[UUID],
        writer: DatabaseThread,
        on_swept: Callable[[Generation], Awaitable[None]],
    ) -> None:
        self._mine = mine
        self._writer = writer
        self._on_swept = on_swept
        self._silences, self._silent_pulls = Silences(), Silences()

    async def run(self) -> None:
        """Look for as long as the process lives."""
        while True:
            slept = time.monotonic()
            await asyncio.sleep(_LOOK_SECONDS)
            if time.monotonic() - slept > 2 * _LOOK_SECONDS:
                # The machine stood still, and the others have not had their turn yet.
                self._forget()
            try:
                await self._look()
                await self._look_at_pulls()
            except DatabaseError:
                self._forget()

    def _forget(self) -> None:
        self._silences.forget()
        self._silent_pulls.forget()

    async def _look(self) -> None:
        heartbeats = await self._writer.run(generations.heartbeats, tuple(self._mine))
        silent = self._silences.long(heartbeats, time.monotonic())
        if not silent:
            return
        for row in await self._writer.run(generations.sweep, silent):
            logger.warning("Generation %s of a process that has gone is interrupted", row.pk)
            await self._on_swept(row)

    async def _look_at_pulls(self) -> None:
        silent = self._silent_pulls.long(await self._writer.run(pulls.heartbeats), time.monotonic())
        if silent:
            await self._writer.run(pulls.sweep, silent)
