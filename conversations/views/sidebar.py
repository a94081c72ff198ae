"""The list of conversations: the pinned ones, then all others in groups of days as the person's calendar has them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import groupby

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from conversations.lists import Place, listed
from conversations.models import Conversation, User

PAGE_SIZE = 50
# A list that was scrolled is read again in one go, up to so many.
MAX_SIZE = 500

# About so many stand in one piece of a group.
_PIECE = 64


@dataclass(frozen=True, slots=True)
class Group:
    """Conversations of one stretch of days, or the pinned ones, under its name.

    In pieces, for the browser passes over those that are out of sight.
    """

    label: str
    pieces: Sequence[Sequence[Conversation]]


@dataclass(frozen=True, slots=True)
class Listing:
    """A part of the list; `next_page` is the place to go on behind, if there is more."""

    groups: Sequence[Group] = field(default_factory=list)
    next_page: Place | None = None


@dataclass(frozen=True, slots=True)
class Archived:
    """A part of what is archived, as `Listing`."""

    conversations: Sequence[Conversation]
    next_page: Place | None = None


def listing(user: User, before: Place | None = None, size: int = PAGE_SIZE) -> Listing:
    """Return the first conversations of `user`, or those behind a place: `size` of them, within bounds."""
    size = max(PAGE_SIZE, min(size, MAX_SIZE))
    page, next_page = listed(user, before, size, "title", "pinned", "updated_at", "owner")
    return Listing(list(_grouped(page)), next_page)


def archived(user: User, before: Place | None = None) -> Archived:
    """Return the first conversations that `user` has archived, or those behind a place."""
    rows = Conversation.objects.for_user(user).archived()
    if before:
        rows = rows.behind("archived_at", before.at, before.pk)
    found = list(rows.only("title", "archived_at", "owner")[: PAGE_SIZE + 1])
    page = found[:PAGE_SIZE]
    last = page[-1] if len(found) > PAGE_SIZE else None
    return Archived(page, Place(False, last.archived_at, last.pk) if last and last.archived_at else None)


def _grouped(conversations: Iterable[Conversation]) -> Iterable[Group]:
    today = timezone.localdate()

    def group_of(found: Conversation) -> str:
        return _("Pinned") if found.pinned else label(timezone.localdate(found.updated_at), today)

    for name, members in groupby(conversations, group_of):
        yield Group(name, _pieces(members))


def _pieces(conversations: Iterable[Conversation]) -> list[list[Conversation]]:
    """Cut a list at ids, not at places: what comes on top changes only the piece that it comes into."""
    pieces: list[list[Conversation]] = [[]]
    for found in conversations:
        if pieces[-1] and found.pk.int % _PIECE == 0:
            pieces.append([])
        pieces[-1].append(found)
    return pieces


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
