"""What a person does with conversations as a whole."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core import signing
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from conversations.models import Conversation, Generation, User
from conversations.search import index

from . import options as model_options
from .errors import Refused

_SALT = "conversations.new"
MAX_TITLE = 200
_TITLE_FROM_TEXT = 80
MAX_SYSTEM = 16_000


def sign_new(user: User, conversation: UUID) -> str:
    """Return the signature with which `user` may create `conversation` by its first message."""
    return signing.Signer(salt=_SALT).signature(f"{user.pk}:{conversation}")


def may_create(user: User, conversation: UUID, signature: str) -> bool:
    """Return whether `signature` is the one of `sign_new`."""
    signer = signing.Signer(salt=_SALT)
    try:
        signer.unsign(f"{user.pk}:{conversation}:{signature}")
    except signing.BadSignature:
        return False
    return True


def owned(user: User, conversation: UUID) -> Conversation:
    """Return the conversation. Raises Refused(not_found) where it is missing, deleted or someone else's."""
    found = Conversation.objects.for_user(user).filter(pk=conversation).first()
    if found is None:
        raise Refused("not_found")
    return found


def clean_text(text: str) -> str:
    """Return the text without NUL characters (PostgreSQL cannot keep them) and surrounding blank lines."""
    return text.replace("\x00", "\ufffd").strip("\n\r\t ")


def title_from(text: str, most: int = _TITLE_FROM_TEXT) -> str:
    """Return a conversation's first title: the first line of its first message, cut at a word."""
    line = " ".join(text.split("\n", 1)[0].split())
    if len(line) <= most:
        return line
    cut = line[:most]
    return (cut.rsplit(" ", 1)[0] if " " in cut[40:] else cut) + "…"


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a person set in the panel for this conversation; None leaves it as it is."""

    model: str | None = None
    options: dict[str, Any] | None = None
    system: str | None = None
    think: bool | str | None = None


def apply_settings(conversation: Conversation, chosen: Chosen) -> None:
    """Set what was chosen, without saving. Raises Refused."""
    if chosen.options is not None:
        conversation.options = model_options.validate(chosen.options)
    if chosen.system is not None:
        system = clean_text(chosen.system)
        if len(system) > MAX_SYSTEM:
            raise Refused("too_long", limit=MAX_SYSTEM)
        conversation.system_prompt = system
    if chosen.model is not None:
        conversation.model = chosen.model
    if chosen.think is not None:
        conversation.think = think_word(chosen.think)


def think_word(think: bool | str) -> str:
    """Return how a choice of thinking is kept: on, off, or Ollama's level. Raises Refused(bad_option)."""
    if isinstance(think, bool):
        return "on" if think else "off"
    if think not in {"", "on", "off", "low", "medium", "high", "max"}:
        expected = _("true, false, low, medium, high or max")
        raise Refused("bad_option", detail="think", expected=expected)
    return think


@transaction.atomic
def rename(user: User, conversation: UUID, title: str) -> Conversation:
    """Give the conversation another title. Raises Refused."""
    title = " ".join(clean_text(title).split())
    if not title:
        raise Refused("empty")
    if len(title) > MAX_TITLE:
        raise Refused("too_long", limit=MAX_TITLE)
    found = owned(user, conversation)
    found.title = title
    found.save(update_fields=["title"])
    index.put(index.title_entry(found))
    return found


def pin(user: User, conversation: UUID) -> Conversation:
    """Keep the conversation at the top of the list. Raises Refused."""
    return _changed(user, conversation, pinned=True)


def unpin(user: User, conversation: UUID) -> Conversation:
    """Undo `pin`. Raises Refused."""
    return _changed(user, conversation, pinned=False)


def archive(user: User, conversation: UUID) -> Conversation:
    """Take the conversation out of the list; asking in it brings it back. Raises Refused."""
    Conversation.objects.for_user(user).filter(pk=conversation, archived_at=None).update(
        archived_at=timezone.now()
    )
    return owned(user, conversation)


def unarchive(user: User, conversation: UUID) -> Conversation:
    """Undo `archive`. Raises Refused."""
    return _changed(user, conversation, archived_at=None)


def _changed(user: User, conversation: UUID, **columns: Any) -> Conversation:
    """Set columns and nothing else: whoever asks at the same moment writes others."""
    Conversation.objects.for_user(user).filter(pk=conversation).update(**columns)
    return owned(user, conversation)


@transaction.atomic
def delete(user: User, conversation: UUID) -> list[UUID]:
    """Hide the conversation and return its live generations, for the runner to stop. Raises Refused."""
    found = owned(user, conversation)
    live = Generation.objects.live().filter(conversation=found)
    # In the order in which an answer's end writes both.
    live.filter(stop_requested_at=None).update(stop_requested_at=timezone.now(), stop_requested_by=user)
    found.deleted_at = timezone.now()
    found.save(update_fields=["deleted_at"])
    return list(live.values_list("pk", flat=True))


def restore(user: User, conversation: UUID) -> Conversation:
    """Undo `delete`. Raises Refused."""
    rows = Conversation.objects.filter(pk=conversation, owner=user).exclude(deleted_at=None)
    if not rows.update(deleted_at=None):
        raise Refused("not_found")
    return owned(user, conversation)
