"""Retention: what nobody has touched for long goes, conversation by conversation."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from conversations.models import Conversation, Generation, Message

from . import leaving


@dataclass(frozen=True, slots=True)
class Old:
    """What a purge takes away: counted beforehand."""

    conversations: int
    people: int
    messages: int


def old(before: datetime, *, only_deleted: bool = False) -> QuerySet[Conversation]:
    """Return conversations without any activity since `before`, or of them only those that their owners deleted."""
    live = Generation.objects.live().filter(conversation=OuterRef("pk"))
    rows = Conversation.objects.filter(updated_at__lt=before).exclude(Exists(live))
    return rows.filter(deleted_at__isnull=False) if only_deleted else rows


def count(rows: QuerySet[Conversation]) -> Old:
    """Return how much that is."""
    return Old(
        rows.count(),
        rows.order_by().values("owner").distinct().count(),
        Message.objects.filter(conversation__in=rows.values("pk")).count(),
    )


def purge(rows: QuerySet[Conversation], progress: Callable[[int], None]) -> int:
    """Delete them in short transactions, each told to `progress`, and return how many went.

    Files that belong to nothing else go with the hourly cleaning of the running site.
    """
    gone = 0
    for pk in list(rows.values_list("pk", flat=True)):
        # Since the list was made it may have been used again.
        if not rows.filter(pk=pk).exists():
            continue
        while Conversation.objects.filter(pk=pk).exists():
            leaving.forget_a_part(pk)
        gone += 1
        progress(gone)
    return gone
