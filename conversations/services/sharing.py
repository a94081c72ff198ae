"""Sharing a conversation by a link: made, brought up to date, ended."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from conversations.models import Conversation, Generation, SharedLink, User

from .conversations import owned
from .errors import Refused


def share(user: User, conversation: UUID) -> SharedLink:
    """Let everybody with the link read what is shown now; a link that is there keeps its address. Raises Refused."""
    with transaction.atomic():
        found = owned(user, conversation)
        if Generation.objects.live().filter(conversation=found).exists():
            raise Refused("busy")
        leaf = found.shown_leaf
        if leaf is None:
            raise Refused("empty")
        shown = {
            "leaf": leaf,
            "leaf_length": len(leaf.content),
            "title": found.title,
            "shared_at": timezone.now(),
        }
        link, _made = SharedLink.objects.update_or_create(conversation=found, defaults=shown)
    return link


def end(user: User, conversation: UUID) -> None:
    """End the sharing; the address leads nowhere from now on. Raises Refused."""
    SharedLink.objects.filter(conversation=owned(user, conversation)).delete()


def of_conversation(found: Conversation) -> SharedLink | None:
    """Return a conversation's link, None where it is not shared."""
    return SharedLink.objects.filter(conversation=found).first()


def is_behind(link: SharedLink, found: Conversation) -> bool:
    """Return whether the conversation shows something else by now than its link does."""
    if (link.leaf_id, link.title) != (found.shown_leaf_id, found.title):
        return True
    return len(link.leaf.content) != link.leaf_length
