"""What a person does to the branches of a conversation: choose one, delete one, say what an answer was worth."""

from uuid import UUID

from django.db import transaction

from conversations.models import Conversation, Generation, Message, User

from . import quotas
from .conversations import clean_text, owned
from .errors import Refused

MAX_COMMENT = 2000
# So many at once keep a statement within what SQLite takes.
_BATCH = 500


@transaction.atomic
def select(user: User, conversation: UUID, message: UUID) -> Conversation:
    """Show the branch through `message`, down to its newest end. Raises Refused."""
    found = _held(user, conversation)
    _refuse_if_live(found)
    chosen = _message(found, message)
    found.shown_leaf = found.messages.get(pk=_newest_leaf(found, chosen.pk))
    found.save(update_fields=["shown_leaf"])
    return found


@transaction.atomic
def delete(user: User, conversation: UUID, message: UUID) -> Conversation:
    """Delete `message` and all that stands below it, and show what stands beside or above it. Raises Refused."""
    found = _held(user, conversation)
    _refuse_if_live(found)
    gone = _message(found, message)
    below = Message.objects.below(gone.pk)
    if found.shown_leaf_id in below:
        beside = (
            found.messages.filter(parent=gone.parent_id).exclude(pk=gone.pk).order_by("created_at").last()
        )
        leaf = _newest_leaf(found, beside.pk) if beside else gone.parent_id
        found.shown_leaf = found.messages.get(pk=leaf) if leaf else None
        found.save(update_fields=["shown_leaf"])
    quotas.keep_deleted(user, found.pk, set(below))
    _delete_upwards(below)
    return found


def rate(user: User, conversation: UUID, message: UUID, rating: int, comment: str) -> Message:
    """Keep what a person thinks of an answer. Raises Refused."""
    if rating not in Message.Rating:
        raise Refused("bad_option", detail="rating", expected="-1, 0, 1")
    comment = clean_text(comment)
    if len(comment) > MAX_COMMENT:
        raise Refused("too_long", limit=MAX_COMMENT)
    found = owned(user, conversation)
    answer = found.messages.filter(pk=message, role=Message.Role.ASSISTANT).first()
    if answer is None:
        raise Refused("not_found")
    answer.rating, answer.rating_comment = rating, comment
    answer.save(update_fields=["rating", "rating_comment"])
    return answer


def count_below(user: User, conversation: UUID, message: UUID) -> int:
    """Return how many messages `delete` would take. Raises Refused."""
    return len(Message.objects.below(_message(owned(user, conversation), message).pk))


def _delete_upwards(messages: list[UUID]) -> None:
    """Delete messages that come lowest first: Django would descend from parent to child, as deep as they are."""
    for start in range(0, len(messages), _BATCH):
        Message.objects.filter(pk__in=messages[start : start + _BATCH]).delete()


def _held(user: User, conversation: UUID) -> Conversation:
    """Return a conversation in which nobody begins an answer until the transaction ends. Raises Refused."""
    # What it shows is told where no database may be asked.
    rows = Conversation.objects.for_user(user).select_related("shown_leaf").select_for_update(of=("self",))
    found = rows.filter(pk=conversation).first()
    if found is None:
        raise Refused("not_found")
    return found


def _message(conversation: Conversation, message: UUID) -> Message:
    found = conversation.messages.filter(pk=message).first()
    if found is None:
        raise Refused("not_found")
    return found


def _refuse_if_live(conversation: Conversation) -> None:
    if Generation.objects.live().filter(conversation=conversation).exists():
        raise Refused("busy")


def _newest_leaf(conversation: Conversation, message: UUID) -> UUID:
    """Follow the newest child from `message` down."""
    newest: dict[UUID | None, UUID] = {}
    for pk, parent in conversation.messages.order_by("created_at", "pk").values_list("pk", "parent"):
        newest[parent] = pk
    while message in newest:
        message = newest[message]
    return message
