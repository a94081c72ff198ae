"""How much a person may ask today, and how much of it is left. Days are those of the site's time zone."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from conversations.models import Generation, Quota, Spent, User

from .errors import Refused

# From here on a page tells how much is left.
_FEW_SHARE = 0.2
_TOKENS = Coalesce(F("prompt_tokens"), 0) + Coalesce(F("output_tokens"), 0)


@dataclass(frozen=True, slots=True)
class Share:
    """A limit of the day and what is used of it."""

    limit: int
    used: int

    @property
    def left(self) -> int:
        """What is left."""
        return max(0, self.limit - self.used)

    @property
    def is_little(self) -> bool:
        """Whether it is time to tell."""
        return self.left <= self.limit * _FEW_SHARE


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a person may ask today; None where there is no limit."""

    messages: Share | None = None
    tokens: Share | None = None

    @property
    def shares(self) -> list[Share]:
        """The limits that there are."""
        return [share for share in (self.messages, self.tokens) if share]

    @property
    def is_little(self) -> bool:
        """Whether little is left of one of them."""
        return any(share.is_little for share in self.shares)

    @property
    def is_spent(self) -> bool:
        """Whether nothing is left of one of them."""
        return any(not share.left for share in self.shares)


def allowance(user: User) -> Allowance:
    """Return what `user` may still ask today."""
    messages, tokens = _limits(user)
    if messages is None and tokens is None:
        return Allowance()
    used = _used(user)
    return Allowance(
        None if messages is None else Share(messages, used["messages"]),
        None if tokens is None else Share(tokens, used["tokens"]),
    )


def refuse_if_spent(user: User) -> None:
    """Raise Refused(quota) where `user` may ask no more today."""
    if allowance(user).is_spent:
        raise Refused("quota")


def _limits(user: User) -> tuple[int | None, int | None]:
    """Return messages and tokens a day: the person's own, or the most generous of their groups', or everybody's."""
    mine = Q(person=user) | Q(group__user=user) | Q(person=None, group=None)
    found = list(Quota.objects.filter(mine))
    for some in (
        [quota for quota in found if quota.person_id],
        [quota for quota in found if quota.group_id],
        found,
    ):
        if some:
            return _most([quota.messages for quota in some]), _most([quota.tokens for quota in some])
    return None, None


def _most(limits: list[int | None]) -> int | None:
    numbers = [limit for limit in limits if limit is not None]
    return max(numbers) if len(numbers) == len(limits) else None


def _used(user: User) -> dict[str, int]:
    rows = _asked_today(user)
    used: dict[str, int] = rows.aggregate(messages=Count("pk"), tokens=Coalesce(Sum(_TOKENS), 0))
    for spent in Spent.objects.filter(person=user, day=_today()):
        used["messages"] += spent.messages
        used["tokens"] += spent.tokens
    return used


def keep_deleted(user: User, conversation: UUID, messages: Collection[UUID]) -> None:
    """Keep what the calls for `messages` came to today, before these are deleted with them."""
    rows = _asked_today(user).filter(conversation=conversation).values_list("message", _TOKENS)
    tokens = [number for message, number in rows if message in messages]
    if tokens:
        spent, _is_new = Spent.objects.get_or_create(person=user, day=_today())
        Spent.objects.filter(pk=spent.pk).update(
            messages=F("messages") + len(tokens), tokens=F("tokens") + sum(tokens)
        )


def _asked_today(user: User) -> QuerySet[Generation]:
    zone = timezone.get_default_timezone()
    midnight = datetime.combine(_today(), time.min, zone)
    return Generation.objects.of_this_site().filter(requested_by=user, queued_at__gte=midnight)


def _today() -> date:
    return timezone.localdate(timezone=timezone.get_default_timezone())
