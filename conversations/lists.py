"""A person's list of conversations, in pages: the pinned ones, then the others, each newest first."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self
from uuid import UUID

from .models import Conversation, User

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in a list; it stays where it is, whatever becomes of the conversation that stood there."""

    pinned: bool
    at: datetime
    pk: UUID

    def __str__(self) -> str:
        """Return it as an address holds it; the texts have the order of the places."""
        return f"{self.pinned:d}.{(self.at - _EPOCH) // _MICROSECOND:016d}.{self.pk}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return what `str` has written. Raises ValueError for anything else."""
        pinned, at, pk = text.split(".")
        if pinned not in {"0", "1"} or not (at.isascii() and at.isdecimal() and len(at) == 16):
            raise ValueError(text)
        return cls(pinned == "1", _EPOCH + int(at) * _MICROSECOND, UUID(pk))


def listed(
    user: User, before: Place | None, size: int, *columns: str
) -> tuple[list[Conversation], Place | None]:
    """Return the first `size` conversations of `user`, or those behind a place, and where to go on if there are more.

    `columns` are what of them is read; `pinned` and `updated_at` have to be among them.
    """
    found: list[Conversation] = []
    for pinned in (True, False):
        if before and before.pinned < pinned:
            continue
        rows = Conversation.objects.for_user(user).listed(pinned=pinned)
        if before and before.pinned == pinned:
            rows = rows.behind("updated_at", before.at, before.pk)
        found += rows.only(*columns)[: size + 1 - len(found)]
    page = found[:size]
    last = page[-1] if len(found) > size else None
    return page, Place(last.pinned, last.updated_at, last.pk) if last else None
