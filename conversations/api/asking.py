"""What programs do: ask, join an answer, stop it."""

import asyncio
import re
import uuid
from contextlib import suppress
from functools import partial
from uuid import UUID

from django.http.response import HttpResponseBase

from conversations import asking, database, events
from conversations.asking import Begun
from conversations.generation import stopping
from conversations.generation.live import reaches
from conversations.generation.runner import runner
from conversations.models import Generation, User
from conversations.services import conversations, generations, messages
from conversations.services.conversations import Chosen
from conversations.services.errors import Refused
from conversations.services.generations import Told

from . import shapes, streams
from .handling import Request, answer, endpoint

_A_PLACE = re.compile(r"(\d{1,9}):(\d{1,9})", re.ASCII)
# For whoever stops an answer and asks on at once.
_STOP_SECONDS = 5


@endpoint("POST")
async def chat(request: Request) -> HttpResponseBase:
    """Ask, and answer with the answer: as it comes, or when it is whole."""
    question = shapes.question(request.body)
    streams.reserve(request)
    row = await _asked(request.person, question)
    listener = streams.listen(request, row, keep=question.keep)
    if question.stream:
        return streams.stream(request, row, listener)
    return streams.in_one(request, await streams.whole(listener))


async def _asked(person: User, question: shapes.Question) -> Generation:
    conversation = question.conversation or uuid.uuid4()
    signature = "" if question.conversation else conversations.sign_new(person, conversation)
    ask = partial(
        messages.send,
        client_id=uuid.uuid4().hex,
        text=question.prompt,
        chosen=Chosen(model=question.model, system=question.system),
        options=question.all_options,
    )
    begun = asking.begin(person, conversation, signature, ask, is_new=not question.conversation)
    try:
        return (await asyncio.shield(begun)).asked.generation
    except asyncio.CancelledError:
        if not question.keep:
            begun.add_done_callback(partial(_stop_what_began, person))
        raise


def _stop_what_began(person: User, begun: asyncio.Task[Begun]) -> None:
    """Stop an answer whose reader had gone before it began."""
    if not begun.cancelled() and begun.exception() is None:
        runner.stop(begun.result().asked.generation.pk, by=person)


@endpoint("GET")
async def join(request: Request, generation: UUID) -> HttpResponseBase:
    """Stream an answer that is on its way, or has ended, from its beginning or behind a place in it."""
    at = _place(request.headers.get("Last-Event-ID", ""))
    found = await _found(request.person, generation)
    if not found.row.is_live and not reaches((len(found.text), len(found.thinking)), at):
        raise Refused("bad_position")
    streams.reserve(request)
    return streams.stream(request, found.row, streams.listen(request, found.row, at, found))


def _place(text: str) -> events.Position:
    if not text:
        return 0, 0
    found = _A_PLACE.fullmatch(text)
    if found is None:
        raise Refused("bad_position")
    return int(found[1]), int(found[2])


@endpoint("POST")
async def stop(request: Request, generation: UUID) -> HttpResponseBase:
    """Stop an answer, and answer how it ended."""
    row = (await _found(request.person, generation)).row
    if not row.is_live:
        return answer(shapes.state(row))
    listener = streams.listen(request, row)
    if runner.owns(row.pk):
        runner.stop(row.pk, by=request.person)
    else:
        await stopping.stop_for(request.person, row.pk)
    with suppress(TimeoutError):
        async with asyncio.timeout(_STOP_SECONDS):
            row = (await streams.whole(listener)).row
    return answer(shapes.state(row))


async def _found(person: User, generation: UUID) -> Told:
    found = await database.read(generations.told, person, generation)
    if found is None:
        raise Refused("not_found")
    return found
