"""What the API is sent and what it answers: the one place that knows its JSON.

Names of an answer's figures are those of Ollama's own API, durations are nanoseconds as there
(https://github.com/ollama/ollama/blob/main/docs/api.md#response).
"""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from conversations.commands import MAX_FRAME_BYTES, Name
from conversations.events import GenerationDelta, Position
from conversations.models import Attachment, Conversation, Generation, Message
from conversations.ollama.catalogue import ModelInfo
from conversations.services.errors import Refused

MAX_BODY_BYTES = MAX_FRAME_BYTES
# More would only be a number that no model counts to.
_Count = Annotated[int, Meta(ge=-(2**31), le=2**31)]

encode = msgspec.json.Encoder().encode


class Question(Struct, forbid_unknown_fields=True, frozen=True):
    """The body of `POST /api/chat/stream`."""

    prompt: str
    model: Name | None = None
    conversation: UUID | None = None
    system: str | None = None
    options: dict[str, Any] | None = None
    max_tokens: _Count | None = None
    temperature: float | None = None
    top_p: float | None = None
    repeat_penalty: float | None = None
    stream: bool = True
    keep: bool = False

    @property
    def all_options(self) -> dict[str, Any]:
        """The options as Ollama calls them, those of `options` above the others."""
        named = {
            "num_predict": self.max_tokens,
            "temperature": self.temperature,
            "top_p": self.top_p,
            "repeat_penalty": self.repeat_penalty,
        }
        return {name: value for name, value in named.items() if value is not None} | (self.options or {})


def question(body: bytes) -> Question:
    """Return what a body asks. Raises Refused(too_large, bad_json, wrong_type)."""
    if len(body) > MAX_BODY_BYTES:
        raise Refused("too_large", limit=MAX_BODY_BYTES // 1024)
    try:
        raw = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused("bad_json", detail=str(error)) from error
    if not isinstance(raw, dict):
        raise Refused("bad_json", detail="{…}")
    try:
        return msgspec.convert(raw, Question)
    except msgspec.ValidationError as error:
        raise Refused("wrong_type", detail=str(error)) from error


class Piece(Struct, frozen=True):
    """New text of an answer."""

    token: str
    done: bool = False


class Thought(Struct, frozen=True):
    """New text of an answer, and of what the model thinks before it."""

    token: str
    thinking: str
    done: bool = False


def begun(row: Generation) -> dict[str, Any]:
    """Return what a stream begins with."""
    return {**_ids(row), "done": False}


def piece(delta: GenerationDelta) -> bytes:
    """Return the event of new text."""
    shape = Thought(delta.text, delta.thinking) if delta.thinking else Piece(delta.text)
    return event(encode(shape), delta.end)


def event(data: bytes, at: Position | None = None) -> bytes:
    """Return a server-sent event, whose id is the place behind it
    (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""
    name = b"id: %d:%d\n" % at if at is not None else b""
    return name + b"data: " + data + b"\n\n"


def ended(row: Generation, error: dict[str, str] | None) -> dict[str, Any]:
    """Return how an answer ended, with the `error` that it failed with."""
    return {
        **({"error": error} if error else {}),
        **state(row),
        "done": True,
        "total_duration": row.total_ns,
        "load_duration": row.load_ns,
        "prompt_eval_count": row.prompt_tokens,
        "eval_count": row.output_tokens,
    }


def state(row: Generation) -> dict[str, Any]:
    """Return where a generation stands."""
    return {**_ids(row), "status": row.status, "reason": row.reason}


def _ids(row: Generation) -> dict[str, Any]:
    return {
        "generation": row.pk,
        "conversation": row.conversation_id,
        "message": row.message_id,
        "model": row.model,
    }


def model(info: ModelInfo) -> dict[str, Any]:
    """Return a model as Ollama's `/api/tags` does
    (https://github.com/ollama/ollama/blob/main/docs/api.md#list-local-models)."""
    return {
        "name": info.name,
        "model": info.name,
        "modified_at": info.modified_at or None,
        "size": info.size,
        "digest": info.digest,
        "details": {
            "family": info.family,
            "parameter_size": info.parameter_size,
            "quantization_level": info.quantization,
        },
    }


def listed(row: Conversation, *, running: bool) -> dict[str, Any]:
    """Return a conversation as a list has it."""
    return {
        "id": row.pk,
        "title": row.title,
        "model": row.model,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "pinned": row.pinned,
        "running": running,
    }


def conversation(row: Conversation, *, running: bool) -> dict[str, Any]:
    """Return a conversation with its settings."""
    settings = {"system": row.system_prompt, "options": row.options, "think": row.think}
    return {**listed(row, running=running), **settings}


def message(row: Message, call: Generation | None, text: tuple[str, str]) -> dict[str, Any]:
    """Return a message with its latest `call`, and with the `text` (content, thinking) that there is so far."""
    content, thinking = text
    shape: dict[str, Any] = {
        "id": row.pk,
        "parent": row.parent_id,
        "role": row.role,
        "content": content,
        "created_at": row.created_at,
    }
    if thinking:
        shape["thinking"] = thinking
    if row.role == Message.Role.USER:
        shape["attachments"] = [_attachment(one) for one in row.attachments.all()]
    if call is not None:
        shape |= {"generation": call.pk, "model": call.model, "status": call.status, "reason": call.reason}
    return shape


def _attachment(row: Attachment) -> dict[str, Any]:
    return {"id": row.pk, "kind": row.kind, "name": row.name, "size": row.size}
