"""The owner of this process's generations: starts them, gives them their turn, stops them, ends them.

A generation belongs to the runner, never to a socket. Its task is cancelled at most once, since a second cancel
would land in the clean-up of the first (https://github.com/encode/httpx/issues/3782); everything that has to
happen after the stream is closed happens in the same task.
"""

import asyncio
import contextvars
import logging
import time
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, TypeVar, cast
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from chatsite.logs import generation_id
from conversations import describe, events, forgetting, notify
from conversations.database import DatabaseThread
from conversations.models import Generation, User
from conversations.neighbours import neighbours
from conversations.services.generations import Call, Ending, Fact
from conversations.sessions import session_watch
from conversations.usage import counting

from . import ended
from .backend import Backend, backend
from .calling import Outcome, outcome_of, stream
from .clocks import CheckpointClock, FrameClock
from .following import Following
from .live import LiveAnswer, Rooms
from .pulling import Pulls
from .queue import Queue
from .saving import tell_if_late, tell_wrote
from .sweep import Sweep
from .titles import Titles

logger = logging.getLogger(__name__)

R = TypeVar("R")

_RESTART = Outcome("interrupted", "restart")
# What a database refuses for good: figures or words that do not fit into it.
_UNFIT = Outcome("failed", "internal")
_RETRY_SECONDS = 1
# The whole process has ten seconds to end in.
_DRAIN_SECONDS = 5


class _Stop(NamedTuple):
    """The end that a stop is to make, and when it was asked for, by the monotonic clock."""

    outcome: Outcome
    asked: float


