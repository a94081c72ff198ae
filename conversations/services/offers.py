"""Which models a person may use and how they start, by the administrator's profiles.

A profile is named by a model's tag, or by its family, which stands for all of its tags.
"""

from dataclasses import dataclass, field
from typing import Any

from conversations.models import ModelProfile, User


@dataclass(slots=True)
class _Rule:
    options: dict[str, Any]
    system_prompt: str
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

    def defaults(self, model: str) -> dict[str, Any]:
        """Return the options that `model` starts with: those of its family, and above them those of its tag."""
        return {name: value for rule in self._of(model) for name, value in rule.options.items()}

    def system_prompt(self, model: str) -> str:
        """Return the system prompt that `model` starts with: that of its tag, or that of its family."""
        return next((rule.system_prompt for rule in reversed(self._of(model)) if rule.system_prompt), "")

    def _of(self, model: str) -> list[_Rule]:
        """Return the rules for a model, that of its family before that of its tag."""
        names = dict.fromkeys((model.partition(":")[0], model))
        return [self.rules[name] for name in names if name in self.rules]

    def has(self, model: str) -> bool:
        """Return whether the person may use a model: by the profile of its tag, or else by that of all its tags."""
        rules = self._of(model)
        if not rules or self.groups is None:
            return True
        rule = rules[-1]
        return rule.is_offered and (not rule.groups or bool(rule.groups & self.groups))


def offer(user: User) -> Offer:
    """Return what `user` may use. Administrators may use all that is there."""
    rules: dict[str, _Rule] = {}
    columns = "name", "options", "system_prompt", "is_offered", "groups"
    for name, *what, group in ModelProfile.objects.order_by().values_list(*columns):
        rule = rules.setdefault(name, _Rule(*what))
        if group is not None:
            rule.groups.add(group)
    if user.is_superuser:
        return Offer(rules, None)
    is_by_group = any(rule.groups for rule in rules.values())
    groups = user.groups.values_list("pk", flat=True) if is_by_group else ()
    return Offer(rules, frozenset(groups))
