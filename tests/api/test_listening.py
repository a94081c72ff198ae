"""A reader of one answer gets every character once, however it reads and wherever it begins."""

import asyncio
import uuid
from types import SimpleNamespace
from typing import Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from conversations.api.listening import Listener
from conversations.events import GenerationDelta, GenerationState, Position
from conversations.generation.live import LiveAnswer
from conversations.generation.runner import runner
from conversations.models import User

# What a model does next: so much text and so many thoughts come, the clock shows them, the reader takes so many pieces.
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(0, 9000), st.integers(0, 9000)),
        st.tuples(st.just("show"), st.just(0), st.just(0)),
        st.tuples(st.just("read"), st.integers(1, 5), st.just(0)),
    ),
    max_size=30,
)


def begun() -> LiveAnswer:
    """Return an answer that this process writes."""
    room = runner.rooms.open(uuid.uuid4())
    state = GenerationState(
        id=uuid.uuid4(), message=uuid.uuid4(), parent=uuid.uuid4(), model="m", options={}, status="running",
        phase="writing", text="", thinking="", end=(0, 0),
    )  # fmt: skip
    room.answer = answer = LiveAnswer(room, state)
    return answer


def listener_of(answer: LiveAnswer, at: Position = (0, 0)) -> Listener:
    """Return somebody who reads it."""
    row: Any = SimpleNamespace(pk=answer.id, conversation_id=answer.room.conversation)
    return Listener(cast("User", None), row, at)


class Reader:
    """Puts together what a listener is given."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self.text = self.thinking = ""
        self.at = listener.at

    async def take(self) -> None:
        """Take one piece, which joins on to the last."""
        piece = await self.listener.next()
        assert isinstance(piece, GenerationDelta)
        assert piece.at == self.at
        self.text += piece.text
        self.thinking += piece.thinking
        self.at = piece.end

    async def take_all(self, end: Position) -> None:
        """Take what there is."""
        while self.at != end:
            await self.take()


@settings(deadline=None, max_examples=60)
@given(STEPS)
def test_every_character_comes_once_at_any_pace(steps: list[tuple[str, int, int]]) -> None:
    async def read() -> None:
        answer = begun()
        reader = Reader(listener_of(answer))
        for what, one, other in steps:
            if what == "write":
                answer.append("字" * one, "思" * other)
            elif what == "show":
                answer.flush()
            else:
                for _ in range(one):
                    if reader.at != answer.snapshot().end:
                        await reader.take()
        answer.show_all()
        await reader.take_all(answer.end)
        reader.listener.leave()
        assert (reader.text, reader.thinking) == answer.whole()

    asyncio.run(read())


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 12))
def test_who_joins_at_a_place_gets_what_lies_behind_it(shown: int, later: int, place: int) -> None:
    async def read() -> None:
        answer = begun()
        whole = "".join(chr(0x4E00 + number) for number in range(shown + later))
        answer.append(whole[:shown], "")
        answer.show_all()
        at = (min(place, len(whole)), 0)
        # One that has read more elsewhere than this process knows of waits until it does.
        reader = Reader(listener_of(answer, at))
        answer.append(whole[shown:], "")
        answer.show_all()
        await reader.take_all(answer.end)
        reader.listener.leave()
        assert reader.text == whole[at[0] :]

    asyncio.run(read())


def test_a_reader_that_does_not_read_costs_no_memory() -> None:
    async def write_on() -> None:
        answer = begun()
        reader = Reader(listener_of(answer))
        answer.append("x", "")
        answer.flush()
        await reader.take()
        for _ in range(100):
            answer.append("x" * 8000, "")
            answer.flush()
        assert reader.listener._waiting_chars <= 64 * 1024
        await reader.take_all(answer.end)
        reader.listener.leave()
        assert len(reader.text) == 800_001

    asyncio.run(write_on())
