"""Turns, stops and ends that meet, in a runner with its own thread and a real database."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from django.utils import timezone

from conversations.generation.backend import Backend
from conversations.generation.runner import Runner
from conversations.models import Generation
from conversations.services import generations
from conversations.services.generations import Call, Ending
from conversations.services.turns import Limits
from tests.services.test_queue import ask, people

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def runner(settings: Any) -> AsyncIterator[Runner]:
    """A runner that writes one answer at a time, by an Ollama that is not there."""
    settings.OLLAMA_BASE_URL, settings.OLLAMA_NUM_PARALLEL = "http://127.0.0.1:9", 1
    runner = Runner(Backend())
    yield runner
    await runner.drain()


CALL = Call("internlm2:1.8b", "", [], 0, {}, "")


async def store(runner: Runner, *, beside: str = "") -> Generation:
    """Return a question that waits for this runner, beside an answer that runs in another process."""

    def rows() -> Generation:
        other, user = people(2)
        if beside:
            ask(other, beside, status="running", started_at=timezone.now())
        return ask(user, runner.process)

    return await runner.writer.run(rows)


async def until(condition: Callable[[], Any]) -> None:
    """Return when the condition holds."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 -- no event tells of a state
            await asyncio.sleep(0.005)  # between two looks at it


async def outcome(runner: Runner, generation: Generation) -> tuple[str, str]:
    """Return status and reason as they are in the database."""
    await runner.writer.run(generation.refresh_from_db)
    return generation.status, generation.reason


async def test_a_stop_while_the_turn_is_being_taken_leaves_nothing_running(runner: Runner) -> None:
    generation = await store(runner)
    go_on = threading.Event()
    held_up = runner.adopt(runner.writer.run(go_on.wait, 10))
    answer = runner.begin(generation, CALL)
    task = runner._tasks[generation.pk]
    await until(lambda: runner.queue._waiting)
    runner.stop(generation.pk)
    go_on.set()
    assert await held_up
    await task
    assert await outcome(runner, generation) == ("stopped", "user_stop")
    assert generation.started_at, "the turn was not taken in the same moment"
    assert answer.state.phase == ""


async def test_an_answer_that_ends_in_another_process_makes_room_without_a_word(runner: Runner) -> None:
    generation = await store(runner, beside="other")
    answer = runner.begin(generation, CALL)
    task = runner._tasks[generation.pk]
    await until(lambda: answer.state.ahead == 1)
    other = await runner.writer.run(Generation.objects.get, process="other")
    await runner.writer.run(generations.finish, other.pk, Ending("completed", "stop"))
    await task
    assert await outcome(runner, generation) == ("failed", "ollama_down")


async def test_a_question_deleted_while_it_waits_does_not_wait_on(runner: Runner) -> None:
    generation = await store(runner, beside="other")
    answer = runner.begin(generation, CALL)
    task = runner._tasks[generation.pk]
    await until(lambda: answer.state.ahead == 1)
    await runner.writer.run(generation.conversation.delete)
    await task
    assert not runner.queue._waiting


async def test_each_limit_is_the_setting_of_its_name(runner: Runner, settings: Any) -> None:
    settings.OLLAMA_NUM_PARALLEL, settings.MAX_RUNNING_PER_USER, settings.MAX_RUNNING = 5, 3, 7
    assert runner.queue.limits == Limits(per_model=5, per_user=3, in_all=7)
