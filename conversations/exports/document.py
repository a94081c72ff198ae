"""A conversation as JSON: everything that is its person's, all branches included, a message a line."""

from collections.abc import Collection, Iterator
from typing import Any
from uuid import UUID

from conversations.models import Attachment, Conversation, Generation, Message
from conversations.services import attachments, generations

from . import names
from .records import VERSION, AttachmentRecord, ConversationRecord, GenerationRecord, MessageRecord, encode

# Messages that are in memory at once, with their calls.
BATCH = 500
# The columns that a record has by the same name.
_OF_GENERATION = set(GenerationRecord.__struct_fields__) - {"history_start", "pictures_left_out"}
_OF_MESSAGE = set(MessageRecord.__struct_fields__) - {"parent", "attachments", "generations"}
_OF_CONVERSATION = set(ConversationRecord.__struct_fields__) - {"shown_leaf"}
_OF_ATTACHMENT = set(AttachmentRecord.__struct_fields__) - {"path"}


def pieces(found: Conversation, *, in_archive: bool = False) -> Iterator[bytes]:
    """Yield the document of a conversation piece by piece; in an archive, it says where the files are."""
    head = {
        "format": "chatsite conversation",
        "version": VERSION,
        "conversation": _conversation(found),
        "attachments": [_attachment(row, in_archive=in_archive) for row in attached_to(found)],
    }
    yield encode(head)[:-1] + b',"messages":['
    separator = b"\n"
    for batch in _batches(found):
        yield separator + b",\n".join(encode(record) for record in _records(batch))
        separator = b",\n"
    yield b"\n]}\n"


def attached_to(found: Conversation) -> list[Attachment]:
    """Return all files of a conversation's questions."""
    return list(Attachment.objects.filter(messages__conversation=found).distinct())


def _batches(found: Conversation) -> Iterator[list[Message]]:
    # No cursor stays open: on SQLite it would keep the log of writes from being folded in while a slow reader reads.
    ids = list(found.messages.order_by("created_at", "pk").values_list("pk", flat=True))
    for start in range(0, len(ids), BATCH):
        rows = found.messages.with_generations().in_bulk(ids[start : start + BATCH])
        yield [rows[pk] for pk in ids[start : start + BATCH] if pk in rows]


def _records(messages: Collection[Message]) -> list[MessageRecord]:
    attached = attachments.by_message([message.pk for message in messages])
    return [_message(message, [row.pk for row in attached.get(message.pk, ())]) for message in messages]


def _same(row: Any, fields: set[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in fields}


def _conversation(row: Conversation) -> ConversationRecord:
    return ConversationRecord(**_same(row, _OF_CONVERSATION), shown_leaf=row.shown_leaf_id)


def _attachment(row: Attachment, *, in_archive: bool) -> AttachmentRecord:
    return AttachmentRecord(**_same(row, _OF_ATTACHMENT), path=names.of_file(row) if in_archive else "")


def _message(row: Message, attached: list[UUID]) -> MessageRecord:
    calls = list(row.generations.all())
    record = MessageRecord(
        **_same(row, _OF_MESSAGE),
        parent=row.parent_id,
        attachments=attached,
        generations=[_generation(call) for call in calls],
    )
    for call in calls:
        if call.is_live:
            # What its person sees of it by now.
            record.content, record.thinking = generations.text_so_far(call)
    return record


def _generation(row: Generation) -> GenerationRecord:
    left_out = sum(int(fact.detail) for fact in getattr(row, "left_out", ()))
    return GenerationRecord(
        **_same(row, _OF_GENERATION), history_start=row.history_start_id, pictures_left_out=left_out
    )
