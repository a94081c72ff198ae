"""What a person's pages hear wherever they are open: through the channel layer, which may lose it.

Every page reads its list again when it comes to the front, so a lost event costs delay only.
"""

import logging
from typing import Any
from uuid import UUID

from channels.layers import get_channel_layer

from . import describe, events
from .models import Conversation

logger = logging.getLogger(__name__)


def user_group(user: int) -> str:
    """Return the name of the group of one person's sockets."""
    return f"user.{user}"


async def join(user: int, channel: str) -> None:
    """Let a socket's channel hear what concerns its person."""
    await _ask_layer("group_add", user_group(user), channel)


async def leave(user: int, channel: str) -> None:
    """Undo `join`."""
    await _ask_layer("group_discard", user_group(user), channel)


async def conversation_updated(row: Conversation, *, running: bool) -> None:
    """Tell a conversation's owner that it changed. `row` must have its `shown_leaf` loaded."""
    await _to_user(row.owner_id, events.ConversationUpdated(describe.conversation(row, running=running)))


async def conversation_deleted(owner: int, conversation: UUID) -> None:
    """Tell a conversation's owner that it is gone."""
    await _to_user(owner, events.ConversationDeleted(conversation))


async def _to_user(user: int, event: events.Event) -> None:
    await _ask_layer("group_send", user_group(user), {"type": "user.event", "frame": event.frame()})


async def _ask_layer(verb: str, *args: Any) -> None:
    try:
        await getattr(get_channel_layer(), verb)(*args)
    except Exception:
        logger.warning("The channel layer did not %s", verb, exc_info=True)
