"""Fetching models: a task of the process for each, whose progress lies in the database for every page."""

import asyncio
import contextvars
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from uuid import UUID

from conversations import database
from conversations.models import Pull
from conversations.ollama.client import PullStep
from conversations.ollama.errors import OllamaError
from conversations.services import pulls

from .backend import Backend

_NOTE_SECONDS = 0.5


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
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _fetch(self, pull: UUID, model: str) -> None:
        state, error = Pull.State.FAILED, ""
        try:
            async with aclosing(self._backend.ollama.pull(model)) as steps:
                state = await _follow(pull, steps)
        except OllamaError as failure:
            error = str(failure)
        finally:
            await database.sockets.run(pulls.end, pull, state, error)
        await self._backend.refresh()


async def _follow(pull: UUID, steps: AsyncGenerator[PullStep, None]) -> Pull.State:
    noted = 0.0
    async for step in steps:
        if step.status == "success":
            return Pull.State.DONE
        if time.monotonic() - noted >= _NOTE_SECONDS:
            noted = time.monotonic()
            if not await database.sockets.run(pulls.note, pull, step):
                return Pull.State.STOPPED
    return Pull.State.FAILED
