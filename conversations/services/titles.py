"""The title that a model makes of a conversation: whether there shall be one, and how it is kept."""

import re
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from conversations.models import Conversation, Generation, Message
from conversations.search import index

from .conversations import title_from
from .generations import Call, call

MAX_MADE_TITLE = 80
# What small models put before a title, and around it.
_LABEL = re.compile(r"\A(title|标题|题目|主题)\s*[:：]\s*", re.IGNORECASE)
_MARKS = " #*_`~>-–—"
_QUOTES = {pair[0]: pair[1] for pair in ('""', "''", "“”", "‘’", "«»", "「」", "『』", "《》", "【】")}
_THOUGHTS = re.compile(r"<think>.*?(</think>|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Subject:
    """A conversation after its first answer: its title as it is, and what a model was and is called with."""

    conversation: UUID
    title: str
    question: str
    call: Call


def subject(generation: UUID) -> Subject | None:
    """Return what a title may be made of now, after that answer.

    None where it is not the first answer, where the person has named the conversation or deleted it, and while anybody
    is answered or waits.
    """
    found = Generation.objects.select_related("conversation", "message__parent", "requested_by")
    row = found.filter(pk=generation).first()
    if row is None or row.message.parent is None or Generation.objects.live().exists():
        return None
    conversation, question = row.conversation, row.message.parent
    is_first = question.parent_id is None and conversation.generations.count() == 1
    if not is_first or conversation.deleted_at or conversation.title != _first_title(question):
        return None
    return Subject(conversation.pk, conversation.title, question.content, call(row))


def _first_title(question: Message) -> str:
    attached = question.attachments.first()
    return title_from(question.content or (attached.name if attached else ""))


def may_go_on(wanted: Subject) -> bool:
    """Return whether the title is still to be made: nobody has asked, renamed or deleted meanwhile."""
    same = Conversation.objects.filter(pk=wanted.conversation, title=wanted.title, deleted_at=None)
    return same.exists() and not Generation.objects.live().exists()


@transaction.atomic
def keep(wanted: Subject, title: str) -> Conversation | None:
    """Keep a made title where the conversation has no other one by now; returns it then, with its last message."""
    rows = Conversation.objects.filter(pk=wanted.conversation)
    if not rows.filter(title=wanted.title, deleted_at=None).update(title=title):
        return None
    found = rows.select_related("shown_leaf").get()
    index.put(index.title_entry(found))
    return found


def cleaned(text: str) -> str:
    """Return the title in what a model wrote, at most MAX_MADE_TITLE characters; empty where there is none."""
    for line in _THOUGHTS.sub("", text).splitlines():
        # Of characters that cannot be seen, none may turn the list of conversations around.
        seen = "".join(one if one.isprintable() else " " for one in line)
        title = " ".join(seen.split())
        for _ in range(2):
            title = _unquoted(_LABEL.sub("", title.strip(_MARKS)).strip(_MARKS)).rstrip(" .。")
        if title:
            return title_from(title, MAX_MADE_TITLE - 1)
    return ""


def _unquoted(text: str) -> str:
    """Return a text without the quotation marks around the whole of it, the second of which may be missing."""
    opens = text[:1]
    closes = _QUOTES.get(opens)
    if closes is None:
        return text
    inner = text[1:].removesuffix(closes)
    return text if opens in inner or closes in inner else inner
