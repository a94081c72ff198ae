"""What a person's pages hear wherever they are open: through the channel layer, which may lose it.

Every page reads its list again when it comes to the front, so a lost event costs delay only.
"""

import logging
from uuid import UUID

from channels.layers import get_channel_layer

from . import describe, events
from .models import Conversation

logger = logging.getLogger(__name__)


def user_group(user: int) -> str:
    """Return the name of the group of one person's sockets."""
    return f"user.{user}"


async def conversation_updated(row: Conversation, *, running: bool) -> None:
    """Tell a conversation's owner that it changed. `row` must have its `shown_leaf` loaded."""
    await _to_user(row.owner_id, events.ConversationUpdated(describe.conversation(row, running=running)))


async def conversation_deleted(owner: int, conversation: UUID) -> None:
    """Tell a conversation's owner that it is gone."""
    await _to_user(owner, events.ConversationDeleted(conversation))


async def _to_user(user: int, event: events.Event) -> None:
    layer = get_channel_layer()
    if layer is None:
        return
    try:
        await layer.group_send(user_group(user), {"type": "user.event", "frame": event.frame()})
    except Exception:
        logger.warning("The channel layer took no event", exc_info=True)
