"""A question on its way to the runner: stored, told and, where it may, begun in one transaction."""

import asyncio
from collections.abc import Callable
from functools import cache
from typing import NamedTuple
from uuid import UUID

from . import database, describe, events, notify
from .generation.backend import backend
from .generation.runner import runner
from .models import Generation, User
from .offering import chooser
from .services import generations, offers
from .services.beginning import Asker
from .services.errors import Refused
from .services.generations import Call
from .services.messages import Asked
from .services.queue import take_turns


class Stored(NamedTuple):
    """What was stored, the events that tell of it, and what the model is to be called with."""

    asked: Asked
    told: list[events.Event]
    call: Call

    @property
    def is_abandoned(self) -> bool:
        """Whether nobody works on it here: its first attempt was stored, but the connection broke before telling so."""
        generation = self.asked.generation
        is_ours = generation.process == runner.process and not runner.owns(generation.pk)
        return self.asked.repeated and generation.is_live and is_ours


class Begun(NamedTuple):
    """What was asked, the events that tell of it, and whether it `has_begun` now: a repeated question had before."""

    asked: Asked
    told: list[events.Event]
    has_begun: bool


def begin(
    user: User, conversation: UUID, signature: str, ask: Callable[[Asker], Asked], *, is_new: bool = False
) -> asyncio.Task[Begun]:
    """Store what `user` asks in `conversation`, tell its pages and begin; `signature` and `is_new` as in `Asker`.

    The task raises Refused. It is the runner's: once a question is stored it has to begin, even if whoever asked has
    gone in between.
    """
    _refuse_if_draining()
    return runner.adopt(_begin(user, conversation, signature, ask, is_new))


async def _begin(
    user: User, conversation: UUID, signature: str, ask: Callable[[Asker], Asked], is_new: bool
) -> Begun:
    stored = await _stored(user, conversation, signature, ask, is_new)
    asked, told, call = stored
    if asked.repeated and not stored.is_abandoned:
        return Begun(asked, told, has_begun=False)
    room = runner.begin(asked.generation, call).room
    for event in told:
        room.publish(event)
    await notify.conversation_updated(asked.generation.conversation, running=True)
    return Begun(asked, told, has_begun=True)


def _refuse_if_draining() -> None:
    """Raise Refused(shutting_down) when this process begins nothing any more."""
    if runner.draining:
        raise Refused("shutting_down")


async def _stored(
    user: User, conversation: UUID, signature: str, ask: Callable[[Asker], Asked], is_new: bool
) -> Stored:
    runner.make_way()
    await backend.prepare()
    # Preparing may have waited for Ollama.
    _refuse_if_draining()
    offer = cache(offers.offer)
    asker = Asker(
        user, conversation, runner.process, chooser(user, offer), signature, is_new, _can_see, offer
    )
    stored = await _questions.run(_store, asker, ask)
    if stored.is_abandoned:
        # It may have ended since its row was read. Whoever ends one writes its row first: it is read again.
        stored = await _questions.run(_store, asker, ask)
    return stored


def _can_see(model: str) -> bool | None:
    return backend.state(model).vision


def _store(asker: Asker, ask: Callable[[Asker], Asked]) -> Stored:
    """Ask, and describe what came of it: what cannot be told is not stored."""
    asked = ask(asker)
    told: list[events.Event] = []
    if asked.question is not None:
        message = describe.message(asked.question, asked.attachments, is_only=asked.is_only)
        told.append(events.MessageCreated(client_id=asked.generation.client_id, message=message))
    is_only = asked.question is not None and not asked.repeated
    told.append(describe.started(asked.generation, is_only=is_only))
    return Stored(asked, told, generations.call(asked.generation, asker.offer))


def _give_turns(together: list[Stored]) -> None:
    """Let those begin whose turn it is, with the transaction that stores them: so nobody waits for two."""
    new = {
        stored.asked.generation.pk: stored.asked.generation
        for stored in together
        if not stored.asked.repeated
    }
    for generation in take_turns(runner.process, new, runner.queue.limits).begun:
        new[generation].status = Generation.Status.RUNNING


_questions = database.Together(database.sockets, last=_give_turns)
