"""Writes the rows of one conversation that somebody brings: whole or not at all, and never over what is there.

Ids stay as they are where they are free. Where somebody has them already, another person or another conversation of the
same one, new ones are derived from them, always the same: bringing an archive twice makes nothing twice, and what is
somebody else's behaves like what does not exist.
"""

import io
import uuid
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import models
from django.utils import timezone

from conversations.exports import reading
from conversations.exports.reading import Archive, UnreadableError
from conversations.exports.records import (
    AttachmentRecord,
    ConversationDocument,
    ConversationRecord,
    GenerationRecord,
    MessageRecord,
    PresetRecord,
)
from conversations.models import (
    Attachment,
    Conversation,
    Generation,
    GenerationEvent,
    Message,
    SearchEntry,
    User,
)
from conversations.ollama.wire import storable
from conversations.querysets import PICTURES_LEFT_OUT
from conversations.search import index

from . import attachments, generations, presets
from . import options as model_options
from .conversations import think_word, title_from
from .errors import Refused

# What the ids of another place become here.
_NAMESPACE = UUID("5a0c7d0e-5b0f-4b57-8c9e-0d5a4f6f3b0e")
_BATCH = 500
_FIRST_TIME = datetime(2000, 1, 1, tzinfo=UTC)
_CLOCKS_DIFFER = timedelta(days=1)
_SAME_OF_GENERATION = set(GenerationRecord.__struct_fields__) - {"id", "history_start", "pictures_left_out"}


@dataclass(slots=True)
class Brought:
    """What becomes of one conversation: `rows` to be written where it is new, and how many `files` were taken.

    `refused` has (name, sentence) of those that were not. It `is_whole` unless it got late.
    """

    is_whole: bool = True
    files: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)
    rows: "_Rows | None" = None


def prepare(user: User, archive: Archive, name: str, is_late: Callable[[], bool]) -> Brought:
    """Read the conversation in the entry `name` and take its files; those that were taken before are found again.

    Outside of any transaction, for it may take seconds. Raises UnreadableError.
    """
    document = archive.document(name)
    _check(document)
    ordered = reading.in_order(document)
    brought = Brought()
    if _is_there(user, document.conversation):
        return brought
    files: dict[UUID, Attachment] = {}
    for record in document.attachments:
        taken = brought.files
        found = _file(user, archive, record, brought)
        if found:
            files[record.id] = found
        # What was there already cost no time, and each step takes something.
        if brought.files > taken and is_late():
            return Brought(is_whole=False, files=brought.files)
    brought.rows = _Rows(user, document, ordered, files)
    return brought


def preset_values(record: PresetRecord) -> presets.Values:
    """Return what a preset holds. Raises Refused."""
    return presets.Values(
        name=" ".join(storable(record.name).split()) or "…",
        model=storable(record.model),
        system_prompt=storable(record.system_prompt),
        options=model_options.validate(record.options),
        think=think_word(record.think),
    )


# --- Looking


def _check(document: ConversationDocument) -> None:
    """Refuse what the types of the format let through. Raises UnreadableError."""
    records: list[Any] = [document.conversation, *document.attachments, *document.messages]
    calls = [call for message in document.messages for call in message.generations]
    try:
        late = timezone.now() + _CLOCKS_DIFFER
        for record in (*records, *calls):
            for name in record.__struct_fields__:
                value = getattr(record, name)
                if isinstance(value, datetime) and not _FIRST_TIME <= value <= late:
                    raise UnreadableError("wrong")
        for options in [document.conversation.options, *(call.options for call in calls)]:
            model_options.validate(options)
        for think in {document.conversation.think, *(call.think for call in calls)}:
            think_word(think)
    except (Refused, OverflowError) as error:
        raise UnreadableError("wrong") from error
    if len({call.id for call in calls}) < len(calls):
        raise UnreadableError("wrong")


