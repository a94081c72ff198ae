"""Ends that a database refuses, that another process was quicker with, or that nobody here would bring."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from conversations import events
from conversations.generation import sweep
from conversations.generation.backend import Backend
from conversations.generation.calling import Outcome
from conversations.generation.live import LiveAnswer, Room
from conversations.generation.runner import Runner, _state
from conversations.models import Generation
from conversations.services import generations
from conversations.services.generations import Ending
from tests.services.test_queue import ask, people

pytestmark = pytest.mark.django_db(transaction=True)


class Watched(Room):
    """A room that remembers what it was told."""

    def __init__(self, generation: Generation) -> None:
        super().__init__(generation.conversation_id)
        self.told: list[events.Event] = []

    def publish(self, event: events.Event) -> None:
        """Remember it."""
        self.told.append(event)


@pytest.fixture
async def runner() -> AsyncIterator[Runner]:
    """A runner without clocks."""
    runner = Runner(Backend())
    yield runner
    await runner.drain()


async def running(runner: Runner) -> tuple[Generation, LiveAnswer, Watched]:
    """Return a running generation with an answer of which something has come."""

    def row() -> Generation:
        return ask(people(1)[0], runner.process, status="running")

    generation = await runner.writer.run(row)
    room = Watched(generation)
    answer = room.answer = LiveAnswer(room, _state(generation))
    answer.append("春眠不觉晓", "")
    return generation, answer, room


async def test_figures_that_no_database_keeps_cost_the_answer_nothing_but_them(runner: Runner) -> None:
    generation, answer, room = await running(runner)
    await runner._end(answer, Outcome("completed", "stop", columns={"total_ns": 10**19}))
    finished = room.told[-1]
    assert isinstance(finished, events.GenerationFinished)
    assert (finished.status, finished.reason, finished.end) == ("failed", "internal", (5, 0))
    await runner.writer.run(generation.refresh_from_db)
    assert not generation.is_live


async def test_an_end_that_another_process_was_quicker_with_is_told_as_it_is_stored(runner: Runner) -> None:
    generation, answer, room = await running(runner)
    await runner.writer.run(generations.finish, generation.pk, Ending("interrupted", "process_died", "春眠"))
    await runner._end(answer, Outcome("completed", "stop"))
    finished = room.told[-1]
    assert isinstance(finished, events.GenerationFinished)
    assert (finished.status, finished.reason, finished.end) == ("interrupted", "process_died", (2, 0))


async def test_a_generation_of_this_process_that_no_task_works_on_is_swept_too(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "STALE_AFTER", timedelta(0))
    generation, _, _ = await running(runner)
    swept: list[Any] = []

    async def note(row: Generation) -> None:
        swept.append(row)

    await sweep.Sweep({generation.pk}, runner.writer, note)._look()
    assert swept == []
    await sweep.Sweep(set(), runner.writer, note)._look()
    assert swept == [generation]
