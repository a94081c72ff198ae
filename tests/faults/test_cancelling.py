"""Stop at each single step of a generation: wherever it lands, there is one end, and the text of that moment."""

import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Generator
from functools import partial
from typing import Any

import pytest

from conversations.generation.backend import Backend
from conversations.generation.runner import Runner
from conversations.models import Generation, User
from conversations.services.generations import Call
from tests.scripted_ollama import ScriptedOllama, pause, thinking
from tests.services.test_queue import ask, people

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.fault(30)]

CALL = Call("internlm2:1.8b", "", [("user", "Count", uuid.uuid4())], 0, {}, "")
WORDS = ["one ", "two ", "three ", "four "]
TEXT = "".join(WORDS)
# More than a generation has.
STEPS = 16


class Stepping:
    """Awaits `work` and calls `act` when it waits for something for the `number`-th time; counts its waits."""

    def __init__(self, work: Coroutine[Any, Any, None], number: int, act: Callable[[], None]) -> None:
        self.waits = 0
        self._work = work
        self._number = number
        self._act = act

    def __await__(self) -> Generator[Any, Any, None]:
        """Pass on what `work` waits for, and what becomes of it."""
        steps = self._work.__await__()
        go_on: Callable[[], Any] = partial(next, steps)
        while True:
            try:
                waits_for = go_on()
            except StopIteration:
                return
            if self.waits == self._number:
                self._act()
            self.waits += 1
            try:
                yield waits_for
            except BaseException as error:  # noqa: BLE001 -- a cancellation above all
                go_on = partial(steps.throw, error)
            else:
                go_on = partial(next, steps)


@pytest.fixture
async def runner(settings: Any) -> AsyncIterator[Runner]:
    """A runner with an Ollama that always answers the same."""
    with ScriptedOllama() as ollama:
        pieces = [piece for word in WORDS for piece in (pause(0.01), word)]
        ollama.always(pause(0.01), thinking("hm"), *pieces)
        settings.OLLAMA_BASE_URL = ollama.base_url
        runner = Runner(Backend())
        yield runner
        await runner.drain()
        ollama.wait_for(lambda: ollama.open_connections == 0)


async def one_round(runner: Runner, user: User, number: int) -> tuple[bool, str]:
    """Ask and stop at the `number`-th wait; return whether it came to that, and how the generation ended."""
    generation: Generation = await runner.writer.run(ask, user, runner.process)
    stepping: list[Stepping] = []
    generate = type(runner)._generate

    async def stepped(answer: Any, call: Call) -> None:
        work = generate(runner, answer, call)
        stepping.append(Stepping(work, number, lambda: runner.stop(answer.id, by=user)))
        await stepping[0]

    runner._generate = stepped  # type: ignore[method-assign]
    answer = runner.begin(generation, CALL)
    await runner._tasks[generation.pk]
    status, content, chunks = await runner.writer.run(stored, generation)
    assert TEXT.startswith(content)
    assert content == answer.whole()[0]
    assert chunks == 0
    assert content == TEXT or status != "completed"
    return stepping[0].waits > number, status


def stored(generation: Generation) -> tuple[str, str, int]:
    """Return status, text and number of chunks as the database has them."""
    row = Generation.objects.select_related("message").get(pk=generation.pk)
    return row.status, row.message.content, row.chunks.count()


async def test_a_stop_at_any_step_of_a_generation_leaves_one_whole_end(runner, happened):
    [user] = await runner.writer.run(people, 1)
    ends: Counter[str] = Counter()
    reached = 0
    for number in range(STEPS):
        was_stopped, status = await one_round(runner, user, number)
        assert status in {"stopped", "completed"}
        reached += was_stopped
        ends[status] += 1
    assert ends["stopped"] >= 5
    happened("Each had one end, and the text of that moment.", rounds=STEPS, steps_reached=reached, **ends)
