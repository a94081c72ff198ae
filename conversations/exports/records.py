"""What an exported conversation and account consist of, as JSON.

These types are the format: an export writes them, and an import takes nothing that does not fit into them. A change
that an older site could not read raises VERSION. Times are RFC 3339 with a zone; durations say their unit.
"""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

VERSION = 1

# What the columns of the database hold (conversations/models).
_Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]
_Nanoseconds = Annotated[int, Meta(ge=0, le=2**63 - 1)]
_Moment = Annotated[datetime, Meta(tz=True)]
_Name = Annotated[str, Meta(max_length=200)]
_Word = Annotated[str, Meta(max_length=20)]
# More than any model writes; a page has to show it.
_Text = Annotated[str, Meta(max_length=4_000_000)]


class AttachmentRecord(Struct, omit_defaults=True):
    """A file of questions; `path` is where an account's archive has its bytes."""

    id: UUID
    kind: Literal["image", "text"]
    name: _Name
    media_type: Annotated[str, Meta(max_length=100)]
    size: _Count
    created_at: _Moment
    width: _Count | None = None
    height: _Count | None = None
    characters: _Count | None = None
    path: str = ""


class GenerationRecord(Struct, omit_defaults=True):
    """One call of a model for an answer: what it was given, how it ended, what it took."""

    id: UUID
    model: _Name
    status: Literal["queued", "running", "completed", "stopped", "failed", "interrupted"]
    queued_at: _Moment
    reason: _Word = ""
    error_detail: Annotated[str, Meta(max_length=20_000)] = ""
    options: dict[str, Any] = {}
    think: Annotated[str, Meta(max_length=10)] = ""
    begins_at: _Count = 0
    omitted_messages: _Count = 0
    pictures_left_out: _Count = 0
    history_start: UUID | None = None
    window: _Count | None = None
    released_ms: _Count | None = None
    started_at: _Moment | None = None
    first_token_at: _Moment | None = None
    stop_requested_at: _Moment | None = None
    finished_at: _Moment | None = None
    prompt_tokens: _Count | None = None
    output_tokens: _Count | None = None
    total_ns: _Nanoseconds | None = None
    load_ns: _Nanoseconds | None = None
    prompt_ns: _Nanoseconds | None = None
    output_ns: _Nanoseconds | None = None


class MessageRecord(Struct, omit_defaults=True):
    """A question or an answer; branches share their parent."""

    id: UUID
    parent: UUID | None
    role: Literal["user", "assistant"]
    content: _Text
    created_at: _Moment
    thinking: _Text = ""
    thinking_ms: _Count = 0
    rating: Literal[-1, 0, 1] = 0
    rating_comment: Annotated[str, Meta(max_length=2000)] = ""
    attachments: list[UUID] = []
    generations: list[GenerationRecord] = []


class ConversationRecord(Struct, omit_defaults=True):
    """A conversation as a whole, with the settings that its next answer would use."""

    id: UUID
    title: _Name
    created_at: _Moment
    updated_at: _Moment
    model: _Name = ""
    system_prompt: Annotated[str, Meta(max_length=16_000)] = ""
    options: dict[str, Any] = {}
    think: Annotated[str, Meta(max_length=10)] = ""
    pinned: bool = False
    archived_at: _Moment | None = None
    shown_leaf: UUID | None = None


class ConversationDocument(Struct):
    """The file of one conversation."""

    format: Literal["chatsite conversation"]
    version: Annotated[int, Meta(ge=1, le=VERSION)]
    conversation: ConversationRecord
    attachments: list[AttachmentRecord]
    messages: list[MessageRecord]


class PresetRecord(Struct, omit_defaults=True):
    """Settings that conversations can begin with, under a name of their person's."""

    name: Annotated[str, Meta(min_length=1, max_length=80)]
    model: _Name = ""
    system_prompt: Annotated[str, Meta(max_length=16_000)] = ""
    options: dict[str, Any] = {}
    think: Annotated[str, Meta(max_length=10)] = ""


class PresetsDocument(Struct):
    """The file of a person's own presets."""

    format: Literal["chatsite presets"]
    version: Annotated[int, Meta(ge=1, le=VERSION)]
    presets: list[PresetRecord]


class Manifest(Struct):
    """What an account's archive says of itself; its other fields are for people."""

    format: Literal["chatsite account"]
    version: Annotated[int, Meta(ge=1, le=VERSION)]
    exported_at: _Moment
    person: dict[str, str] = {}
    conversations: _Count = 0


encode = msgspec.json.Encoder().encode
