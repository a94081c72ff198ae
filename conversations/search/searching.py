"""What a person looks for, and what is found: titles and messages of their own, the newest first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db.models import F
from django.db.models.functions import Left
from django.utils import timezone

from conversations.models import Conversation, Message, User

from . import engines, index
from .snippets import Piece, marked, snippet
from .tokens import MAX_INDEXED, Wanted, wanted

# Each lies somewhere else on the disk, where what was said long ago has to be read from: twenty took over 100 ms.
PAGE_SIZE = 10
MAX_QUERY = 200
_TITLES = 5
_MOST_IN_CONVERSATION = 200
_MOST_EVERYWHERE = 200
# So many conversations can be named to the index; more are common enough to be met on the way.
_FEW = 200
# The index finds more than what is wanted; after so many rows somebody is asked whether to go on.
_MOST_LOOKED_AT = 400
_DAY = timedelta(days=1)
_FIRST_DAY, _LAST_DAY = date(1970, 1, 2), date(2200, 1, 1)


@dataclass(frozen=True, slots=True)
class Filters:
    """What else must be true of what is found. Days are in the person's time zone, both ends included."""

    model: str = ""
    since: date | None = None
    until: date | None = None
    pinned: bool | None = None
    archived: bool | None = None
    role: str = ""


class Hit(NamedTuple):
    """A message, or a conversation by its title (`message` is None), with its words in pieces."""

    conversation: Conversation
    message: Message | None
    pieces: Sequence[Piece]


@dataclass(frozen=True, slots=True)
class Results:
    """One page; `next_page` is where to go on, None at the end."""

    titles: Sequence[Hit] = field(default_factory=list)
    messages: Sequence[Hit] = field(default_factory=list)
    next_page: int | None = None


def search(user: User, query: str, filters: Filters, before: int | None = None) -> Results:
    """Return what `user` has of all the words in `query`, from `before` (a `next_page`) on."""
    looked_for = wanted(query[:MAX_QUERY])
    if not looked_for.runs:
        return Results()
    question = _question(user, looked_for, filters)
    if question is None:
        return Results()
    titles: Sequence[Hit] = []
    if before is None and not filters.role:
        facets = [*question.facets, [index.TITLE]]
        titles, _ = _hits(replace(question, facets=facets, is_of_titles=True), _TITLES)
    else:
        question = replace(question, before=min(question.before, before or question.before))
    found, next_page = _hits(question, PAGE_SIZE)
    return Results(titles, found, next_page)


def messages_of(conversation: Conversation, query: str) -> tuple[list[UUID], bool]:
    """Return the messages on the shown branch that hold all the words in `query`, the oldest first.

    Beyond the newest `_MOST_IN_CONVERSATION` they are left out, and the second value is True.
    """
    looked_for = wanted(query[:MAX_QUERY])
    if not looked_for.runs:
        return [], False
    facets = [[index.of_conversation(conversation.pk)]]
    question = engines.Question(conversation.owner_id, looked_for, facets)
    found, next_page = _hits(question, _MOST_IN_CONVERSATION)
    shown = set(Message.objects.branch_ids(conversation.shown_leaf_id))
    messages = [hit.message.pk for hit in reversed(found) if hit.message and hit.message.pk in shown]
    return messages, next_page is not None


def everywhere(query: str, most: int = _MOST_EVERYWHERE) -> tuple[list[UUID], bool]:
    """Return the conversations of all people, also deleted ones, that hold all the words in a message or the title.

    Of many these are the ones of the newest `most` hits, and the second value is False.
    """
    looked_for = wanted(query[:MAX_QUERY])
    if not looked_for.runs:
        return [], True
    found, next_page = _hits(engines.Question(None, looked_for, []), most)
    return list(dict.fromkeys(hit.conversation.pk for hit in found)), next_page is None


def _question(user: User, looked_for: Wanted, filters: Filters) -> engines.Question | None:
    """Return what the index is to be asked; None where no conversation can have it."""
    facets = [[index.of_owner(user.pk)]]
    if filters.model:
        facets.append([index.of_model(filters.model)])
    if filters.role:
        facets.append([index.ROLES[filters.role]])
    question = engines.Question(user.pk, looked_for, facets, _first(filters.since), _before(filters.until))
    if filters.pinned is None and filters.archived is None:
        return question
    rows = Conversation.objects.for_user(user)
    if filters.pinned is not None:
        rows = rows.filter(pinned=filters.pinned)
    if filters.archived is not None:
        rows = rows.filter(archived_at__isnull=not filters.archived)
    few = list(rows.only("pk")[: _FEW + 1])
    if not few:
        return None
    if len(few) > _FEW:
        return replace(question, pinned=filters.pinned, archived=filters.archived)
    return replace(question, facets=[*facets, [index.of_conversation(one.pk) for one in few]])


def _first(day: date | None) -> int:
    return index.key_of(_midnight(day)) if day else 0


def _before(day: date | None) -> int:
    return index.key_of(_midnight(min(day, _LAST_DAY - _DAY) + _DAY)) if day else engines.END


def _midnight(day: date) -> datetime:
    # A year that is being typed begins as 0002.
    within = min(max(day, _FIRST_DAY), _LAST_DAY)
    return timezone.make_aware(datetime.combine(within, time.min))


def _hits(question: engines.Question, most: int) -> tuple[list[Hit], int | None]:
    """Return up to `most` hits, and where to go on."""
    hits: list[Hit] = []
    looked_at = 0
    while looked_at < _MOST_LOOKED_AT:
        found = engines.find(question, most + 1)
        looked_at += len(found)
        for entry, hit in _read(found, question.wanted):
            if len(hits) == most:
                return hits, question.before
            question = replace(question, before=entry.id)
            hits += [hit] if hit else []
        if len(found) <= most:
            return hits, None
    return hits, question.before


def _read(found: Sequence[engines.Found], looked_for: Wanted) -> list[tuple[engines.Found, Hit | None]]:
    """Return entries with what they stand for; None for what holds the characters but not together, or is gone."""
    conversations = Conversation.objects.in_bulk({entry.conversation for entry in found})
    keys = [entry.message for entry in found if entry.message]
    # An answer may be longer than what the index knows of it.
    rows = Message.objects.defer("content", "html", "thinking").annotate(
        start=Left(F("content"), MAX_INDEXED)
    )
    messages = rows.in_bulk(keys)
    return [(entry, _hit(entry, conversations, messages, looked_for)) for entry in found]


def _hit(
    entry: engines.Found,
    conversations: Mapping[UUID, Conversation],
    messages: Mapping[UUID, Message],
    looked_for: Wanted,
) -> Hit | None:
    conversation = conversations.get(entry.conversation)
    if conversation is None:
        return None
    if entry.message is None:
        is_there = snippet(conversation.title, looked_for) is not None
        return Hit(conversation, None, marked(conversation.title, looked_for)) if is_there else None
    message = messages.get(entry.message)
    pieces = snippet(message.start, looked_for) if message else None  # type: ignore[attr-defined] # an annotation
    return Hit(conversation, message, pieces) if pieces else None
