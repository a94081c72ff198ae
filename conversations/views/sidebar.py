"""The list of conversations: newest first, in groups of days as the person's calendar has them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import groupby
from uuid import UUID

from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from conversations.models import Conversation, User

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Group:
    """Conversations of one stretch of days, under its name."""

    label: str
    conversations: Sequence[Conversation]


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of the list; `next_page` is the conversation to go on behind, if there is more."""

    groups: Sequence[Group] = field(default_factory=list)
    next_page: UUID | None = None


def listing(user: User, before: UUID | None = None) -> Listing:
    """Return the conversations of `user`, those after `before` where it is given.

    Raises Conversation.DoesNotExist for a `before` that is not the person's.
    """
    rows = Conversation.objects.for_user(user).listed().order_by("-updated_at", "-pk")
    if before:
        last = Conversation.objects.for_user(user).get(pk=before)
        rows = rows.filter(Q(updated_at__lt=last.updated_at) | Q(updated_at=last.updated_at, pk__lt=last.pk))
    page = list(rows.only("title", "updated_at", "owner")[: PAGE_SIZE + 1])
    more = len(page) > PAGE_SIZE
    page = page[:PAGE_SIZE]
    return Listing(list(_grouped(page)), page[-1].pk if more else None)


def _grouped(conversations: Iterable[Conversation]) -> Iterable[Group]:
    today = timezone.localdate()

    def group_of(found: Conversation) -> str:
        return label(timezone.localdate(found.updated_at), today)

    for name, members in groupby(conversations, group_of):
        yield Group(name, list(members))


def label(day: date, today: date) -> str:
    """Return the name of the group that `day` belongs to."""
    if day >= today:
        return _("Today")
    if day == today - timedelta(days=1):
        return _("Yesterday")
    if day > today - timedelta(days=8):
        return _("Previous 7 days")
    if day > today - timedelta(days=31):
        return _("Previous 30 days")
    return date_format(day, "YEAR_MONTH_FORMAT")
