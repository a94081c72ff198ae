"""Filling the index with what was said before there was one (migration 0011)."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Coalesce

from conversations.models import SearchEntry

from . import index

_BATCH = 2000


def fill(get_model: Callable[[str, str], Any]) -> None:
    """Index all titles and messages, by the models of a migration: `get_model` is that of its apps."""
    conversation, message, generation = (
        get_model("conversations", name) for name in ("Conversation", "Message", "Generation")
    )
    _write(map(index.title_entry, conversation.objects.iterator(_BATCH)))
    calls = generation.objects.order_by("-queued_at").values("model")
    rows = message.objects.filter(content__gt="").annotate(
        owner=F("conversation__owner"),
        model=Coalesce(
            Subquery(calls.filter(message=OuterRef("pk"))[:1]),
            Subquery(calls.filter(message__parent=OuterRef("pk"))[:1]),
            F("conversation__model"),
        ),
    )
    _write(index.message_entry(row, row.owner, row.model) for row in rows.iterator(_BATCH))


def _write(entries: Iterator[SearchEntry]) -> None:
    while batch := list(islice(entries, _BATCH)):
        index.add(batch)
