"""The index of each database: how it is asked, and what it answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from .tokens import Wanted

# A word that many entries have is found among so many of the newest at once; one that few have makes a short list.
# Titles lie apart from each other, so each of them is a place on the disk.
_RECENT, _RECENT_TITLES = 1000, 100
Row = tuple[Any, ...]
# Behind all keys.
END = 2**62
_VECTOR = "array_to_tsvector(string_to_array(e.tokens, ' '))"
_CONVERSATIONS = "JOIN conversations_conversation c ON c.id = e.conversation_id"


@dataclass(frozen=True, slots=True)
class Question:
    """What the index is asked: all of `wanted`, one of each of `facets`, with keys in [`first`, `before`).

    It `is_of_titles`, or of messages; without an owner it is about both, of everybody, and of what was deleted, too.
    """

    owner: int | None
    wanted: Wanted
    facets: Sequence[Sequence[str]]
    first: int = 0
    before: int = END
    is_of_titles: bool = False
    pinned: bool | None = None
    archived: bool | None = None

    @property
    def kind(self) -> str:
        """The condition on what is found: a facet of both roles would be looked up once more for each hit."""
        if self.owner is None:
            return ""
        return f"AND message_id IS {'' if self.is_of_titles else 'NOT'} NULL"

    @property
    def living(self) -> str:
        """The join that leaves out what its owner has deleted, for who is the owner."""
        return _CONVERSATIONS if self.owner is None else f"{_CONVERSATIONS} AND c.deleted_at IS NULL"

    def of_conversations(self) -> str:
        """Return the condition on conversations."""
        terms = [f"AND {'' if wanted else 'NOT'} c.pinned" for wanted in [self.pinned] if wanted is not None]
        if self.archived is not None:
            terms.append(f"AND c.archived_at IS {'NOT' if self.archived else ''} NULL")
        return " ".join(terms)


class Found(NamedTuple):
    """An entry that has all the tokens; `message` is None for a title."""

    id: int
    conversation: UUID
    message: UUID | None


def find(question: Question, limit: int) -> list[Found]:
    """Return the newest entries that have all that is wanted, the newest first."""
    search = _postgresql if connection.vendor == "postgresql" else _sqlite
    return [
        Found(pk, _uuid(conversation), message and _uuid(message))
        for pk, conversation, message in search(question, limit)
    ]


def _uuid(value: UUID | str) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)


def _sqlite(question: Question, limit: int) -> list[Row]:
    # What is named first comes first (https://www.sqlite.org/optoverview.html#crossjoin): the index, which is in order.
    statement = f"""
        SELECT e.id, e.conversation_id, e.message_id
        FROM conversations_searchindex i CROSS JOIN conversations_searchentry e ON e.id = i.rowid
        CROSS {question.living}
        WHERE i.conversations_searchindex MATCH %s AND i.rowid >= %s AND i.rowid < %s
        {question.kind} {question.of_conversations()}
        ORDER BY i.rowid DESC LIMIT %s
    """  # noqa: S608 -- constants alone
    query = _joined(question, '"{}"', '"{}" *', "AND", "OR")
    return _rows(statement, [query, question.first, question.before, limit])


def _postgresql(question: Question, limit: int) -> list[Row]:
    """Walk through the newest entries of the person; only where there are more, ask the index, which has no order."""
    query = _joined(question, "'{}'", "'{}':*", "&", "|")
    keys = [question.first, question.before]
    those = f"id >= %s AND id < %s {question.kind}"
    if question.owner is not None:
        keys, those = [question.owner, *keys], f"owner_id = %s AND {those}"
    mine = f"FROM conversations_searchentry WHERE {those} ORDER BY id DESC"
    most = _RECENT_TITLES if question.is_of_titles else _RECENT
    recent = f"""
        SELECT e.id, e.conversation_id, e.message_id FROM (SELECT * {mine} LIMIT {most}) e {question.living}
        WHERE {_VECTOR} @@ %s::tsquery {question.of_conversations()}
        ORDER BY e.id DESC LIMIT %s
    """  # noqa: S608 -- constants alone
    found = _rows(recent, [*keys, query, limit])
    older = _rows(f"SELECT id {mine} OFFSET {most} LIMIT 1", keys) if len(found) < limit else []
    if not older:
        return found
    indexed = f"""
        WITH e AS MATERIALIZED (
            SELECT id, conversation_id, message_id FROM conversations_searchentry e WHERE {_VECTOR} @@ %s::tsquery
        )
        SELECT e.id, e.conversation_id, e.message_id FROM e {question.living}
        WHERE e.id >= %s AND e.id <= %s {question.kind} {question.of_conversations()}
        ORDER BY e.id DESC LIMIT %s
    """  # noqa: S608 -- constants alone
    return found + _rows(indexed, [query, question.first, older[0][0], limit - len(found)])


def _joined(question: Question, exact: str, prefix: str, and_: str, or_: str) -> str:
    """Return the query in the database's own language."""
    wanted = question.wanted
    terms = [exact.format(token) for token in wanted.exact()]
    terms += [prefix.format(wanted.prefix())] if wanted.prefix() else []
    for some in question.facets:
        terms.append("(" + f" {or_} ".join(exact.format(token) for token in some) + ")")
    return f" {and_} ".join(terms)


def _rows(statement: str, values: Sequence[str | int]) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()
