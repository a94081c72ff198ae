"""An answer while it is being written, and the sockets that watch a conversation.

Text takes two ways from here, each on its own clock and each piece once: as frames to the sockets (`flush`), and
as chunks to the database (`take_unsaved`). Everything here belongs to the process's event loop.
"""

import time
from typing import Any, Protocol
from uuid import UUID

from conversations import events
from conversations.models import Generation
from conversations.services.generations import Chunk, Fact

_MAX_FRAME_CHARS = 8192


def reaches(at: events.Position, end: events.Position) -> bool:
    """Return whether a reader who has come to `at` has everything up to `end`."""
    return at[0] >= end[0] and at[1] >= end[1]


class Viewer(Protocol):
    """Who watches a conversation; `deliver` must not wait for the reader."""

    def deliver(self, frame: str, event: events.Event) -> None:
        """Take an event, and the frame that every socket is sent of it."""

    def backend_changed(self) -> None:
        """Tell what has become of the model that would answer."""

    def restart(self) -> None:
        """Close, for the browser to come back."""

    def refresh(self) -> None:
        """Send a new snapshot: what happened in between was not told."""


class Room:
    """The sockets of one conversation in this process, and its running answer."""

    def __init__(self, conversation: UUID) -> None:
        self.conversation = conversation
        self.viewers: set[Viewer] = set()
        self.answer: Answer | None = None
        # The model that the conversation asks for ("": any).
        self.wanted = ""
        # Counts what cannot be told by a snapshot read from the database a moment before.
        self.changes = 0

    def publish(self, event: events.Event) -> None:
        """Send an event to every viewer."""
        self.changes += 1
        self.send(event)

    def refresh(self) -> None:
        """Let every viewer have a new snapshot."""
        self.changes += 1
        for viewer in tuple(self.viewers):
            viewer.refresh()

    def send(self, event: events.Event) -> None:
        """Give every viewer the event, and the same string of it."""
        frame = event.frame()
        for viewer in tuple(self.viewers):
            viewer.deliver(frame, event)


class Answer:
    """One generation's text so far and its phase, as the sockets of this process see it."""

    def __init__(self, room: Room, state: events.GenerationState) -> None:
        self.room = room
        self.state = state
        self.id = state.id
        # As it is stored, once the answer has ended.
        self.row: Generation | None = None
        self._shown = _Kinds(state.text, state.thinking)
        self._unshown = _Kinds()
        self._phase_since = time.monotonic()
        self._thought_before = state.thinking_ms

    @property
    def end(self) -> events.Position:
        """The position behind everything that came, shown or not."""
        shown, unshown = self._shown.size, self._unshown.size
        return shown[0] + unshown[0], shown[1] + unshown[1]

    @property
    def is_behind(self) -> bool:
        """Whether more waits to be shown than one frame carries."""
        return sum(self._unshown.size) > _MAX_FRAME_CHARS

    def append(self, text: str, thinking: str) -> None:
        """Take what the model has written."""
        self._unshown.add(text, thinking)

    def flush(self) -> None:
        """Send what is new as one frame, of much only the beginning: a reader that keeps up is never far behind."""
        if not self._unshown:
            return
        text, thinking = self._unshown.take(_MAX_FRAME_CHARS)
        at = self._shown.size
        self._shown.add(text, thinking)
        end = self._shown.size
        self.room.send(
            events.GenerationDelta(generation=self.id, at=at, end=end, text=text, thinking=thinking)
        )

    def show_all(self) -> None:
        """Send everything that is new, in as many frames as it takes."""
        while self._unshown:
            self.flush()

    def enter(self, phase: str, ahead: int | None = None) -> None:
        """Tell the phase, if it is another one or another place in the queue."""
        if (phase, ahead) == (self.state.phase, self.state.ahead):
            return
        if phase != self.state.phase:
            self._thought_before = self.thinking_ms
            self._phase_since = time.monotonic()
        self.state.phase, self.state.ahead = phase, ahead
        self.state.status = "queued" if phase == "queued" else "running"
        self._tell()

    @property
    def thinking_ms(self) -> int:
        """For how many milliseconds the model has thought, in earlier calls for the same answer too."""
        return self._thought_before + (self._phase_ms if self.state.phase == "thinking" else 0)

    @property
    def _phase_ms(self) -> int:
        return round((time.monotonic() - self._phase_since) * 1000)

    def tell_saved(self, saved: bool) -> None:
        """Tell whether the database takes what is shown, if that has changed."""
        if saved != self.state.saved:
            self.state.saved = saved
            self._tell()

    def _tell(self) -> None:
        state = self.state
        self.room.publish(
            events.GenerationStatus(
                generation=self.id,
                phase=state.phase,
                ahead=state.ahead,
                history_start=state.history_start,
                saved=state.saved,
                tokens=state.tokens,
                thinking_ms=self.thinking_ms,
            )
        )

    def snapshot(self) -> events.GenerationState:
        """Return the state with the text that frames have carried, so that the next one joins on."""
        self.state.text, self.state.thinking = self._shown.whole()
        self.state.end = self._shown.size
        self.state.phase_ms, self.state.thinking_ms = self._phase_ms, self.thinking_ms
        return self.state

    def after(self, at: events.Position) -> events.GenerationDelta | None:
        """Return a frame's worth of what frames have carried behind `at`, None where there is nothing."""
        if reaches(at, self._shown.size):
            return None
        text, thinking = self._shown.whole()
        thinking = thinking[at[1] : at[1] + _MAX_FRAME_CHARS]
        text = text[at[0] : at[0] + _MAX_FRAME_CHARS - len(thinking)]
        end = at[0] + len(text), at[1] + len(thinking)
        return events.GenerationDelta(generation=self.id, at=at, end=end, text=text, thinking=thinking)

    def whole(self) -> tuple[str, str]:
        """Return everything that came."""
        self.flush()
        (text, thinking), (more, thought) = self._shown.whole(), self._unshown.whole()
        return text + more, thinking + thought


