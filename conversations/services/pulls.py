"""What is kept of models on their way: begun once, brought up to date, ended once."""

import re
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from conversations.models import Pull, User
from conversations.ollama.client import PullStep
from conversations.rendering.characters import clean

from .errors import Refused

_PART = r"[A-Za-z0-9_][\w.-]*"
_NAME = re.compile(rf"{_PART}(?:[/:]{_PART})*", re.ASCII)
_MAX_NAME = 200
_MAX_ERROR = 2000


def begin(model: str, by: User) -> Pull:
    """Keep that a model is fetched. Raises Refused: bad_option for what is no name, busy while it is under way."""
    model = model.strip()
    if len(model) > _MAX_NAME or not _NAME.fullmatch(model):
        raise Refused("bad_option", detail=model[:_MAX_NAME], expected="internlm2:1.8b")
    try:
        with transaction.atomic():
            return Pull.objects.create(model=model, started_by=by)
    except IntegrityError:
        raise Refused("busy") from None


def note(pull: UUID, step: PullStep) -> bool:
    """Keep how far it has come; returns whether it is to go on."""
    values = {"step": clean(step.status)[:200], "completed": step.completed, "total": step.total}
    running = Pull.objects.filter(pk=pull, state=Pull.State.RUNNING)
    return bool(running.update(updated_at=timezone.now(), **values))


def heartbeats() -> dict[UUID, datetime | None]:
    """Return the last sign of life of everything that is on its way."""
    return dict(Pull.objects.filter(state=Pull.State.RUNNING).values_list("pk", "updated_at"))


def sweep(heartbeats: Mapping[UUID, datetime | None]) -> None:
    """End what has given no other sign of life: its process has gone."""
    for pull, heartbeat in heartbeats.items():
        silent = Pull.objects.filter(Q(updated_at=heartbeat), pk=pull, state=Pull.State.RUNNING)
        silent.update(state=Pull.State.FAILED)


def end(pull: UUID, state: Pull.State, error: str = "") -> bool:
    """End it; returns whether this call did."""
    running = Pull.objects.filter(pk=pull, state=Pull.State.RUNNING)
    return bool(running.update(state=state, error=error[:_MAX_ERROR], updated_at=timezone.now()))
