"""The WebSocket protocol of `/ws/conversations/<uuid>/`: the one place that knows its JSON.

Commands come from the browser, events go to it. Both are text frames whose `type` names the class below.
A position is a pair (content, thinking) of offsets in Unicode code points. Events that every viewer of a
conversation gets carry codes only; `Error` answers one socket and carries a sentence in its user's language.
"""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

MAX_FRAME_BYTES = 256 * 1024

Position = tuple[int, int]
# PostgreSQL keeps no NUL.
ClientId = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"\A[^\x00]*\Z")]
Name = Annotated[str, Meta(max_length=200, pattern=r"\A[^\x00]*\Z")]
Think = bool | Annotated[str, Meta(max_length=10)]


class Command(Struct, frozen=True):
    """What a browser may ask for."""


class MessageSend(Command, tag="message.send", frozen=True):
    """Ask; `parent` is the message it answers, by default the end of the shown branch."""

    client_id: ClientId
    text: str
    parent: UUID | None = None
    model: Name | None = None
    options: dict[str, Any] | None = None
    system: str | None = None
    attachments: list[UUID] | None = None
    think: Think | None = None


class MessageEdit(Command, tag="message.edit", frozen=True):
    """Ask again in other words: a sibling of that message, and a new answer."""

    client_id: ClientId
    message: UUID
    text: str


class AnswerRegenerate(Command, tag="answer.regenerate", frozen=True):
    """Ask for a sibling of that answer, from another model if one is named; `options` are for it alone."""

    client_id: ClientId
    message: UUID
    model: Name | None = None
    options: dict[str, Any] | None = None


class AnswerContinue(Command, tag="answer.continue", frozen=True):
    """Ask for more of that answer, in place."""

    client_id: ClientId
    message: UUID


class BranchSelect(Command, tag="branch.select", frozen=True):
    """Show the branch through that message."""

    message: UUID


class GenerationStop(Command, tag="generation.stop", frozen=True):
    """Stop; harmless when late, twice or foreign."""

    generation: UUID


class Ack(Command, tag="ack", frozen=True):
    """Tell that everything up to `end` has arrived."""

    generation: UUID
    end: Position


class Resync(Command, tag="resync", frozen=True):
    """Ask for a new snapshot."""


class Ping(Command, tag="ping", frozen=True):
    """Ask for a `Pong`."""


class Event(Struct, omit_defaults=True):
    """What the server tells."""

    def frame(self) -> str:
        """Return the event as the text of one frame."""
        return _encoder.encode(self).decode()


class OllamaState(Struct, omit_defaults=True):
    """What is known of the model that would answer next.

    `state`: ready, unloaded (answers after loading), missing (not pulled), empty (no model at all), starting or
    down (`since` tells from when); `wanted` is the model asked for where another one stands in.
    """

    state: str
    model: str = ""
    wanted: str = ""
    since: datetime | None = None
    demonstration: bool = False


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


class GenerationState(Struct, omit_defaults=True):
    """A live generation with the text so far; `history_start` and `saved` as `GenerationStatus` has them."""

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


def beginning(state: GenerationState, most: int) -> GenerationState:
    """Return a state that holds no more than `most` characters: its end tells where the rest begins."""
    thinking = state.thinking[:most]
    text = state.text[: most - len(thinking)]
    return msgspec.structs.replace(state, text=text, thinking=thinking, end=(len(text), len(thinking)))


class MessageState(Struct):
    """A message as `message.created` tells it; `siblings` are all versions, itself among them, in order."""

    id: UUID
    parent: UUID | None
    role: str
    text: str
    html: str
    siblings: list[UUID]
    created_at: datetime


class Stats(Struct, omit_defaults=True):
    """What a generation took: milliseconds, and tokens as the model counted them."""

    first_token_ms: int | None = None
    total_ms: int | None = None
    load_ms: int | None = None
    prompt_tokens: int | None = None
    output_tokens: int | None = None
    tokens_per_s: float | None = None


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
    `saved` is False while the database does not take what is shown.
    """

    generation: UUID
    phase: str
    ahead: int | None = None
    history_start: UUID | None = None
    saved: bool = True


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


class BadFrame(Exception):
    """A frame that is no command; `code` is the protocol's, `client_id` the command's where it had one."""

    def __init__(self, code: str, client_id: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.client_id = client_id


_COMMANDS: tuple[type[Command], ...] = (
    MessageSend,
    MessageEdit,
    AnswerRegenerate,
    AnswerContinue,
    BranchSelect,
    GenerationStop,
    Ack,
    Resync,
    Ping,
)
_commands = {command.__struct_config__.tag: command for command in _COMMANDS}
_encoder = msgspec.json.Encoder()


def parse(text: str | None) -> Command:
    """Return the command that a text frame holds (None stands for a binary one). Raises BadFrame."""
    if text is None:
        raise BadFrame("bad_frame")
    if len(text) > MAX_FRAME_BYTES or len(text.encode(errors="replace")) > MAX_FRAME_BYTES:
        raise BadFrame("too_large")
    try:
        raw = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        raise BadFrame("bad_frame") from error
    if not isinstance(raw, dict):
        raise BadFrame("bad_frame")
    client_id = raw.get("client_id")
    client_id = client_id[:64] if isinstance(client_id, str) else None
    command = _commands.get(raw.get("type")) if isinstance(raw.get("type"), str) else None
    if command is None:
        raise BadFrame("unknown_type", client_id)
    try:
        return msgspec.convert(raw, command)
    except msgspec.ValidationError as error:
        raise BadFrame("bad_frame", client_id) from error
