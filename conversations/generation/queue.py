"""Who waits for a model, and how many answers must end before each begins.

The truth is in the database, where all processes see it; this is where one process's generations wait for it.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Iterator
from uuid import UUID

from django.conf import settings
from django.db import Error as DatabaseError

from conversations.database import DatabaseThread
from conversations.services.queue import take_turns
from conversations.services.turns import Limits

from .backend import Backend
from .live import LiveAnswer

logger = logging.getLogger(__name__)

# Another process's answer may end without a word to this one.
_LOOK_SECONDS = 0.5


class Queue:
    """The generations of this process that have not had their turn."""

    def __init__(self, process: str, writer: DatabaseThread, backend: Backend) -> None:
        self._process = process
        self._writer = writer
        self._backend = backend
        self._waiting: dict[UUID, tuple[LiveAnswer, asyncio.Future[None]]] = {}
        self._wake = asyncio.Event()
        self._taking: asyncio.Task[None] | None = None
        self._failing = False

    @property
    def limits(self) -> Limits:
        """How many may run at once, at this moment."""
        return Limits(self._backend.num_parallel, settings.MAX_RUNNING_PER_USER, settings.MAX_RUNNING)

    async def wait_turn(self, answer: LiveAnswer) -> None:
        """Return when the database has made the generation a running one.

        Raises CancelledError where it has gone from the database.
        """
        turn = asyncio.get_running_loop().create_future()
        self._waiting[answer.id] = (answer, turn)
        self.wake()
        await turn

    def leave(self, answer: LiveAnswer) -> None:
        """Forget a generation that has ended; the next one may begin."""
        self._waiting.pop(answer.id, None)
        self.wake()

    def close(self) -> None:
        """Look no more."""
        if self._taking is not None:
            self._taking.cancel()

    def wake(self) -> None:
        """Look again soon whether somebody may begin."""
        self._wake.set()
        if self._waiting and (self._taking is None or self._taking.done()):
            self._taking = asyncio.create_task(self._take_turns())

    async def _take_turns(self) -> None:
        while self._waiting:
            self._wake.clear()
            try:
                await self._look()
                self._failing = False
            except DatabaseError as error:
                self._note_failure(error)
            if self._waiting:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), _LOOK_SECONDS)

    async def _look(self) -> None:
        turns = await self._writer.run(take_turns, self._process, frozenset(self._waiting), self.limits)
        for turn in self._take(turns.begun):
            turn.set_result(None)
        for turn in self._take(turns.gone):
            turn.cancel()
        for generation, ahead in turns.ahead.items():
            if generation in self._waiting:
                self._waiting[generation][0].enter("queued", ahead)

    def _take(self, generations: Iterable[UUID]) -> Iterator[asyncio.Future[None]]:
        """Yield the turns of those that still wait, which they do no more."""
        for generation in generations:
            _, turn = self._waiting.pop(generation, (None, None))
            # The turn of one that has just been stopped is over.
            if turn is not None and not turn.done():
                yield turn

    def _note_failure(self, error: Exception) -> None:
        if not self._failing:
            logger.warning("The queue cannot be read; it is tried again: %s", error)
        self._failing = True
