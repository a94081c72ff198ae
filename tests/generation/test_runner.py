"""What the runner's end of a generation leaves behind."""

import uuid
from typing import Any

import pytest

from conversations.events import GenerationState
from conversations.generation.backend import Backend
from conversations.generation.calling import Outcome
from conversations.generation.live import LiveAnswer, Room
from conversations.generation.runner import Runner


def answer_in(room: Room) -> LiveAnswer:
    """Return a running answer of the room's conversation."""
    state = GenerationState(
        id=uuid.uuid4(),
        message=uuid.uuid4(),
        parent=uuid.uuid4(),
        model="internlm2:1.8b",
        options={},
        status="running",
        phase="writing",
        text="",
        thinking="",
        end=(0, 0),
    )
    return LiveAnswer(room, state)


async def test_an_end_that_is_heard_of_late_does_not_take_away_the_next_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def another_was_first(*_: Any, **__: Any) -> None:
        return None

    runner = Runner(Backend())
    monkeypatch.setattr(runner.writer, "run", another_was_first)
    room = runner.rooms.open(uuid.uuid4())
    old, room.answer = answer_in(room), answer_in(room)
    new = room.answer
    await runner._end(old, Outcome("completed", "stop"))
    assert room.answer is new
    assert runner.rooms.find(room.conversation) is room
    await runner._end(new, Outcome("completed", "stop"))
    assert runner.rooms.find(room.conversation) is None
