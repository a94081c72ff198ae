"""Answers that another process writes and somebody here watches: read from the database, shown like this one's own.

The owner's checkpoint says that there is something new; one look a second makes up for what the channel layer lost.
"""

import asyncio
import contextlib
from uuid import UUID

from django.db import Error as DatabaseError

from conversations import database, describe
from conversations.models import Generation
from conversations.services import generations
from conversations.services.generations import Progress

from .live import Answer, Room, Rooms

_LOOK_SECONDS = 1


class Following:
    """The answers of other processes in the rooms of this one."""

    def __init__(self, process: str, rooms: Rooms) -> None:
        self._process = process
        self._rooms = rooms
        self._answers: dict[UUID, Answer] = {}
        # How many characters of each have been read from its chunks.
        self._read: dict[UUID, int] = {}
        self._ended: set[UUID] = set()
        self._wake = asyncio.Event()

    def follows(self, generation: UUID) -> bool:
        """Return whether a generation is shown here as it is written elsewhere."""
        return generation in self._answers

    def wake(self) -> None:
        """Look again soon."""
        self._wake.set()

    def wake_for(self, conversations: list[str]) -> None:
        """Look again soon if anybody watches one of them."""
        if any(self._rooms.find(UUID(conversation)) for conversation in conversations):
            self.wake()

    async def run(self) -> None:
        """Follow for as long as the process lives."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), _LOOK_SECONDS)
            self._wake.clear()
            # What a database that is away has taken meanwhile is there when it is back.
            with contextlib.suppress(DatabaseError):
                await self.look()

    async def look(self) -> None:
        """Read what is new and show it."""
        watched = {room.conversation for room in self._rooms.watched() if self._is_open_to(room)}
        if not watched and not self._answers:
            return
        found = await database.sockets.run(generations.elsewhere, self._process, watched, dict(self._read))
        for progress in found:
            room = self._rooms.find(progress.row.conversation_id)
            if room is not None and room.viewers and self._is_open_to(room):
                self._show(room, progress)
            elif progress.row.pk in self._answers:
                self._part(progress.row)
        present = {progress.row.pk for progress in found}
        for generation in self._answers.keys() - present:
            self._leave(generation).refresh()
        self._ended = {progress.row.pk for progress in found if not progress.row.is_live}

    def _is_open_to(self, room: Room) -> bool:
        return room.answer is None or room.answer.id in self._answers

    def _show(self, room: Room, progress: Progress) -> None:
        row = progress.row
        answer = self._answers.get(row.pk)
        if row.is_live and answer is not None:
            self._read[row.pk] += len(progress.text) + len(progress.thinking)
            answer.append(progress.text, progress.thinking)
            answer.state.history_start = row.history_start_id
            answer.enter(row.phase)
            answer.show_all()
        elif row.is_live:
            self._join(room, progress)
        elif answer is not None:
            self._finish(answer, progress)
        elif row.pk not in self._ended:
            room.refresh()

    def _join(self, room: Room, progress: Progress) -> None:
        row = progress.row
        text, thinking = row.message.content + progress.text, row.message.thinking + progress.thinking
        answer = Answer(room, describe.generation(row, text, thinking))
        self._answers[row.pk] = room.answer = answer
        self._read[row.pk] = len(progress.text) + len(progress.thinking)
        room.refresh()

    def _finish(self, answer: Answer, progress: Progress) -> None:
        """Show the rest, unless the stored text is another one: then pages read it again."""
        message = progress.row.message
        text, thinking = answer.whole()
        if message.content.startswith(text) and message.thinking.startswith(thinking):
            answer.append(message.content[len(text) :], message.thinking[len(thinking) :])
            answer.show_all()
        answer.row = progress.row
        self._leave(answer.id).publish(describe.finished(progress.row))

    def _part(self, row: Generation) -> None:
        """Follow no more: nobody watches, or this process has begun the next answer before it knew of this end."""
        room = self._leave(row.pk)
        if not row.is_live:
            room.publish(describe.finished(row))

    def _leave(self, generation: UUID) -> Room:
        answer = self._answers.pop(generation)
        del self._read[generation]
        if answer.room.answer is answer:
            answer.room.answer = None
        self._rooms.leave(answer.room)
        return answer.room
