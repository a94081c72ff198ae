"""Which models a person may use, by the administrator's profiles."""

from dataclasses import dataclass, field
from typing import Any

from conversations.models import ModelProfile, User


@dataclass(slots=True)
class _Rule:
    options: dict[str, Any]
    is_offered: bool
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

    def options(self) -> dict[str, dict[str, Any]]:
        """Return how the models that the person may use start, by the names of their profiles."""
        return {name: rule.options for name, rule in self.rules.items() if self.has(name)}

    def has(self, model: str) -> bool:
        """Return whether the person may use a model: by the profile of its tag, or else by that of all its tags."""
        rule = self.rules.get(model) or self.rules.get(model.partition(":")[0])
        if rule is None or self.groups is None:
            return True
        return rule.is_offered and (not rule.groups or bool(rule.groups & self.groups))


def offer(user: User) -> Offer:
    """Return what `user` may use. Administrators may use all that is there."""
    rules: dict[str, _Rule] = {}
    columns = "name", "options", "is_offered", "groups"
    for name, options, is_offered, group in ModelProfile.objects.order_by().values_list(*columns):
        rule = rules.setdefault(name, _Rule(options, is_offered))
        if group is not None:
            rule.groups.add(group)
    if user.is_superuser:
        return Offer(rules, None)
    is_by_group = any(rule.groups for rule in rules.values())
    groups = user.groups.values_list("pk", flat=True) if is_by_group else ()
    return Offer(rules, frozenset(groups))
