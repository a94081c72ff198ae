"""How a running answer's text becomes frames."""

import json
import uuid

from hypothesis import given
from hypothesis import strategies as st

from conversations.events import Event, GenerationState
from conversations.generation.live import LiveAnswer, Room

FRAME_CHARS = 8192


class Reader:
    """A viewer that puts together what it gets."""

    def __init__(self) -> None:
        self.text = self.thinking = ""
        self.lengths: list[int] = []

    def deliver(self, frame: str, _event: Event) -> None:
        """Take a frame that joins on to the last."""
        delta = json.loads(frame)
        assert delta["at"] == [len(self.text), len(self.thinking)]
        self.text += delta.get("text", "")
        self.thinking += delta.get("thinking", "")
        assert delta["end"] == [len(self.text), len(self.thinking)]
        self.lengths.append(len(delta.get("text", "")) + len(delta.get("thinking", "")))

    def backend_changed(self) -> None:
        """Nobody tells."""

    def refresh(self) -> None:
        """Nobody asks."""

    def restart(self) -> None:
        """Nobody does."""


def watched() -> tuple[LiveAnswer, Reader]:
    """Return a running answer and somebody who reads it."""
    state = GenerationState(
        id=uuid.uuid4(), message=uuid.uuid4(), parent=uuid.uuid4(), model="m", options={}, status="running",
        phase="writing", text="", thinking="", end=(0, 0),
    )  # fmt: skip
    room, reader = Room(uuid.uuid4()), Reader()
    room.viewers.add(reader)
    return LiveAnswer(room, state), reader


@given(st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 20_000)), max_size=5))
def test_much_text_goes_out_in_frames_of_bounded_size_and_whole(pieces: list[tuple[int, int]]) -> None:
    answer, reader = watched()
    for text, thinking in pieces:
        answer.append("字" * text, "思" * thinking)
        answer.flush()
    while answer.is_behind:
        answer.flush()
    content, thoughts = answer.whole()
    assert (reader.text, reader.thinking) == (content, thoughts)
    assert (len(content), len(thoughts)) == (sum(text for text, _ in pieces), sum(th for _, th in pieces))
    assert max(reader.lengths, default=0) <= FRAME_CHARS


def test_an_answer_that_ends_while_readers_are_behind_is_kept_whole() -> None:
    answer, reader = watched()
    answer.append("x" * 100_000, "")
    content, _ = answer.whole()
    assert content == "x" * 100_000
    assert reader.text == "x" * FRAME_CHARS
