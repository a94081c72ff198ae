"""The shown branch of a conversation as it is told to readers: who says what, and when."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext

from conversations import outcomes
from conversations.models import Attachment, Conversation, Generation, Message, User
from conversations.rendering import stored, with_formulas
from conversations.rendering.characters import clean
from conversations.services import generations
from conversations.text import language_of

BATCH = 200


@dataclass(frozen=True, slots=True)
class Told:
    """A message, in the words and the time of whoever reads it."""

    message: Message
    who: str
    when: str
    call: Generation | None

    @property
    def is_question(self) -> bool:
        """Whether the person says it."""
        return self.message.role == Message.Role.USER

    @property
    def text(self) -> str:
        """What is said, without characters that are not seen."""
        if self.call and self.call.is_live:
            return clean(generations.text_so_far(self.call)[0])
        return clean(self.message.content)

    @property
    def html(self) -> str:
        """The answer, drawn for a page without modules."""
        return with_formulas(stored(self.message.html))

    @property
    def lang(self) -> str:
        """The language tag of the text."""
        return language_of(self.message.content)

    @property
    def thinking(self) -> str:
        """What the model thought."""
        return clean(self.message.thinking)

    @property
    def sentence(self) -> str:
        """How the answer ended, in words; empty where there is nothing to say."""
        if self.call is None:
            return ""
        if self.call.is_live:
            return gettext("This answer is still being written.")
        code = outcomes.code(self.call, self.message.content, self.message.thinking)
        return outcomes.sentence(code, self.call.model, outcomes.excerpt(self.call.error_detail))

    @property
    def files(self) -> list[Attachment]:
        """What is attached."""
        return list(self.message.attachments.all())


def branch(found: Conversation) -> Iterator[list[Told]]:
    """Yield the shown branch, oldest first, so many messages at a time."""
    rows = found.messages.with_generations()
    for part in rows.branch_by_parts(found.shown_leaf_id, BATCH):
        yield [_told(message, found.owner) for message in part]


def moment(at: datetime) -> str:
    """Return a time as people write it."""
    return date_format(timezone.localtime(at), "DATETIME_FORMAT")


def _told(message: Message, owner: User) -> Told:
    calls = list(message.generations.all())
    call = calls[-1] if calls else None
    is_question = message.role == Message.Role.USER
    who = owner.get_full_name() if is_question else call.model if call else gettext("Answer")
    return Told(message, who, moment(message.created_at), call)
