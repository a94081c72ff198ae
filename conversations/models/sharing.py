"""What a person lets everybody read who has a link."""

import secrets

from django.db import models
from django.utils import timezone

from conversations.querysets import SharedLinkQuerySet

from .conversations import Conversation, Message


def new_token() -> str:
    """Return 256 random bits as they stand in an address."""
    return secrets.token_urlsafe(32)


class SharedLink(models.Model):
    """A conversation's link, for as long as it is shared: the branch down to `leaf` as it was then.

    The token is kept as it is: its owner is to see it again, and whoever reads this table reads what it leads to.
    """

    conversation = models.OneToOneField(Conversation, models.CASCADE, related_name="shared_link")
    token = models.CharField(max_length=43, unique=True, default=new_token)
    title = models.CharField(max_length=200)
    # Gone with what it shows: a message that is deleted is not shared any more.
    leaf = models.ForeignKey(Message, models.CASCADE, related_name="+")
    # Characters of it: an answer may be continued.
    leaf_length = models.PositiveIntegerField()
    shared_at = models.DateTimeField(default=timezone.now)

    objects = SharedLinkQuerySet.as_manager()

    def __str__(self) -> str:
        return self.title
