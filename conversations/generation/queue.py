"""Who waits for a model, and how many answers must end before each begins.

The truth is in the database, where all processes see it; this is where one process's generations wait for it.
"""

import asyncio
import logging
from uuid import UUID

from django.conf import settings
from django.db import Error as DatabaseError

from conversations.database import DatabaseThread
from conversations.services import generations
from conversations.services.generations import Limits

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
        self._waiting: dict[UUID, tuple[LiveAnswer, asyncio.Event]] = {}
        # Claimed along with others between being stored and beginning to wait here.
        self._granted: set[UUID] = set()
        self._wake: asyncio.Event | None = None
        self._claiming: asyncio.Task[None] | None = None

    async def wait_turn(self, answer: LiveAnswer) -> None:
        """Return when the database has made the generation a running one."""
        if answer.id in self._granted:
            self._granted.discard(answer.id)
            return
        turn = asyncio.Event()
        self._waiting[answer.id] = (answer, turn)
        self.wake()
        await turn.wait()

    def leave(self, answer: LiveAnswer) -> None:
        """Forget a generation that has ended; the next one may begin."""
        self._waiting.pop(answer.id, None)
        self._granted.discard(answer.id)
        self.wake()

    def wake(self) -> None:
        """Look again soon whether somebody may begin."""
        if not self._waiting:
            return
        if self._wake is None:
            self._wake = asyncio.Event()
        self._wake.set()
        if self._claiming is None or self._claiming.done():
            self._claiming = asyncio.create_task(self._claim())

    async def _claim(self) -> None:
        wake = self._wake
        assert wake is not None  # noqa: S101 -- set by `wake`, which starts this
        while self._waiting:
            wake.clear()
            try:
                await self._claim_once()
            except DatabaseError:
                logger.exception("The queue cannot be read; it is tried again")
            if not self._waiting:
                return
            try:
                await asyncio.wait_for(wake.wait(), _LOOK_SECONDS)
            except TimeoutError:
                continue

    async def _claim_once(self) -> None:
        limits = Limits(self._backend.num_parallel, settings.MAX_RUNNING_PER_USER, settings.MAX_RUNNING)
        for generation in await self._writer.run(generations.claim, self._process, limits):
            if generation in self._waiting:
                self._waiting.pop(generation)[1].set()
            else:
                self._granted.add(generation)
        if not self._waiting:
            return
        places = await self._writer.run(generations.places, self._process, limits)
        for generation, (answer, _) in self._waiting.items():
            if generation in places:
                answer.enter("queued", places[generation])
