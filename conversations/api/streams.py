"""An answer as server-sent events, and as one object when it is whole."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import NamedTuple

from django.http import HttpResponse, StreamingHttpResponse
from django.utils import translation

from conversations import events, outcomes
from conversations.generation.runner import runner
from conversations.models import Generation
from conversations.services.errors import Refused
from conversations.services.generations import Told
from conversations.sessions import Bearer, session_watch

from . import shapes
from .handling import Request, answer, language
from .limits import limits
from .listening import Beat, Ended, Gone, Listener

_FAILED = (Generation.Status.FAILED, Generation.Status.INTERRUPTED)
# What another server than this one is to blame for, or nobody: by the reason of a generation's end.
_STATUS = {"ollama_down": 503, "restart": 503, "process_died": 503, "internal": 500}
_BAD_GATEWAY = 502
_BEAT = b":\n\n"


def reserve(request: Request) -> None:
    """Count a stream for as long as the request lives. Raises Refused(rate)."""
    person = request.person.pk
    limits.open_stream(person)
    _at_the_end_of_this_task(lambda: limits.close_stream(person))


def listen(
    request: Request,
    row: Generation,
    at: events.Position = (0, 0),
    found: Told | None = None,
    *,
    keep: bool = True,
) -> Listener:
    """Return a listener for as long as the request lives; without `keep`, the answer ends with it."""
    listener = Listener(request.person, row, at, found)
    session_watch.add(listener, Bearer(request.token.pk))

    def leave() -> None:
        session_watch.remove(listener)
        listener.leave()
        if not keep and not listener.has_ended:
            runner.stop(row.pk, by=request.person)

    _at_the_end_of_this_task(leave)
    return listener


def _at_the_end_of_this_task(do: Callable[[], None]) -> None:
    # One task runs the view and sends its answer, and ends however the request does; whose reader has gone before the
    # first byte has not even begun to be iterated.
    if task := asyncio.current_task():
        task.add_done_callback(lambda _: do())


class EventStream(StreamingHttpResponse):
    """An answer that comes in events."""

    def __init__(self, events: AsyncGenerator[bytes]) -> None:
        super().__init__(events, content_type="text/event-stream; charset=utf-8")
        self.events = events


def stream(request: Request, row: Generation, listener: Listener) -> EventStream:
    """Return the answer that streams what the listener reads."""
    return EventStream(_events(request, row, listener))


async def _events(request: Request, row: Generation, listener: Listener) -> AsyncGenerator[bytes]:
    yield shapes.event(shapes.encode(shapes.begun(row)))
    while True:
        match await listener.next():
            case events.GenerationDelta() as delta:
                yield shapes.piece(delta)
            case Beat():
                yield _BEAT
            case Ended(row=ended):
                yield shapes.event(shapes.encode(shapes.ended(ended, _error(request, ended))), listener.at)
                return
            case Gone():
                return


class Whole(NamedTuple):
    """An answer that has ended, with all of its text."""

    row: Generation
    text: str
    thinking: str


async def whole(listener: Listener) -> Whole:
    """Return the answer when it has ended. Raises Refused(shutting_down) where that is not seen here."""
    text, thinking = list[str](), list[str]()
    while True:
        match await listener.next():
            case events.GenerationDelta() as delta:
                text.append(delta.text)
                thinking.append(delta.thinking)
            case Ended(row=ended):
                return Whole(ended, "".join(text), "".join(thinking))
            case Gone():
                raise Refused("shutting_down")


def in_one(request: Request, found: Whole) -> HttpResponse:
    """Return an answer as one object; of one that failed, what there is of it."""
    error = _error(request, found.row)
    status = _STATUS.get(found.row.reason, _BAD_GATEWAY) if error else 200
    end = shapes.ended(found.row, error)
    return answer({**end, "text": found.text, "thinking": found.thinking}, status)


def _error(request: Request, row: Generation) -> dict[str, str] | None:
    """Return why an answer failed, None where it did not."""
    if row.status not in _FAILED:
        return None
    code = outcomes.code(row, row.message.content, row.message.thinking)
    with translation.override(language(request)):
        message = outcomes.sentence(code, row.model, outcomes.excerpt(row.error_detail))
    return {"code": row.reason, "message": message}