def _is_there(user: User, record: ConversationRecord) -> bool:
    """Return whether the person has the conversation; one that they have deleted comes back as it was."""
    mine = Conversation.objects.filter(owner=user, pk__in=[record.id, _derived(user.pk, record.id)])
    mine.exclude(deleted_at=None).update(deleted_at=None)
    return mine.exists()


def _derived(place: object, known: UUID) -> UUID:
    return uuid.uuid5(_NAMESPACE, f"{place}:{known}")


def _taken(model: type[models.Model], ids: Sequence[UUID]) -> bool:
    """Return whether somebody has one of these ids."""
    return any(
        model._default_manager.filter(pk__in=ids[start : start + _BATCH]).exists()
        for start in range(0, len(ids), _BATCH)
    )


@dataclass(frozen=True, slots=True)
class _Places:
    """The ids that rows get here."""

    conversation: UUID
    of: Callable[[UUID], UUID]


def _places(user: User, document: ConversationDocument) -> _Places:
    """Return ids that are free. Raises UnreadableError where even the derived ones are not."""
    pk = document.conversation.id
    if _taken(Conversation, [pk]):
        pk = _derived(user.pk, pk)
    messages = [message.id for message in document.messages]
    calls = [call.id for message in document.messages for call in message.generations]
    if not _taken(Message, messages) and not _taken(Generation, calls):
        return _Places(pk, lambda known: known)

    def of(known: UUID) -> UUID:
        return _derived(pk, known)

    if _taken(Message, [of(one) for one in messages]) or _taken(Generation, [of(one) for one in calls]):
        raise UnreadableError("wrong")
    return _Places(pk, of)


# --- Files


def _file(user: User, archive: Archive, record: AttachmentRecord, brought: Brought) -> Attachment | None:
    """Return the person's file, taken now or there already; None, with the reason noted, where it is not taken."""
    derived = _derived(user.pk, record.id)
    mine = Attachment.objects.filter(owner=user, pk__in=[record.id, derived]).first()
    if mine:
        return mine
    name = storable(record.name)
    free = [derived] if _taken(Attachment, [record.id]) else [record.id, derived]
    try:
        content = archive.attachment(record.path, attachments.MAX_BYTES)
        row = _taken_back(user, free, name, content)
    except (UnreadableError, Refused) as error:
        brought.refused.append((name, str(error)))
        return None
    brought.files += 1
    return row


def _taken_back(user: User, free: Sequence[UUID], name: str, content: bytes) -> Attachment:
    """Keep a file under the first id of which no file lies on the disk. Raises Refused and UnreadableError."""
    for pk in free:
        # Of one that no row names, nobody knows whose it is: it stays (conversations/attachments/files.py).
        with suppress(FileExistsError):
            return attachments.take_back(user, pk, name, io.BytesIO(content), len(content))
    raise UnreadableError("failed")


# --- Rows


