"""What a browser may ask for, by the WebSocket protocol of `/ws/conversations/<uuid>/`; `events.py` has the answers.

Commands are text frames whose `type` names the class below. A position is a pair (content, thinking) of offsets in
Unicode code points.
"""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from .events import Position

MAX_FRAME_BYTES = 256 * 1024

# PostgreSQL keeps no NUL.
ClientId = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"\A[^\x00]*\Z")]
Name = Annotated[str, Meta(max_length=200, pattern=r"\A[^\x00]*\Z")]
Think = bool | Annotated[str, Meta(max_length=10)]


class Command(Struct, frozen=True):
    """What a browser may ask for."""


class MessageSend(Command, tag="message.send", frozen=True):
    """Ask; `parent` is the message it answers, by default the end of the shown branch.

    `model`, `options`, `system` and `think` are the conversation's from now on.
    """

    client_id: ClientId
    text: str
    parent: UUID | None = None
    model: Name | None = None
    options: dict[str, Any] | None = None
    system: str | None = None
    attachments: list[UUID] | None = None
    think: Think | None = None


class MessageEdit(Command, tag="message.edit", frozen=True):
    """Ask again in other words: a sibling of that message, with its attachments unless others are named.

    The settings are those of `message.send`.
    """

    client_id: ClientId
    message: UUID
    text: str
    model: Name | None = None
    options: dict[str, Any] | None = None
    system: str | None = None
    attachments: list[UUID] | None = None
    think: Think | None = None


class MessageDelete(Command, tag="message.delete", frozen=True):
    """Delete that message and all that stands below it."""

    message: UUID


class MessageRate(Command, tag="message.rate", frozen=True):
    """Say what one thinks of that answer: -1, 0 (nothing, or nothing any more) or 1."""

    message: UUID
    rating: int
    comment: str = ""


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


class BadFrame(Exception):
    """A frame that is no command; `code` is the protocol's, `client_id` the command's where it had one."""

    def __init__(self, code: str, client_id: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.client_id = client_id


_COMMANDS: tuple[type[Command], ...] = (
    MessageSend,
    MessageEdit,
    MessageDelete,
    MessageRate,
    AnswerRegenerate,
    AnswerContinue,
    BranchSelect,
    GenerationStop,
    Ack,
    Resync,
    Ping,
)
_commands = {command.__struct_config__.tag: command for command in _COMMANDS}


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
