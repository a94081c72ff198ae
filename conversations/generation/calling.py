"""One call of a model: from the stored question to the last piece of text, with the true phase on the way."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.db import Error as DatabaseError
from django.utils import timezone

from conversations.database import DatabaseThread
from conversations.ollama.client import ChatRequest, OllamaClient
from conversations.ollama.errors import (
    EndlessAnswer,
    ModelMissing,
    OllamaError,
    OllamaStalled,
    OllamaUnavailable,
    StreamBroken,
)
from conversations.ollama.transport import Pace, nothing
from conversations.ollama.wire import Chunk
from conversations.querysets import PICTURES_LEFT_OUT
from conversations.services import generations
from conversations.services.errors import Refused
from conversations.services.generations import Call, Fact
from conversations.services.options import HISTORY_TURNS

from .backend import Backend
from .enclosed import Turn
from .history import Prompt, compose
from .live import LiveAnswer

logger = logging.getLogger(__name__)

# An answer that never ends is stopped here; no model's window holds so many characters.
MAX_ANSWER_CHARS = 1_000_000
_LOADING_POLL_SECONDS = 0.5
# Most models begin at once: then nobody has to know what they would have been waited for.
_PATIENCE_SECONDS = 0.1
_REASONS = {"length": "length"}

# Returns the names of the models in memory.
Loaded = Callable[[], Awaitable[set[str]]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call ended: final status, reason, a line about an error, what else to keep of it."""

    status: str
    reason: str
    error_detail: str = ""
    columns: dict[str, Any] = field(default_factory=dict)


def outcome_of(error: Exception) -> Outcome:
    """Return the end that an error makes."""
    match error:
        case ModelMissing():
            reason = "model_missing"
        case OllamaUnavailable() | StreamBroken():
            reason = "ollama_down"
        case OllamaStalled():
            reason = "stalled"
        case EndlessAnswer():
            return Outcome("stopped", "limit", error.record)
        case OllamaError():
            reason = "ollama_error"
        case _:
            logger.error("A generation failed", exc_info=error)
            return Outcome("failed", "internal", type(error).__name__)
    return Outcome("failed", reason, error.record)


async def stream(
    answer: LiveAnswer, call: Call, backend: Backend, writer: DatabaseThread, pace: Pace
) -> Outcome:
    """Call the model and append what it writes to `answer`. Raises OllamaError; cancel to stop.

    `pace` is awaited between two reads.
    """
    answer.enter("connecting")
    await backend.prepare()
    try:
        # Both at once: whoever answers may change at any wait.
        model, client = backend.choose(call.model), backend.client
    except Refused as refusal:
        raise ModelMissing(call.model) from refusal
    window = call.options.get("num_ctx") or await backend.window(model)
    answer.columns = {"window": window}
    prompt = await prompt_of(call, window, sees=backend.state(model).vision is not False)
    if prompt.unseen:
        answer.facts.append(Fact(answer.id, timezone.now(), PICTURES_LEFT_OUT, str(prompt.unseen)))
    if prompt.omitted or model != call.model:
        answer.state.model, answer.state.history_start = model, prompt.start
        answer.columns |= {
            "model": model,
            "omitted_messages": prompt.omitted,
            "history_start_id": prompt.start,
        }
        # Pages that are read meanwhile find it there; the end writes it again.
        with contextlib.suppress(DatabaseError):
            await writer.run(generations.set_call, answer.id, answer.columns)
    options = {name: value for name, value in call.options.items() if name != HISTORY_TURNS}
    think = backend.think(model, call.think)
    request = ChatRequest(model, prompt.messages, options, think)
    return await _read(answer, client, request, partial(backend.loaded, client), pace)


async def prompt_of(call: Call, window: int, *, sees: bool) -> Prompt:
    """Return what goes to the model, as much as its window (in tokens) takes."""
    turns = [Turn(role, content, pk, call.attached.get(pk, ())) for role, content, pk in call.turns]
    chosen = partial(
        compose,
        turns,
        system=call.system,
        window=window,
        options=call.options,
        unread=call.unread,
        sees=sees,
    )
    return await asyncio.to_thread(chosen) if call.attached else chosen()


async def _read(
    answer: LiveAnswer, client: OllamaClient, request: ChatRequest, loaded: Loaded, pace: Pace
) -> Outcome:
    waiting: asyncio.Task[None] | None = asyncio.create_task(
        _tell_what_it_waits_for(answer, loaded, request.model)
    )
    try:
        async with contextlib.aclosing(client.chat(request, pace)) as chunks:
            async for chunk in chunks:
                if waiting:
                    waiting.cancel()
                    waiting = None
                fits = _take(answer, chunk)
                while answer.is_behind:
                    await pace(nothing)
                if not fits:
                    return Outcome("stopped", "limit")
                if chunk.done:
                    return _done(chunk)
    finally:
        if waiting:
            waiting.cancel()
    return Outcome("failed", "cut_off")


def _take(answer: LiveAnswer, chunk: Chunk) -> bool:
    """Append a chunk, as far as the answer has room for it; returns whether it had."""
    text, thinking = chunk.text, chunk.thinking
    if not text and not thinking:
        return True
    room = max(0, MAX_ANSWER_CHARS - sum(answer.end))
    fits = len(text) + len(thinking) <= room
    if not fits:
        thinking = thinking[:room]
        text = text[: room - len(thinking)]
    first = not answer.has_text
    if first:
        answer.facts.append(Fact(answer.id, timezone.now(), "first_token"))
    # It does not go back: a model that thinks and writes by turns would send a frame for each.
    if answer.state.phase != "writing":
        answer.enter("writing" if text else "thinking")
    answer.append(text, thinking)
    if first:
        answer.flush()
    return fits


def _done(chunk: Chunk) -> Outcome:
    told = chunk.stats._asdict() if chunk.stats else {}
    counts = {name: value for name, value in told.items() if value is not None}
    return Outcome("completed", _REASONS.get(chunk.done_reason, "stop"), columns=counts)


async def _tell_what_it_waits_for(answer: LiveAnswer, loaded: Loaded, model: str) -> None:
    """Tell loading from reading by asking what is in memory; until that is answered, it is still connecting."""
    await asyncio.sleep(_PATIENCE_SECONDS)
    while True:
        try:
            is_loaded = model in await loaded()
        except OllamaError:
            return
        if is_loaded:
            answer.enter("reading")
            return
        if answer.state.phase != "loading":
            answer.facts.append(Fact(answer.id, timezone.now(), "loading"))
            answer.enter("loading")
        await asyncio.sleep(_LOADING_POLL_SECONDS)
