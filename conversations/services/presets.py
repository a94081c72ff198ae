"""What a person does with presets: keep, change, delete, and have new conversations begin with one."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from conversations.models import Preset, User

from .errors import Refused

MAX_PRESETS = 50


@dataclass(frozen=True, slots=True)
class Values:
    """What a preset holds, checked."""

    name: str
    model: str = ""
    system_prompt: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    think: str = ""

    def put_into(self, preset: Preset) -> None:
        """Set them, without saving."""
        preset.name, preset.model, preset.think = self.name, self.model, self.think
        preset.system_prompt, preset.options = self.system_prompt, self.options


def owned(user: User, preset: UUID) -> Preset:
    """Return a preset of the person's own. Raises Refused(not_found)."""
    found = Preset.objects.filter(owner=user, pk=preset).first()
    if found is None:
        raise Refused("not_found")
    return found


def make(user: User, values: Values) -> Preset:
    """Keep a new preset. Raises Refused(too_many_presets, name_taken)."""
    with transaction.atomic():
        # Of two at once the second waits here, and counts the first.
        User.objects.select_for_update().get(pk=user.pk)
        if user.presets.count() >= MAX_PRESETS:
            raise Refused("too_many_presets", limit=MAX_PRESETS)
        return _save(Preset(owner=user), values)


def change(user: User, preset: UUID, values: Values) -> Preset:
    """Give a preset other values; conversations keep what they have copied. Raises Refused(not_found, name_taken)."""
    return _save(owned(user, preset), values)


def _save(preset: Preset, values: Values) -> Preset:
    values.put_into(preset)
    try:
        with transaction.atomic():
            preset.save()
    except IntegrityError:
        raise Refused("name_taken") from None
    return preset


def delete(user: User, preset: UUID) -> None:
    """Delete a preset of the person's own. Raises Refused(not_found)."""
    owned(user, preset).delete()


def make_default(user: User, preset: UUID | None) -> None:
    """Have new conversations begin with that preset, a shared one too; None: with none. Raises Refused(not_found)."""
    if preset is not None and not Preset.objects.for_user(user).filter(pk=preset).exists():
        raise Refused("not_found")
    User.objects.filter(pk=user.pk).update(default_preset=preset)
