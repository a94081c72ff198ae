"""One reader of one answer over HTTP: takes what the room tells, and makes up for what it did not.

The reader has come to a place in the answer. What lies behind it comes from the room's frames while the reader keeps
up, from the answer in memory where it does not or has just come, and from the database when the answer has ended. So
nothing comes twice, nothing is left out, and a slow reader costs no memory to speak of.
"""

import asyncio
import logging
from collections import deque
from dataclasses import dataclass

from django.db import Error as DatabaseError

from conversations import database, describe, events
from conversations.generation.live import Answer, Room, reaches
from conversations.generation.runner import runner
from conversations.models import Generation, User
from conversations.services import generations
from conversations.services.generations import Told

logger = logging.getLogger(__name__)

# Of text that waits for the reader; behind that it is read from the answer again.
_MOST_WAITING_CHARS = 64 * 1024
_BEAT_SECONDS = 15
_RETRY_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Ended:
    """The answer has ended, and the reader has all of it."""

    row: Generation


class Beat:
    """Time to give a sign of life."""


class Gone:
    """There is nothing more to read here: the process ends, or the reader may read no more."""


class Listener:
    """A viewer of a conversation's room that reads one answer from `at` on."""

    def __init__(
        self, user: User, row: Generation, at: events.Position = (0, 0), found: Told | None = None
    ) -> None:
        """Begin to listen; what was `found` of an answer that has ended is not read again."""
        self.at = at
        self._user = user
        self._id = row.pk
        self._room: Room = runner.rooms.open(row.conversation_id)
        self._room.viewers.add(self)
        self._told: deque[events.GenerationDelta] = deque()
        self._waiting_chars = 0
        # Whether there may be more than what the room tells from now on.
        self._is_behind = True
        self._live: Answer | None = None
        self._stored: Answer | None = None
        self._end: Generation | None = None
        self._is_gone = False
        self._wake = asyncio.Event()
        self._is_due = False
        self._beat = self._next_beat()
        if found is not None and not row.is_live:
            self._store(found)

    def leave(self) -> None:
        """Read no more."""
        self._beat.cancel()
        runner.rooms.leave(self._room, self)

    @property
    def has_ended(self) -> bool:
        """Whether the answer is known to have ended."""
        return self._end is not None

    # --- What the room tells

    def deliver(self, _frame: str, event: events.Event) -> None:
        """Take an event of the room."""
        if isinstance(event, events.GenerationDelta):
            if event.generation != self._id or self._is_behind:
                return
            self._told.append(event)
            self._waiting_chars += len(event.text) + len(event.thinking)
            if self._waiting_chars > _MOST_WAITING_CHARS:
                self._fall_behind()
        elif isinstance(event, events.GenerationFinished) and event.generation == self._id:
            self._is_behind = True
        self._wake.set()

    def refresh(self) -> None:
        """Look again: what happened in between was not told."""
        self._fall_behind()
        self._wake.set()

    def backend_changed(self) -> None:
        """Nothing that an answer's reader has to know."""

    def restart(self) -> None:
        """End, after what there is to read: the process ends."""
        self._is_gone = True
        self._wake.set()

    def end_session(self) -> None:
        """End at once: the token does not hold any more."""
        self._fall_behind()
        self._is_behind = False
        self.restart()

    def _fall_behind(self) -> None:
        self._told.clear()
        self._waiting_chars = 0
        self._is_behind = True

    def _next_beat(self) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(_BEAT_SECONDS, self._be_due)

    def _be_due(self) -> None:
        self._is_due = True
        self._beat = self._next_beat()
        self._wake.set()

    # --- What the reader gets

    async def next(self) -> events.GenerationDelta | Ended | Beat | Gone:
        """Return what comes next."""
        while True:
            found = self._at_hand() or self._caught_up()
            if found is not None:
                return found
            if self._is_behind and await self._look():
                continue
            await self._wake.wait()
            self._wake.clear()

    def _at_hand(self) -> events.GenerationDelta | Beat | Gone | None:
        if self._is_due:
            self._is_due = False
            return Beat()
        if self._told:
            delta = self._told.popleft()
            self._waiting_chars -= len(delta.text) + len(delta.thinking)
            if delta.at == self.at:
                return self._taken(delta)
            self._fall_behind()
        return Gone() if self._is_gone and not self._is_behind else None

    def _caught_up(self) -> events.GenerationDelta | Ended | None:
        """Return what lies behind the place of a reader who is behind, as far as that is in memory."""
        if not self._is_behind:
            return None
        if self._room.answer is not None and self._room.answer.id == self._id:
            self._live = self._room.answer
        source = self._stored or self._live
        delta = source.after(self.at) if source else None
        if delta is not None:
            return self._taken(delta)
        self._end = self._end or self._end_of(self._live)
        if self._end is not None:
            return Ended(self._end)
        # Of an answer that has left its room, the database knows the rest.
        self._is_behind = self._live is None or self._live is not self._room.answer
        return None

    def _end_of(self, answer: Answer | None) -> Generation | None:
        """Return the row of an answer that has ended and been shown to its end, where the reader has come to it."""
        row = answer.row if answer else None
        return row if row is not None and reaches(self.at, row.message.end) else None

    def _taken(self, delta: events.GenerationDelta) -> events.GenerationDelta:
        self.at = delta.end
        return delta

    async def _look(self) -> bool:
        """Look what the database has of the answer; returns whether that is something new."""
        try:
            found = await database.read(generations.told, self._user, self._id)
        except DatabaseError as error:
            logger.warning("An answer cannot be read now: %s", error)
            await asyncio.sleep(_RETRY_SECONDS)
            return True
        if found is None:
            self.end_session()
            return True
        if found.row.is_live and self._is_gone:
            self._is_behind = False
            return True
        if found.row.is_live:
            # Another process writes it, or this one is about to: either tells the room.
            runner.following.wake()
            answer = self._room.answer
            return answer is not None and answer.id == self._id
        self._store(found)
        return True

    def _store(self, found: Told) -> None:
        self._end = found.row
        self._stored = Answer(self._room, describe.generation(*found))
