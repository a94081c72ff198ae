"""What a new conversation starts with. It is copied there, so a later choice leaves old conversations as they are."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from conversations.models import Conversation, Preset, User

from . import offers
from .errors import Refused


@dataclass(frozen=True, slots=True)
class Start:
    """The settings of a new conversation, and the name of the preset that they come from.

    `gone` names the model that would answer in it if it were still there.
    """

    model: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    system: str = ""
    think: str = ""
    preset: str = ""
    gone: str = ""


def start(
    user: User, choose: Callable[[str], str], offer: Callable[[User], offers.Offer] = offers.offer
) -> Start:
    """Return what the person's next conversation starts with.

    `choose` names the model that answers where one is wanted, and raises Refused where that is not there.
    """
    preset = _preset(user) or Preset()
    wanted = [model for model in (preset.model, user.default_model) if model]
    there = [model for model in wanted if _is_there(model, choose)]
    return Start(
        model=there[0] if there else _own_default(user, choose, offer),
        options=preset.options,
        system=preset.system_prompt,
        think=preset.think,
        preset=preset.name,
        gone=wanted[0] if wanted and wanted[:1] != there[:1] else "",
    )


def _own_default(user: User, choose: Callable[[str], str], offer: Callable[[User], offers.Offer]) -> str:
    """Return the model that answers a person who may not use all of them; "" for the site's, as for everybody else."""
    if not offer(user).is_limited:
        return ""
    try:
        return choose("")
    except Refused:
        return ""


def _preset(user: User) -> Preset | None:
    if user.default_preset_id is None:
        return None
    return Preset.objects.for_user(user).filter(pk=user.default_preset_id).first()


def _is_there(model: str, choose: Callable[[str], str]) -> bool:
    try:
        choose(model)
    except Refused:
        return False
    return True


def new_conversation(pk: UUID, owner: User, begin: Start) -> Conversation:
    """Return a conversation with these settings that is not stored yet."""
    return Conversation(
        pk=pk,
        owner=owner,
        model=begin.model,
        options=begin.options,
        system_prompt=begin.system,
        think=begin.think,
    )
