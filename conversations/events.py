"""What the server tells, by the WebSocket protocol of `/ws/conversations/<uuid>/`; `commands.py` has what it is asked.

With that module, the one place that knows the protocol's JSON. Events are text frames whose `type` names the class
below. A position is a pair (content, thinking) of offsets in Unicode code points. Events that every viewer of a
conversation gets carry codes only; `Error` answers one socket and carries a sentence in its user's language.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

Position = tuple[int, int]

_encoder = msgspec.json.Encoder()


class Event(Struct, omit_defaults=True):
    """What the server tells."""

    def frame(self) -> str:
        """Return the event as the text of one frame."""
        return _encoder.encode(self).decode()


class OllamaState(Struct, omit_defaults=True):
    """What is known of the model that would answer next.

    `state`: ready, unloaded (answers after loading), missing (not pulled), empty (no model at all), starting or
    down (`since` tells from when); `wanted` is the model asked for where another one stands in. `vision` tells whether
    it takes pictures, None where nobody knows; `thinking` how its thinking is chosen: "switch", "levels" or not at all.
    """

    state: str
    model: str = ""
    wanted: str = ""
    since: datetime | None = None
    demonstration: bool = False
    vision: bool | None = None
    thinking: str = ""


class ConversationState(Struct, omit_defaults=True):
    """A conversation as the page knows it; `leaf` and `end` tell whether the page shows its latest message."""

    id: UUID
    title: str = ""
    model: str = ""
    options: dict[str, Any] = {}
    system: str = ""
    think: str = ""
    leaf: UUID | None = None
    end: Position = (0, 0)
    updated_at: datetime | None = None
    running: bool = False
    pinned: bool = False
    archived: bool = False


class GenerationState(Struct, omit_defaults=True):
    """A live generation with the text so far; the last ones as `GenerationStatus` has them.

    `phase_ms` tells for how long the phase has lasted already.
    """

    id: UUID
    message: UUID
    parent: UUID
    model: str
    options: dict[str, Any]
    status: str
    phase: str
    text: str
    thinking: str
    end: Position
    ahead: int | None = None
    history_start: UUID | None = None
    saved: bool = True
    tokens: int = 0
    phase_ms: int = 0
    thinking_ms: int = 0


def beginning(state: GenerationState, most: int) -> GenerationState:
    """Return a state that holds no more than `most` characters: its end tells where the rest begins."""
    thinking = state.thinking[:most]
    text = state.text[: most - len(thinking)]
    return msgspec.structs.replace(state, text=text, thinking=thinking, end=(len(text), len(thinking)))


class AttachmentState(Struct, omit_defaults=True):
    """An attachment as the page draws it: `size` in bytes, pictures in pixels, text files in code points."""

    id: UUID
    kind: str
    name: str
    size: int
    width: int | None = None
    height: int | None = None
    characters: int | None = None


class MessageState(Struct):
    """A message as `message.created` tells it; `siblings` are all versions, itself among them, in order."""

    id: UUID
    parent: UUID | None
    role: str
    text: str
    html: str
    siblings: list[UUID]
    created_at: datetime
    attachments: list[AttachmentState] = []


class Stats(Struct, omit_defaults=True):
    """What a generation took: milliseconds, and tokens as the model counted them, or else as they arrived.

    `window` is how many tokens the model takes in all, `released_ms` how long it took to let go of it after a stop,
    `unseen` the number of pictures that belong to what was sent, but were not given to the model.
    """

    first_token_ms: int | None = None
    total_ms: int | None = None
    load_ms: int | None = None
    prompt_tokens: int | None = None
    output_tokens: int | None = None
    tokens_per_s: float | None = None
    thinking_ms: int | None = None
    window: int | None = None
    released_ms: int | None = None
    unseen: int | None = None


class Snapshot(Event, tag="snapshot"):
    """The state on connect and on `resync`."""

    conversation: ConversationState
    ollama: OllamaState
    generation: GenerationState | None = None


class MessageCreated(Event, tag="message.created"):
    """A person's message is committed."""

    client_id: str
    message: MessageState


class GenerationStarted(Event, tag="generation.started"):
    """An answer was asked for; its text will belong to `message`."""

    generation: UUID
    message: UUID
    parent: UUID
    model: str
    options: dict[str, Any]
    siblings: list[UUID]
    at: Position = (0, 0)
    omitted: int = 0


class GenerationStatus(Event, tag="generation.status"):
    """The true phase: queued, connecting, loading, reading, thinking or writing.

    `history_start` is the first message that went along, where earlier ones were left out; known once it is sent.
    `saved` is False while the database does not take what is shown. `tokens` counts the pieces that have come, and
    is told once a second; `thinking_ms` how long the model thought, known when it begins to write.
    """

    generation: UUID
    phase: str
    ahead: int | None = None
    history_start: UUID | None = None
    saved: bool = True
    tokens: int = 0
    thinking_ms: int = 0


class GenerationDelta(Event, tag="generation.delta"):
    """New text between two positions."""

    generation: UUID
    at: Position
    end: Position
    text: str = ""
    thinking: str = ""


class GenerationFinished(Event, tag="generation.finished"):
    """The end, as stored; `outcome` and `detail` are what its sentence is made of (`outcomes.py`).

    `repeat_penalty` is the higher one to ask again with, where that may help.
    """

    generation: UUID
    message: UUID
    status: str
    reason: str
    end: Position
    stats: Stats
    model: str = ""
    omitted: int = 0
    history_start: UUID | None = None
    outcome: str = ""
    detail: str = ""
    repeat_penalty: float | None = None


class ConversationUpdated(Event, tag="conversation.updated"):
    """One of this person's conversations changed; another `leaf` than the shown one: read its messages again."""

    conversation: ConversationState


class ConversationDeleted(Event, tag="conversation.deleted"):
    """One of this person's conversations is gone."""

    id: UUID


class MessageRated(Event, tag="message.rated"):
    """A person said what they think of an answer."""

    conversation: UUID
    message: UUID
    rating: int
    comment: str


class OllamaStatus(Event, OllamaState, tag="ollama.status"):
    """What is known of the model changed."""


class SessionEnded(Event, tag="session.ended"):
    """The person is not logged in any more."""


class Error(Event, tag="error"):
    """A command was refused; nothing changed."""

    code: str
    text: str
    client_id: str | None = None
    limit: int | None = None


class Pong(Event, tag="pong"):
    """The answer to a ping."""
