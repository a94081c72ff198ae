"""What the search goes through."""

from django.db import models
from django.db.models import Q

from .conversations import Conversation, Message
from .people import User


class SearchEntry(models.Model):
    """What a message, or a conversation's title, is found by.

    The database's own index stands on `tokens` (migration 0010), and hands rows out in the order of their keys. So the
    key is the moment of the words in milliseconds since 1970, or the next that is free (`search/index.py`).
    """

    # Given, not counted; this kind makes it SQLite's own key of a row, which costs no index beside the table.
    id = models.BigAutoField(primary_key=True)
    owner = models.ForeignKey(User, models.CASCADE, related_name="+", db_index=False)
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="search_entries")
    message = models.OneToOneField(
        Message, models.CASCADE, null=True, blank=True, related_name="search_entry"
    )
    tokens = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["conversation"], condition=Q(message=None), name="one_search_entry_per_title"
            ),
        ]
        indexes = [
            # The newest of one person's: words that many of them have are found among these.
            models.Index(fields=["owner", "-id"], name="search_entry_newest"),
            # And of their titles, of which the newest of all hold few.
            models.Index(fields=["owner", "-id"], condition=Q(message=None), name="search_title_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.owner_id}@{self.pk}"
