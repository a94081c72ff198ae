"""Titles that a model makes, where the site says so (TITLES): after the first answer, and in nobody's way.

The call has the conversation as its prompt and the options of the answer: the model stays as it is loaded, and what it
remembers of the conversation stays good for the next question. It has no row and takes no turn in the queue; as soon as
anybody asks anything, its connection is closed. What comes to nothing leaves the first title (docs/adr/0017).
"""

import asyncio
import contextlib
import contextvars
import logging
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import Error as DatabaseError

from conversations import notify
from conversations.database import DatabaseThread
from conversations.models import Generation
from conversations.ollama.client import ChatRequest, OllamaClient
from conversations.ollama.errors import OllamaError
from conversations.services import titles
from conversations.services.options import HISTORY_TURNS
from conversations.services.titles import Subject
from conversations.text import language_of

from .backend import Backend
from .calling import prompt_of

logger = logging.getLogger(__name__)

_SECONDS = 30
# Whoever asks in another process is heard of at once; where the channel layer is away, by this look at the database.
_LOOK_SECONDS = 0.5
_TOKENS = 40
# A model that cannot be told not to think needs some more.
_TOKENS_TO_THINK = 200
_MOST_CHARACTERS = 2000
_ASKED = {
    "zh-Hans": "请给以上对话起一个标题，不超过十二个字。只写标题本身，不要解释，不要引号。",
    "": "Give this conversation a title of at most six words, in the language of the conversation."
    " Write the title alone, without quotation marks.",
}


class Titles:
    """The titles that this process is making."""

    def __init__(self, backend: Backend, writer: DatabaseThread) -> None:
        self._backend = backend
        self._writer = writer
        self._tasks: dict[UUID, asyncio.Task[None]] = {}

    def answered(self, row: Generation) -> None:
        """Make a title if this answer was the first of its conversation and nobody waits."""
        if settings.TITLES != "model" or row.status != Generation.Status.COMPLETED:
            return
        # In an empty context: no socket's language or database thread leaks into it.
        work = asyncio.get_running_loop().create_task
        task = self._tasks[row.pk] = contextvars.Context().run(work, self._make(row))
        task.add_done_callback(lambda _: self._tasks.pop(row.pk, None))

    def interrupt(self) -> None:
        """Close the connections: somebody asks."""
        for generation in list(self._tasks):
            self.stop(generation)

    def stop(self, generation: UUID) -> None:
        """Make no title after that answer; harmless where none is made."""
        task = self._tasks.get(generation)
        # Once: a second cancel would land in the clean-up of the first.
        if task is not None and not task.cancelling():
            task.cancel()

    async def close(self) -> None:
        """End all of them."""
        tasks = list(self._tasks.values())
        self.interrupt()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _make(self, row: Generation) -> None:
        try:
            async with asyncio.timeout(_SECONDS):
                await self._make_and_keep(row)
        except TimeoutError:
            logger.info("A title took longer than %s s and is not made", _SECONDS)
        except (OllamaError, DatabaseError) as error:
            # What it says may quote the title.
            logger.info("A title cannot be made: %s", type(error).__name__)
        except Exception:
            logger.exception("A title cannot be made")

    async def _make_and_keep(self, row: Generation) -> None:
        subject = await self._writer.run(titles.subject, row.pk)
        if subject is None:
            return
        client = self._backend.client
        if row.model not in {model.name for model in await client.ps()}:
            return
        request = await self._request(row, subject)
        if request is None:
            return
        title = titles.cleaned(await self._undisturbed(client, request, subject))
        kept = await self._writer.run(titles.keep, subject, title) if title else None
        if kept is not None:
            await notify.conversation_updated(kept, running=False)

    async def _request(self, row: Generation, subject: Subject) -> ChatRequest | None:
        """Return the call, None where the model's window has no room for it."""
        window = row.window or await self._backend.window(row.model)
        levels = self._backend.abilities(row.model).thinking == "levels"
        tokens = _TOKENS + (_TOKENS_TO_THINK if levels else 0)
        used = (row.prompt_tokens or 0) + (row.output_tokens or 0)
        prompt = await prompt_of(subject.call, window, sees=self._backend.sees(row.model) is not False)
        # The wish takes about as many tokens as the title.
        if prompt.omitted or used + 2 * _TOKENS + tokens > window:
            return None
        asked = _ASKED.get(language_of(subject.question), _ASKED[""])
        think = self._backend.think(row.model, "low" if levels else "off")
        messages = [*prompt.messages, {"role": "user", "content": asked}]
        return ChatRequest(row.model, messages, _options(row.options, tokens), think)

    async def _undisturbed(self, client: OllamaClient, request: ChatRequest, subject: Subject) -> str:
        """Return what the model writes; nothing once somebody asks, renames or deletes."""
        writing = asyncio.create_task(_written(client, request))
        try:
            while not writing.done():
                await asyncio.wait([writing], timeout=_LOOK_SECONDS)
                if not writing.done() and not await self._writer.run(titles.may_go_on, subject):
                    return ""
            return writing.result()
        finally:
            if not writing.done():
                writing.cancel()
                await asyncio.wait([writing])


def _options(used: dict[str, Any], tokens: int) -> dict[str, Any]:
    """Return the options of the answer, for another one would load the model anew; but for how and when it ends."""
    kept = {name: value for name, value in used.items() if name not in {HISTORY_TURNS, "stop"}}
    return {**kept, "num_predict": tokens}


async def _written(client: OllamaClient, request: ChatRequest) -> str:
    text = ""
    async with contextlib.aclosing(client.chat(request)) as chunks:
        async for chunk in chunks:
            text += chunk.text
            if chunk.done or len(text) > _MOST_CHARACTERS:
                break
    return text
