"""A conversation as it happened, for an administrator to read: every version of every message, in order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.urls import reverse
from django.utils.translation import gettext

from conversations.models import Conversation, Generation, Message
from conversations.rendering import plain, render
from conversations.rendering.characters import clean
from conversations.services.generations import text_so_far
from conversations.views.transcript import ShownFile, ShownMessage

from . import wording

PER_PAGE = 50
# Characters of a message that a page of many shows; the whole is one click away.
SHOWN_AT_MOST = 40_000


class Outline:
    """Which messages a conversation has, in order, and how they hang together."""

    def __init__(self, conversation: Conversation) -> None:
        rows = conversation.messages.order_by("created_at", "pk").values_list("pk", "parent_id")
        self.parents: dict[UUID, UUID | None] = dict(rows)
        self.ids = list(self.parents)
        self.leaf = conversation.shown_leaf_id

    @cached_property
    def numbers(self) -> dict[UUID, int]:
        """The place of each message, counted from 1."""
        return {pk: number for number, pk in enumerate(self.ids, 1)}

    @cached_property
    def versions(self) -> dict[UUID | None, list[UUID]]:
        """The children of each message: more than one are versions of each other."""
        children: dict[UUID | None, list[UUID]] = {}
        for pk, parent in self.parents.items():
            children.setdefault(parent, []).append(pk)
        return children

    @cached_property
    def shown(self) -> frozenset[UUID]:
        """What the owner sees now: the branch that ends in the shown leaf."""
        branch = set()
        pk = self.leaf
        while pk is not None and pk in self.parents and pk not in branch:
            branch.add(pk)
            pk = self.parents[pk]
        return frozenset(branch)


@dataclass(frozen=True, slots=True)
class Call:
    """One model call of an answer, in words and figures; `start` is number and id of the first message that went
    along, where earlier ones were left out."""

    generation: Generation
    start: tuple[int, UUID] | None = None

    @property
    def options(self) -> str:
        """The options on one line."""
        return wording.compact(self.generation.options)

    @property
    def reason(self) -> str:
        """Why it ended, where that does not go without saying."""
        return wording.reason(self.generation.reason) if self.generation.reason != "stop" else ""

    @property
    def figures(self) -> list[tuple[str, str]]:
        """Names and values of what it took, where they are known."""
        call = self.generation
        known = [
            (gettext("first text"), call.first_token_ms, wording.seconds),
            (gettext("duration"), call.total_ms, wording.seconds),
            (gettext("prompt tokens"), call.prompt_tokens, _whole),
            (gettext("output tokens"), call.output_tokens, _whole),
            (gettext("tokens/s"), call.tokens_per_second, wording.figure),
        ]
        return [(name, write(value)) for name, value, write in known if value is not None]


def _whole(number: float) -> str:
    return wording.figure(number, 0)


@dataclass(slots=True)
class Entry:
    """One message with all that the transcript tells of it."""

    message: Message
    number: int
    # Where this is one version of several: which one, and the numbers of all.
    version: int = 1
    versions: Sequence[tuple[int, UUID]] = ()
    # The number and id of the message that it answers, where that is not the one right above.
    answers: tuple[int, UUID] | None = None
    is_shown: bool = True
    whole: bool = False
    calls: list[Call] = field(default_factory=list)
    content: str = ""
    thinking: str = ""

    @property
    def is_cut(self) -> bool:
        """Whether only the beginning is shown."""
        return not self.whole and max(len(self.content), len(self.thinking)) > SHOWN_AT_MOST

    @property
    def length(self) -> str:
        """The number of characters of the whole text."""
        return _whole(len(self.content) + len(self.thinking))

    @property
    def is_live(self) -> bool:
        """Whether it is being written."""
        return any(call.generation.is_live for call in self.calls)

    @property
    def shown(self) -> ShownMessage:
        """The message as the chat page draws it, from text that is safe to look at."""
        row = self.message
        message = Message(
            pk=row.pk,
            conversation_id=row.conversation_id,
            parent_id=row.parent_id,
            role=row.role,
            content=self._text(self.content),
            thinking=self._text(self.thinking),
            html=self._html(),
            thinking_ms=row.thinking_ms,
        )
        siblings = [pk for _number, pk in self.versions]
        call = self.calls[-1].generation if self.calls else None
        return ShownMessage(message, siblings, call, _files(row))

    def _html(self) -> str:
        if self.message.role != Message.Role.ASSISTANT:
            return ""
        if self.is_cut:
            return plain(self._text(self.content))
        return self.message.html or render(self.content)

    @property
    def comment(self) -> str:
        """Why the person thinks so of the answer, made safe to look at."""
        return clean(self.message.rating_comment)

    def _text(self, text: str) -> str:
        return clean(text if self.whole else text[:SHOWN_AT_MOST])


def _files(message: Message) -> list[ShownFile]:
    """Return the files of a message, and where they are for an administrator."""
    name = "admin:conversations_conversation_attachment"
    return [
        ShownFile(file, reverse(name, args=[message.conversation_id, file.pk]))
        for file in message.attachments.all()
    ]


@dataclass(frozen=True, slots=True)
class TranscriptPage:
    """A part of the transcript; `page` is Django's, over the ids of all messages, with `state` of all of them."""

    page: Page
    entries: list[Entry]
    state: str


