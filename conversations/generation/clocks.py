"""The two clocks of a process: one shows text to people, one keeps it.

Frames leave 25 times a second for all answers together, because a frame costs the same for one character as for
fifty; chunks are written twice a second, so that a killed process loses at most that much.
"""

import asyncio
import itertools
import logging
import time
from collections.abc import Callable, Mapping
from uuid import UUID

from django.db import Error as DatabaseError

from conversations.database import DatabaseThread
from conversations.services import generations

from .live import LiveAnswer
from .saving import tell_if_late, tell_unsaved, tell_wrote

logger = logging.getLogger(__name__)

FRAME_SECONDS = 0.04
# How many tokens have come is told once a second: in each frame of text it would be a tenth of its bytes.
_TICKS_PER_COUNT = 25
CHECKPOINT_SECONDS = 0.5


class FrameClock:
    """Lets every answer's reader take what has come, then sends it as one frame for each; rests without answers."""

    def __init__(self, answers: Mapping[UUID, LiveAnswer]) -> None:
        self._answers = answers
        self._readers: list[tuple[asyncio.Future[None], Callable[[], None]]] = []

    async def run(self, has_answers: asyncio.Event) -> None:
        """Tick for as long as the process lives."""
        loop = asyncio.get_running_loop()
        for tick in itertools.count(1):
            await has_answers.wait()
            await asyncio.sleep(FRAME_SECONDS - loop.time() % FRAME_SECONDS)
            await self._read()
            for answer in tuple(self._answers.values()):
                answer.flush()
                if tick % _TICKS_PER_COUNT == 0:
                    answer.tell_tokens()

    async def _read(self) -> None:
        """Let all readers have what has come by now, so that it is in the frames that go out now."""
        resting, self._readers = [entry for entry in self._readers if not entry[0].done()], []
        try:
            for _, resume in resting:
                resume()
            # The loop looks at its connections in the next turn, and hands on what they have in the one after it.
            await _turns(2)
        finally:
            for reader, _ in resting:
                if not reader.done():
                    reader.set_result(None)
        await _turns(1)

    async def tick(self, resume: Callable[[], None]) -> None:
        """Wait for the next tick, which calls `resume` a moment before it is over."""
        reader = asyncio.get_running_loop().create_future()
        self._readers.append((reader, resume))
        await reader


async def _turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


class CheckpointClock:
    """Writes what is new and hears who asked to stop; `on_stop` is called with each generation that is to end."""

    def __init__(
        self, answers: Mapping[UUID, LiveAnswer], writer: DatabaseThread, on_stop: Callable[[UUID], None]
    ) -> None:
        self._answers = answers
        self._writer = writer
        self._on_stop = on_stop
        self._failing = False
        # By the monotonic clock: when the database took the text so far.
        self._written_at = time.monotonic()

    @property
    def lag(self) -> float:
        """For how many seconds text may have been shown that the database does not have."""
        return time.monotonic() - self._written_at if self._answers else 0.0

    async def run(self, has_answers: asyncio.Event) -> None:
        """Tick for as long as the process lives; rest while there is no answer."""
        took = 0.0
        while True:
            if not has_answers.is_set():
                await has_answers.wait()
                self._written_at = time.monotonic()
            await asyncio.sleep(max(CHECKPOINT_SECONDS - took, CHECKPOINT_SECONDS / 2))
            began = time.monotonic()
            await self.tick()
            took = time.monotonic() - began

    async def tick(self) -> None:
        """Write once. What the database refuses is kept for the next tick."""
        answers, now = list(self._answers.values()), time.monotonic()
        taken = [(answer, list(answer.take_unsaved())) for answer in answers]
        phases = {answer.id: answer.phase_to_save for answer in answers if answer.phase_to_save}
        facts = [(answer, list(answer.facts)) for answer in answers]
        checkpoint = self._writer.run(
            generations.checkpoint,
            [answer.id for answer in answers],
            [chunk for _, chunks in taken for chunk in chunks],
            phases,
            [fact for _, some in facts for fact in some],
        )
        try:
            to_stop = await tell_if_late(checkpoint, answers)
        except DatabaseError as error:
            self._note_failure(error)
            tell_unsaved(self._answers.values())
            return
        self._failing, self._written_at = False, now
        for answer, chunks in taken:
            answer.tell_saved(True)
            answer.saved(len(chunks))
        for answer, some in facts:
            del answer.facts[: len(some)]
            if phases.get(answer.id) == answer.phase_to_save:
                answer.phase_to_save = ""
        tell_wrote(answer for answer, chunks in taken if chunks or answer.id in phases)
        for generation in to_stop:
            self._on_stop(generation)

    def _note_failure(self, error: Exception) -> None:
        if not self._failing:
            logger.warning("The database takes no checkpoint; text is kept and tried again: %s", error)
        self._failing = True