class LiveAnswer(Answer):
    """An answer that this process writes, and what of it is not yet saved."""

    def __init__(self, room: Room, state: events.GenerationState) -> None:
        super().__init__(room, state)
        self.facts: list[Fact] = []
        self.phase_to_save = ""
        # Of the row, where the database did not take it when it was found out.
        self.columns: dict[str, Any] = {}
        self._unsaved = _Kinds()
        self._saved = 0
        self._chunks: list[Chunk] = []
        self._tokens_told = 0

    @property
    def has_text(self) -> bool:
        """Whether this generation has brought anything yet."""
        return bool(self._saved or self._chunks or self._unsaved)

    def append(self, text: str, thinking: str) -> None:
        """Take what the model has just written."""
        super().append(text, thinking)
        self._unsaved.add(text, thinking)
        # Ollama sends a piece for each token.
        self.state.tokens += 1

    def tell_tokens(self) -> None:
        """Tell how many tokens have come, if more have."""
        if self.state.tokens != self._tokens_told:
            self._tokens_told = self.state.tokens
            self._tell()

    def enter(self, phase: str, ahead: int | None = None) -> None:
        """Tell the phase, if it is another one or another place in the queue, and have it saved."""
        if phase != self.state.phase:
            self.phase_to_save = phase
        super().enter(phase, ahead)

    def take_unsaved(self) -> list[Chunk]:
        """Return the chunks to write: those of a checkpoint that failed, and what is new."""
        if self._unsaved:
            text, thinking = self._unsaved.take()
            self._chunks.append(Chunk(self.id, self._saved, text, thinking))
            self._saved += len(text) + len(thinking)
        return self._chunks

    def saved(self, count: int) -> None:
        """Forget the first `count` chunks: they are in the database."""
        del self._chunks[:count]


class _Kinds:
    """Pieces of content and of thinking, and how long each kind is in code points."""

    def __init__(self, text: str = "", thinking: str = "") -> None:
        self._text: list[str] = []
        self._thinking: list[str] = []
        self.size: events.Position = (0, 0)
        self.add(text, thinking)

    def __bool__(self) -> bool:
        return bool(self._text or self._thinking)

    def add(self, text: str, thinking: str) -> None:
        if text:
            self._text.append(text)
        if thinking:
            self._thinking.append(thinking)
        self.size = self.size[0] + len(text), self.size[1] + len(thinking)

    def whole(self) -> tuple[str, str]:
        """Return both, keeping each as one piece, so that asking often costs little."""
        self._text, self._thinking = _joined(self._text), _joined(self._thinking)
        return "".join(self._text), "".join(self._thinking)

    def take(self, most: int | None = None) -> tuple[str, str]:
        """Return both and keep nothing, or what is behind the first `most` characters."""
        text, thinking = "".join(self._text), "".join(self._thinking)
        self._text, self._thinking, self.size = [], [], (0, 0)
        if most is None or len(text) + len(thinking) <= most:
            return text, thinking
        room = max(0, most - len(thinking))
        self.add(text[room:], thinking[most:])
        return text[:room], thinking[:most]


def _joined(pieces: list[str]) -> list[str]:
    return ["".join(pieces)] if pieces else []


class Rooms:
    """The rooms that somebody watches or a model writes into."""

    def __init__(self) -> None:
        self._rooms: dict[UUID, Room] = {}

    def open(self, conversation: UUID) -> Room:
        """Return the conversation's room, made now if nobody is in it."""
        return self._rooms.setdefault(conversation, Room(conversation))

    def find(self, conversation: UUID) -> Room | None:
        """Return the conversation's room if there is one."""
        return self._rooms.get(conversation)

    def leave(self, room: Room, viewer: Viewer | None = None) -> None:
        """Take a viewer out; a room without viewers and answer is closed."""
        if viewer is not None:
            room.viewers.discard(viewer)
        if not room.viewers and room.answer is None and self._rooms.get(room.conversation) is room:
            del self._rooms[room.conversation]

    def watched(self) -> list[Room]:
        """Return the rooms that somebody is in."""
        return [room for room in self._rooms.values() if room.viewers]

    def viewers(self) -> list[Viewer]:
        """Return every socket of this process."""
        return [viewer for room in self._rooms.values() for viewer in room.viewers]
