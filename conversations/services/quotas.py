"""How much a person may ask today, and how much of it is left. Days are those of the site's time zone."""

from dataclasses import dataclass
from datetime import datetime, time

from django.db.models import Count, F, Q, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from conversations.models import Generation, Quota, User

from .errors import Refused

# From here on a page tells how much is left.
_FEW_SHARE = 0.2


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
    zone = timezone.get_default_timezone()
    midnight = datetime.combine(timezone.localdate(timezone=zone), time.min, zone)
    rows = Generation.objects.filter(requested_by=user, queued_at__gte=midnight)
    tokens = Coalesce(F("prompt_tokens"), 0) + Coalesce(F("output_tokens"), 0)
    used: dict[str, int] = rows.aggregate(messages=Count("pk"), tokens=Coalesce(Sum(tokens), 0))
    return used