class Runner:
    """All running generations of one process, and the clocks that serve them."""

    def __init__(self, backend: Backend) -> None:
        self.process = uuid.uuid4().hex
        self.backend = backend
        self.rooms = Rooms()
        self.answers: dict[UUID, LiveAnswer] = {}
        self.writer = DatabaseThread("generations")
        self.frames = FrameClock(self.answers)
        self.queue = Queue(self.process, self.writer, backend)
        self.following = Following(self.process, self.rooms)
        self.titles = Titles(backend, self.writer)
        self.pulls = Pulls(backend)
        self.draining = False
        self._tasks: dict[UUID, asyncio.Task[None]] = {}
        self._stopping: dict[UUID, _Stop] = {}
        self._ending: set[UUID] = set()
        self._adopted: set[asyncio.Task[Any]] = set()
        self._services: list[asyncio.Task[None]] = []
        self._has_answers: asyncio.Event | None = None

    def _start_services(self) -> asyncio.Event:
        """Start the clocks with the first need, in the loop that all of this belongs to."""
        if self._has_answers is None:
            self._has_answers = asyncio.Event()
            self._checkpoints = CheckpointClock(self.answers, self.writer, self.stop)
            self._serve(partial(self.frames.run, self._has_answers))
            self._serve(partial(self._checkpoints.run, self._has_answers))
            self._serve(Sweep(self._tasks, self.writer, self._swept).run)
        return self._has_answers

    def _serve(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._services.append(_spawn(_for_ever(work)))

    def open(self) -> None:
        """Start what runs for as long as the process: looking at Ollama, and the clocks."""
        self._start_services()
        self._serve(partial(self.backend.watch, self._backend_changed))
        self._serve(session_watch.run)
        self._serve(forgetting.run)
        self._serve(forgetting.run_leaving)
        self._serve(counting.run)
        if neighbours.are_possible:
            neighbours.on("stop", lambda generation: self.stop(UUID(generation)))
            neighbours.on("wrote", self.following.wake_for)
            neighbours.on("asked", self.titles.interrupt)
            self._serve(neighbours.run)
            self._serve(self.following.run)

    def _backend_changed(self) -> None:
        for viewer in self.rooms.viewers():
            viewer.backend_changed()
        self.queue.wake()

    def begin(self, generation: Generation, call: Call) -> LiveAnswer:
        """Take a generation that has just been stored, and has its turn already where it is a running one."""
        has_answers = self._start_services()
        self.make_way()
        room = self.rooms.open(generation.conversation_id)
        answer = LiveAnswer(room, _state(generation))
        room.answer = answer
        self.answers[answer.id] = answer
        has_answers.set()
        tell_wrote([answer])
        task = self._tasks[answer.id] = _spawn(self._generate(answer, call))
        task.add_done_callback(lambda _: self._forget(answer.id))
        return answer

    @property
    def lag(self) -> float:
        """For how many seconds text may have been shown that the database does not have."""
        return self._checkpoints.lag if self._has_answers else 0.0

    def make_way(self) -> None:
        """Somebody asks: what nobody has asked for gives way, in all processes."""
        self.titles.interrupt()
        if settings.TITLES == "model":
            neighbours.tell("asked")

    def owns(self, generation: UUID) -> bool:
        """Return whether a task of this process works on a generation, or waits for its turn."""
        return generation in self._tasks

    def adopt(self, work: Coroutine[Any, Any, R]) -> asyncio.Task[R]:
        """Return a task that goes on when the socket that asked for it has gone."""
        task = _spawn(work)
        self._adopted.add(task)
        task.add_done_callback(self._adopted.discard)
        return task

    def stop(self, generation: UUID, by: User | None = None) -> None:
        """Stop a generation, once; harmless where it is not, or no longer, this process's."""
        self.titles.stop(generation)
        answer = self.answers.get(generation)
        if answer is None or generation in self._stopping:
            return
        columns: dict[str, Any] = {}
        if by is not None:
            now = timezone.now()
            columns = {"stop_requested_at": now, "stop_requested_by": by}
            answer.facts.append(Fact(generation, now, "stop_asked", by.get_username()))
        self._cancel_once(generation, Outcome("stopped", "user_stop", columns=columns))

    def _cancel_once(self, generation: UUID, outcome: Outcome) -> None:
        if generation not in self._tasks or generation in self._stopping or generation in self._ending:
            return
        self._stopping[generation] = _Stop(outcome, time.monotonic())
        # Not at once: a task that has not taken its first step would end without its own clean-up.
        asyncio.get_running_loop().call_soon(self._cancel, generation)

    def _cancel(self, generation: UUID) -> None:
        task = self._tasks.get(generation)
        if task is not None and generation not in self._ending:
            task.cancel()

    async def _generate(self, answer: LiveAnswer, call: Call) -> None:
        generation_id.set(str(answer.id))
        outcome = Outcome("failed", "internal")
        try:
            if answer.state.status == Generation.Status.QUEUED:
                await self.queue.wait_turn(answer)
            outcome = await stream(answer, call, self.backend, self.writer, self.frames.tick)
        except asyncio.CancelledError:
            outcome = self._stopped(answer)
        except Exception as error:  # noqa: BLE001 -- the one place that turns whatever happened into an end
            outcome = outcome_of(error)
        finally:
            self._ending.add(answer.id)
            await self._end(answer, outcome)

    def _stopped(self, answer: LiveAnswer) -> Outcome:
        """Return the end of an answer whose task was cancelled, and so its connection closed if it had one."""
        stop = self._stopping.get(answer.id)
        if stop is None:
            return _RESTART
        if answer.state.status == Generation.Status.QUEUED:
            return stop.outcome
        released = round((time.monotonic() - stop.asked) * 1000)
        return replace(stop.outcome, columns=stop.outcome.columns | {"released_ms": released})

    async def _end(self, answer: LiveAnswer, outcome: Outcome) -> None:
        """Keep the whole text and the outcome, then tell; what the database refuses is tried until it does not."""
        content, thinking = answer.whole()
        columns = {"output_tokens": answer.state.tokens or None} | answer.columns | outcome.columns
        ending = Ending(
            outcome.status,
            outcome.reason,
            content,
            thinking,
            answer.thinking_ms,
            outcome.error_detail,
            columns,
        )
        self.answers.pop(answer.id, None)
        if not self.answers and self._has_answers:
            self._has_answers.clear()
        row = None
        try:
            row = await self._finish(answer, ending)
        finally:
            await self._leave(answer, row)

    async def _leave(self, answer: LiveAnswer, row: Generation | None) -> None:
        # The next question may have been stored, and its answer begun, before this process heard of this end.
        if answer.room.answer is answer:
            answer.room.answer = None
        if row is not None:
            answer.row = row
            answer.room.publish(describe.finished(row))
        else:
            answer.room.refresh()
        self.rooms.leave(answer.room)
        self.queue.leave(answer)
        tell_wrote([answer])
        if row is not None:
            await notify.conversation_updated(row.conversation, running=False)
            if not self.draining:
                self.titles.answered(row)

    def _forget(self, generation: UUID) -> None:
        del self._tasks[generation]
        self._stopping.pop(generation, None)
        self._ending.discard(generation)

    async def _finish(self, answer: LiveAnswer, ending: Ending) -> Generation | None:
        """Return the row of an ended generation, whoever has ended it; None where it is gone."""
        while True:
            try:
                finish = self.writer.run(ended.finish, answer.id, ending, list(answer.facts))
                return await tell_if_late(finish, [answer])
            except (OperationalError, InterfaceError) as error:
                logger.warning("The end of generation %s cannot be saved yet: %s", answer.id, error)
                answer.tell_saved(False)
                await asyncio.sleep(_RETRY_SECONDS / 5 if self.draining else _RETRY_SECONDS)
            except Exception:
                if ending.reason == _UNFIT.reason:
                    raise
                logger.exception("The end of generation %s cannot be kept as it is", answer.id)
                ending = replace(
                    ending, status=_UNFIT.status, reason=_UNFIT.reason, error_detail="", columns={}
                )

    async def _swept(self, row: Generation) -> None:
        room = self.rooms.find(row.conversation_id)
        if self.following.follows(row.pk):
            self.following.wake()
        elif room is not None:
            room.refresh()
        ended.note(row)
        await notify.conversation_updated(row.conversation, running=False)

    async def drain(self) -> None:
        """End everything as interrupted, with its text saved, and stop the clocks."""
        self.draining = True
        await self.titles.close()
        await self.pulls.close()
        try:
            async with asyncio.timeout(_DRAIN_SECONDS):
                await self._end_all()
        except TimeoutError:
            logger.warning(
                "The database took no end for %s answers; the next start ends them", len(self._tasks)
            )
        for viewer in self.rooms.viewers():
            viewer.restart()
        for service in self._services:
            service.cancel()
        await asyncio.gather(*self._services, return_exceptions=True)
        self.queue.close()
        await self.backend.aclose()
        # A question or an end that the database has not taken by now is waited for no more.
        late = [*self._tasks.values(), *self._adopted]
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        await self.writer.close(wait=not late)

    async def _end_all(self) -> None:
        # Again and again: a question that was being stored begins its generation meanwhile.
        while self._tasks or self._adopted:
            for generation in list(self._tasks):
                self._cancel_once(generation, _RESTART)
            await asyncio.wait({*self._tasks.values(), *self._adopted})


def _spawn(work: Coroutine[Any, Any, R]) -> asyncio.Task[R]:
    """Start a task in an empty context, so that no socket's language or database thread leaks into it."""
    return contextvars.Context().run(asyncio.get_running_loop().create_task, work)


async def _for_ever(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Keep a service of the process going: without its clocks nothing would be shown, kept or stopped any more."""
    while True:
        try:
            await work()
        except Exception:
            logger.exception("A service of the process failed; it begins again")
        await asyncio.sleep(_RETRY_SECONDS)


def _state(generation: Generation) -> events.GenerationState:
    message = generation.message
    return events.GenerationState(
        id=generation.pk,
        message=message.pk,
        parent=cast("UUID", message.parent_id),
        model=generation.model,
        options=generation.options,
        status=generation.status,
        phase="",
        text=message.content,
        thinking=message.thinking,
        end=message.end,
        thinking_ms=message.thinking_ms,
    )


runner = Runner(backend)
