"""What a person's pages hear wherever they are open: in this process directly, in others through the channel layer.

Every page reads its list again when it comes to the front, so an event that the layer loses costs delay only.
"""

from typing import Protocol
from uuid import UUID

from . import describe, events
from .models import Conversation, Message
from .neighbours import neighbours


class Page(Protocol):
    """A socket of one person's page."""

    def user_event(self, frame: str) -> None:
        """Pass on an event for all of this person's pages."""


_pages: dict[int, set[Page]] = {}


def join(user: int, page: Page) -> None:
    """Let a page hear what concerns its person."""
    _pages.setdefault(user, set()).add(page)


def leave(user: int, page: Page) -> None:
    """Undo `join`."""
    pages = _pages.get(user, set())
    pages.discard(page)
    if not pages:
        _pages.pop(user, None)


async def conversation_updated(row: Conversation, *, running: bool) -> None:
    """Tell a conversation's owner that it changed. `row` must have its `shown_leaf` loaded."""
    _to_user(row.owner_id, events.ConversationUpdated(describe.conversation(row, running=running)))


async def conversation_deleted(owner: int, conversation: UUID) -> None:
    """Tell a conversation's owner that it is gone."""
    _to_user(owner, events.ConversationDeleted(conversation))


def message_rated(owner: int, row: Message) -> None:
    """Tell a conversation's owner what they said of an answer."""
    _to_user(owner, events.MessageRated(row.conversation_id, row.pk, row.rating, row.rating_comment))


def _to_user(user: int, event: events.Event) -> None:
    frame = event.frame()
    _tell_pages(user, frame)
    neighbours.tell("user", user=user, frame=frame)


def _tell_pages(user: int, frame: str) -> None:
    for page in tuple(_pages.get(user, ())):
        page.user_event(frame)


neighbours.on("user", _tell_pages)
