"""Which models a person may use, by the administrator's profiles."""

from collections import defaultdict
from dataclasses import dataclass, field

from conversations.models import ModelProfile, User


@dataclass(slots=True)
class _Rule:
    is_offered: bool = True
    groups: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Offer:
    """The rules by name, and the groups of the person they are applied to; None: to whom none applies."""

    rules: dict[str, _Rule]
    groups: frozenset[int] | None

    @property
    def is_limited(self) -> bool:
        """Whether there is anything that the person may not use."""
        return not all(map(self.has, self.rules))

    def has(self, model: str) -> bool:
        """Return whether the person may use a model: by the profile of its tag, or else by that of all its tags."""
        rule = self.rules.get(model) or self.rules.get(model.partition(":")[0])
        if rule is None or self.groups is None:
            return True
        return rule.is_offered and (not rule.groups or bool(rule.groups & self.groups))


def offer(user: User) -> Offer:
    """Return what `user` may use. Administrators may use all that is there."""
    rules: dict[str, _Rule] = defaultdict(_Rule)
    for name, is_offered, group in ModelProfile.objects.order_by().values_list(
        "name", "is_offered", "groups"
    ):
        rules[name].is_offered = is_offered
        if group is not None:
            rules[name].groups.add(group)
    if user.is_superuser:
        return Offer({}, None)
    is_by_group = any(rule.groups for rule in rules.values())
    groups = user.groups.values_list("pk", flat=True) if is_by_group else ()
    return Offer(dict(rules), frozenset(groups))
