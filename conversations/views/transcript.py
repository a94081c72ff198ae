"""Messages as a page shows them: with their versions, and how each answer ended."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import msgspec
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from conversations import describe, outcomes
from conversations.models import Attachment, Conversation, Generation, Message
from conversations.rendering import stored
from conversations.rendering.characters import clean
from conversations.text import language_of

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class ShownFile:
    """A file of a question, and where it is for whoever looks at it."""

    row: Attachment
    address: str


@dataclass(frozen=True, slots=True)
class ShownMessage:
    """One message with what `conversations/_message.html` draws around it."""

    message: Message
    siblings: Sequence[UUID] = field(default_factory=list)
    generation: Generation | None = None
    # What an administrator is shown lies elsewhere.
    files: Sequence[ShownFile] | None = None

    @property
    def attached(self) -> list[ShownFile]:
        """The files of a question."""
        if self.files is not None:
            return list(self.files)
        rows = self.message.attachments.all() if self.message.pk else []
        return [ShownFile(row, reverse("attachment", args=[row.pk])) for row in rows]

    @property
    def lang(self) -> str:
        """The language tag of the text."""
        return language_of(self.message.content)

    @property
    def thinking(self) -> str:
        """What the model thought, as a page may show it."""
        return clean(self.message.thinking)

    @property
    def thinking_lang(self) -> str:
        """The language tag of the thoughts; models mostly think in English, whatever they answer in."""
        return language_of(self.message.thinking)

    @property
    def html(self) -> SafeString:
        """The answer's stored HTML."""
        return stored(self.message.html)

    @property
    def end(self) -> str:
        """The position behind the text, as the browser compares it."""
        return ",".join(str(offset) for offset in self.message.end)

    @property
    def version(self) -> int:
        """Which of its siblings the message is, counted from 1."""
        return self.siblings.index(self.message.pk) + 1 if self.message.pk in self.siblings else 1

    @property
    def status(self) -> str:
        """The status of the latest call for this answer."""
        return "running" if self.generation and self.generation.is_live else self._stored_status

    @property
    def _stored_status(self) -> str:
        return self.generation.status if self.generation else ""

    @property
    def thought(self) -> str:
        """For how long the model thought, in words; the browser's thoughts.js says the same."""
        milliseconds = self.message.thinking_ms
        if not milliseconds:
            return gettext("Thoughts")
        if milliseconds < 1000:
            return gettext("Thought for a moment")
        return gettext("Thought for {time}").format(
            time=gettext("{seconds} s").format(seconds=f"{milliseconds // 1000:,}")
        )

    @property
    def outcome(self) -> str:
        """How the answer ended, as a code."""
        if self.generation is None:
            return ""
        return outcomes.code(self.generation, self.message.content, self.message.thinking)

    @property
    def detail(self) -> str:
        """What Ollama said of a failure, for the sentence."""
        return outcomes.excerpt(self.generation.error_detail) if self.generation else ""

    @property
    def sentence(self) -> str:
        """How the answer ended, in words."""
        return outcomes.sentence(self.outcome, self.generation.model, self.detail) if self.generation else ""

    @property
    def repeat_penalty(self) -> str:
        """The higher one to ask again with, as the browser writes numbers; empty where none may help."""
        higher = outcomes.higher_penalty(self.generation) if self.generation else None
        return f"{higher:g}" if higher else ""

    @property
    def facts(self) -> str:
        """What the latest call took and was given, as JSON for the browser (names of `events.Stats`)."""
        call = self.generation
        if call is None or call.is_live:
            return ""
        facts = {
            **msgspec.structs.asdict(describe.stats(call, self.message.thinking_ms)),
            "omitted": call.omitted_messages or None,
            "options": call.options,
        }
        return json.dumps(
            {name: value for name, value in facts.items() if value is not None}, ensure_ascii=False
        )


def blank(role: str) -> ShownMessage:
    """Return a message without text, for the template that the browser clones."""
    return ShownMessage(Message(id=None, role=role))


def shown(messages: Sequence[Message]) -> list[ShownMessage]:
    """Return `messages` of one conversation with their siblings and calls, which must be prefetched."""
    siblings = Message.objects.siblings_of(messages)
    return [
        ShownMessage(message, siblings.get(message.parent_id, []), _latest(message)) for message in messages
    ]


def _latest(message: Message) -> Generation | None:
    calls = list(message.generations.all())
    return calls[-1] if calls else None


def page_before(conversation: Conversation, leaf: UUID | None, size: int = PAGE_SIZE) -> list[ShownMessage]:
    """Return the `size` messages that end with `leaf` (a message of this conversation), oldest first."""
    messages = Message.objects.filter(conversation=conversation).with_generations()
    return shown(messages.branch(leaf, size))


def history_start(conversation: Conversation, shown_now: Sequence[ShownMessage]) -> UUID | None:
    """Return the message before which the model no longer sees anything, None while it sees everything.

    Of the shown branch, whose end `shown_now` may hold, the newest answer counts that the model has begun.
    """
    if shown_now and shown_now[-1].message.pk == conversation.shown_leaf_id:
        calls = [one.generation for one in reversed(shown_now) if one.generation]
    else:
        ids = Message.objects.branch_ids(conversation.shown_leaf_id, PAGE_SIZE)
        latest = Generation.objects.latest_of(ids)
        calls = [latest[pk] for pk in reversed(ids) if pk in latest]
    begun = (call for call in calls if call.history_start_id or call.first_token_at)
    newest = next(begun, None)
    return newest.history_start_id if newest else None
