"""Fetching models: a task of the process for each, whose progress lies in the database for every page."""

import asyncio
import contextvars
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from uuid import UUID

from django.db import Error as DatabaseError

from conversations import database
from conversations.models import Pull
from conversations.ollama.client import PullStep
from conversations.ollama.errors import OllamaError, StreamBroken
from conversations.services import pulls

from .backend import Backend

logger = logging.getLogger(__name__)

_NOTE_SECONDS = 0.5
_RETRY_SECONDS = 1
# For a database that takes no end; the next start ends what is left.
_CLOSE_SECONDS = 2


class Pulls:
    """What this process has Ollama fetch."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, pull: Pull) -> None:
        """Fetch a model until it is there, cannot be had, or is stopped in the database by whichever process."""
        create = asyncio.get_running_loop().create_task
        task = contextvars.Context().run(create, self._fetch(pull.pk, pull.model))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Let go of all: Ollama keeps what has come for the next time."""
        if not self._tasks:
            return
        for task in self._tasks:
            task.cancel()
        _, late = await asyncio.wait(self._tasks, timeout=_CLOSE_SECONDS)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _fetch(self, pull: UUID, model: str) -> None:
        state, error = Pull.State.FAILED, ""
        try:
            async with aclosing(self._backend.ollama.pull(model)) as steps:
                state = await _follow(pull, steps)
        except OllamaError as failure:
            error = str(failure)
        except Exception:
            logger.exception("A model could not be fetched")
        finally:
            await _end(pull, state, error)
        await self._backend.refresh()


async def _follow(pull: UUID, steps: AsyncGenerator[PullStep, None]) -> Pull.State:
    """Keep how far it has come until it is there, or is stopped: also while Ollama says nothing for minutes."""
    latest = PullStep("", 0, 0)

    async def read() -> None:
        nonlocal latest
        async for latest in steps:
            if latest.status == "success":
                return
        raise StreamBroken("it ended before the model was there")

    reading = asyncio.create_task(read())
    try:
        while not reading.done():
            await asyncio.wait([reading], timeout=_NOTE_SECONDS)
            if not await _note(pull, latest):
                return Pull.State.STOPPED
        reading.result()
        return Pull.State.DONE
    finally:
        reading.cancel()
        await asyncio.wait([reading])


async def _note(pull: UUID, step: PullStep) -> bool:
    try:
        return await database.sockets.run(pulls.note, pull, step)
    except DatabaseError:
        # Ollama goes on meanwhile; the next note tells more.
        return True


async def _end(pull: UUID, state: Pull.State, error: str) -> None:
    while True:
        try:
            await database.sockets.run(pulls.end, pull, state, error)
        except DatabaseError:
            await asyncio.sleep(_RETRY_SECONDS)
        else:
            return
