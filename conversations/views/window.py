"""What a page shows of a conversation: its end, a page on the way, or what stands around one of its messages."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from conversations.models import Conversation, Message

from .transcript import PAGE_SIZE, ShownMessage, history_start, page_before

_HALF = PAGE_SIZE // 2


@dataclass(frozen=True, slots=True)
class Window:
    """Messages that follow each other on one branch, oldest first.

    `at` is the message that was asked for; `is_elsewhere` tells that it is not on the shown branch, `is_apart` that the
    messages do not end where the conversation does. There are more behind `later`, if it is given.
    """

    conversation: Conversation
    shown: Sequence[ShownMessage]
    later: UUID | None = None
    at: UUID | None = None
    is_elsewhere: bool = False

    @property
    def earlier(self) -> UUID | None:
        """The message before which there are more."""
        return self.shown[0].message.pk if self.shown and self.shown[0].message.parent_id else None

    @property
    def is_apart(self) -> bool:
        """Whether what is added to the conversation does not belong below the last of these messages."""
        return bool(self.shown) and self.shown[-1].message.pk != self.conversation.shown_leaf_id

    @property
    def history_start(self) -> UUID | None:
        """The message before which the model no longer sees anything."""
        return history_start(self.conversation, self.shown)


def at_end(conversation: Conversation) -> Window:
    """Return the last page."""
    return Window(conversation, page_before(conversation, conversation.shown_leaf_id))


def before(conversation: Conversation, message: Message) -> Window:
    """Return the page above a message of the conversation."""
    page = page_before(conversation, message.parent_id)
    return Window(conversation, page, later=page[-1].message.pk if page else None)


def after(conversation: Conversation, message: Message) -> Window:
    """Return the page below a message of the conversation."""
    way, is_elsewhere = _way_from(conversation, message, PAGE_SIZE + 2)
    following = way[1 : PAGE_SIZE + 1]
    page = page_before(conversation, following[-1], len(following)) if following else []
    later = following[-1] if len(way) > PAGE_SIZE + 1 else None
    return Window(conversation, page, later, is_elsewhere=is_elsewhere)


def around(conversation: Conversation, message: Message) -> Window:
    """Return what stands around a message of the conversation: its last page, where the message is on that."""
    way, is_elsewhere = _way_from(conversation, message, PAGE_SIZE + 1)
    if len(way) <= PAGE_SIZE:
        return Window(conversation, page_before(conversation, way[-1]), None, message.pk, is_elsewhere)
    later = way[_HALF]
    return Window(conversation, page_before(conversation, later), later, message.pk, is_elsewhere)


def _way_from(conversation: Conversation, message: Message, limit: int) -> tuple[list[UUID], bool]:
    """Return the ids from a message on: along the shown branch, else by the newest children, and which of the two."""
    way = Message.objects.from_on(message.pk, conversation.shown_leaf_id, limit)
    if way is not None:
        return way, False
    return Message.objects.newest_from(message.pk, limit), True
