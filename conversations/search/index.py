"""Keeping the index true: what is said, renamed or continued goes into it in the same transaction.

What is deleted leaves it with its row. Answers come when they have ended.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import regex

from conversations.models import Conversation, Message, SearchEntry

from .tokens import tokens

_BATCH = 500
# No word holds this sign, so nobody finds a facet by typing it.
_FACET = "\N{SECTION SIGN}"
_NOT_IN_TOKENS = regex.compile(r"[^\p{L}\p{N}]")
TITLE = f"{_FACET}t"
ROLES: dict[str, str] = {Message.Role.USER: f"{_FACET}q", Message.Role.ASSISTANT: f"{_FACET}a"}
# The keys of a millisecond: each person has one of them, so that people who write at once are not in each other's way.
_LANES = 1024


def of_owner(owner: int) -> str:
    """Return the token of all that a person has."""
    return f"{_FACET}o{owner}"


def of_conversation(conversation: UUID) -> str:
    """Return the token of all that belongs to a conversation."""
    return f"{_FACET}c{conversation.hex}"


def of_model(model: str) -> str:
    """Return the token of what a model said or was asked."""
    return f"{_FACET}m{_NOT_IN_TOKENS.sub(_FACET, model)}"


def words(text: str) -> str:
    """Return what `text` is found by, as the index keeps it."""
    return " ".join(sorted(tokens(text)))


def message_entry(message: Message, owner: int, model: str, found_by: str | None = None) -> SearchEntry:
    """Return the row for a message that `model` wrote or is to answer, without storing it.

    `found_by` is what `words` made of its text, where that is known.
    """
    facets = [of_owner(owner), of_conversation(message.conversation_id), ROLES[message.role], of_model(model)]
    return SearchEntry(
        id=key_of(message.created_at) + owner % _LANES,
        owner_id=owner,
        conversation_id=message.conversation_id,
        message_id=message.pk,
        tokens=_joined(facets, words(message.content) if found_by is None else found_by),
    )


def title_entry(conversation: Conversation) -> SearchEntry:
    """Return the row for a conversation's title, without storing it."""
    owner = conversation.owner_id
    facets = [of_owner(owner), of_conversation(conversation.pk), TITLE]
    return SearchEntry(
        id=key_of(conversation.created_at) + owner % _LANES,
        owner_id=owner,
        conversation_id=conversation.pk,
        tokens=_joined(facets, words(conversation.title)),
    )


def key_of(moment: datetime) -> int:
    """Return the first key of a moment."""
    return round(moment.timestamp() * 1000) * _LANES


def add(entries: Sequence[SearchEntry]) -> None:
    """Store entries that are not there yet, in the next free millisecond each."""
    entries = sorted(entries, key=lambda entry: entry.pk)
    used: set[int] = set()
    for start in range(0, len(entries), _BATCH):
        batch = entries[start : start + _BATCH]
        _settle(batch, used)
        SearchEntry.objects.bulk_create(batch)


def _settle(entries: Sequence[SearchEntry], used: set[int]) -> None:
    """Give each entry a key that is neither stored nor `used`; those it gets are `used` from then on."""
    unsettled = entries
    while unsettled:
        for entry in unsettled:
            while entry.pk in used:
                entry.pk += _LANES
            used.add(entry.pk)
        keys = [entry.pk for entry in unsettled]
        stored = set(SearchEntry.objects.filter(pk__in=keys).values_list("pk", flat=True))
        unsettled = [entry for entry in unsettled if entry.pk in stored]


def put(entry: SearchEntry) -> None:
    """Store an entry, or its words where there is one of the same message or title."""
    same = SearchEntry.objects.filter(conversation=entry.conversation_id, message=entry.message_id)
    if not same.update(tokens=entry.tokens):
        add([entry])


def _joined(facets: Sequence[str], found_by: str) -> str:
    return " ".join([*facets, found_by] if found_by else facets)