class _Rows:
    """The rows of one conversation, made and then written in one short transaction."""

    def __init__(
        self,
        user: User,
        document: ConversationDocument,
        ordered: Iterable[UUID],
        files: dict[UUID, Attachment],
    ) -> None:
        self._user, self._document, self._files = user, document, files
        self._places = _places(user, document)
        records = {message.id: message for message in document.messages}
        self._ids = set(records)
        self._records = [records[pk] for pk in ordered]
        self.messages = [self._message(record) for record in self._records]
        self._calls = [
            self._generation(call, message) for message in self._records for call in message.generations
        ]
        self.conversation = self._conversation(document.conversation)
        self._entries = self._found_by()

    def _at(self, known: UUID | None) -> UUID | None:
        """Return the id here of a message of the document."""
        return self._places.of(known) if known and known in self._ids else None

    def _conversation(self, record: ConversationRecord) -> Conversation:
        leaf = self._at(record.shown_leaf)
        if leaf is None and self.messages:
            leaf = max(self.messages, key=lambda message: (message.created_at, message.pk)).pk
        first = self.messages[0].content if self.messages else ""
        return Conversation(
            pk=self._places.conversation,
            owner=self._user,
            title=" ".join(storable(record.title).split()) or title_from(first) or "…",
            model=storable(record.model),
            system_prompt=storable(record.system_prompt),
            options=record.options,
            think=record.think,
            pinned=record.pinned,
            archived_at=record.archived_at,
            created_at=record.created_at,
            updated_at=record.updated_at,
            shown_leaf_id=leaf,
        )

    def _message(self, record: MessageRecord) -> Message:
        content = storable(record.content)
        is_answer = record.role == "assistant"
        return Message(
            pk=self._places.of(record.id),
            conversation_id=self._places.conversation,
            parent_id=self._places.of(record.parent) if record.parent else None,
            role=record.role,
            content=content,
            # Never of the file: only what is drawn here is known to be inert.
            html=generations.html_of(content) if is_answer else "",
            thinking=storable(record.thinking),
            thinking_ms=record.thinking_ms,
            rating=record.rating,
            rating_comment=storable(record.rating_comment),
            created_at=record.created_at,
        )

    def _generation(self, record: GenerationRecord, message: MessageRecord) -> Generation:
        same: dict[str, Any] = {name: getattr(record, name) for name in _SAME_OF_GENERATION}
        for name in ("model", "reason", "error_detail"):
            same[name] = storable(same[name])
        if record.status in Generation.LIVE:
            # Nobody works on it here.
            same |= {"status": Generation.Status.INTERRUPTED, "reason": "process_died"}
            same["finished_at"] = record.finished_at or record.queued_at
        pk = self._places.of(record.id)
        return Generation(
            **same,
            pk=pk,
            conversation_id=self._places.conversation,
            message_id=self._places.of(message.id),
            client_id=pk.hex,
            requested_by=self._user,
            process=Generation.IMPORTED,
            heartbeat=record.queued_at,
            history_start_id=self._at(record.history_start),
        )

    def write(self) -> None:
        """Write all of it, inside of a transaction."""
        Conversation.objects.bulk_create([self.conversation])
        Message.objects.bulk_create(self.messages, batch_size=_BATCH)
        Generation.objects.bulk_create(self._calls, batch_size=_BATCH)
        GenerationEvent.objects.bulk_create(self._pictures_left_out(), batch_size=_BATCH)
        index.add(self._entries)
        self._attach()

    def _found_by(self) -> list[SearchEntry]:
        """Return what a search finds the words by; a question's model is that of its latest answer."""
        parents = {message.pk: message.parent_id for message in self.messages}
        models: dict[UUID | None, str] = {}
        for call in sorted(self._calls, key=lambda call: call.queued_at):
            models[call.message_id] = models[parents[call.message_id]] = call.model
        return [
            index.title_entry(self.conversation),
            *(
                index.message_entry(one, self._user.pk, models.get(one.pk, self.conversation.model))
                for one in self.messages
                if one.content
            ),
        ]

    def _pictures_left_out(self) -> Iterable[GenerationEvent]:
        for message in self._records:
            for call in message.generations:
                if call.pictures_left_out:
                    yield GenerationEvent(
                        generation_id=self._places.of(call.id),
                        at=call.started_at or call.queued_at,
                        kind=PICTURES_LEFT_OUT,
                        detail=str(call.pictures_left_out),
                    )

    def _attach(self) -> None:
        # Until now they counted as not sent, and as sent today, so that nobody forgot them.
        for record in self._document.attachments:
            if record.id in self._files:
                unsent = Attachment.objects.filter(pk=self._files[record.id].pk, messages=None)
                unsent.update(created_at=record.created_at)
        link = Attachment.messages.through
        link.objects.bulk_create(
            (
                link(attachment_id=self._files[pk].pk, message_id=self._places.of(message.id))
                for message in self._records
                for pk in dict.fromkeys(message.attachments)
                if pk in self._files
            ),
            batch_size=_BATCH,
        )