def read(conversation: Conversation, query: Mapping[str, str]) -> TranscriptPage:
    """Return the page that `query` names: by number as `p`, or the one with `message`, then shown whole."""
    outline = Outline(conversation)
    paginator = Paginator(outline.ids, PER_PAGE)
    wanted = _uuid(query.get("message", ""))
    if wanted in outline.numbers:
        page = paginator.page((outline.numbers[wanted] - 1) // PER_PAGE + 1)
    else:
        page = paginator.get_page(query.get("p"))
    messages = Message.objects.with_generations().in_bulk(list(page.object_list))
    entries = [_entry(messages[pk], outline, whole=pk == wanted) for pk in page.object_list if pk in messages]
    return TranscriptPage(page, entries, _state(conversation, outline))


def _state(conversation: Conversation, outline: Outline) -> str:
    """Return what changes when something comes, goes or ends: a page that has another one is not up to date."""
    return f"{len(outline.ids)} {conversation.updated_at.timestamp()} {outline.leaf}"


def changed(conversation: Conversation, query: Mapping[str, str], state: str) -> TranscriptPage:
    """Return the page with what has to be drawn anew: all of it, or, in the same `state`, what is being written."""
    found = read(conversation, query)
    if found.state != state:
        return found
    return TranscriptPage(found.page, [entry for entry in found.entries if entry.is_live], state)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _entry(message: Message, outline: Outline, *, whole: bool) -> Entry:
    siblings = outline.versions[message.parent_id]
    number = outline.numbers[message.pk]
    above = outline.ids[number - 2] if number > 1 else None
    entry = Entry(
        message,
        number,
        version=siblings.index(message.pk) + 1,
        versions=[(outline.numbers[pk], pk) for pk in siblings] if len(siblings) > 1 else [],
        is_shown=message.pk in outline.shown,
        whole=whole,
        calls=[_call(generation, outline) for generation in message.generations.all()],
        content=message.content,
        thinking=message.thinking,
    )
    if message.parent_id and message.parent_id != above:
        entry.answers = outline.numbers[message.parent_id], message.parent_id
    _add_what_is_being_written(entry)
    return entry


def _call(generation: Generation, outline: Outline) -> Call:
    start = generation.history_start_id
    return Call(generation, (outline.numbers[start], start) if start in outline.numbers else None)


def _add_what_is_being_written(entry: Entry) -> None:
    for call in entry.calls:
        if call.generation.is_live:
            entry.content, entry.thinking = text_so_far(call.generation)
            entry.message.html = ""
