"""Deleting an account: at once nobody can use or find it, and what it had goes in short transactions after that.

An account may have so much that its deletion takes minutes, in which nobody else could write. So it is marked first, in
one transaction that logs it out everywhere, and whoever looks for marked ones goes on, after a restart too.
"""

import time
import uuid
from dataclasses import dataclass
from uuid import UUID

from allauth.account.models import EmailAddress
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from conversations.attachments import files
from conversations.models import (
    Attachment,
    Conversation,
    Generation,
    GenerationEvent,
    Import,
    Message,
    SharedLink,
    User,
)

from . import access, browser_sessions, importing
from .errors import Refused

_BATCH = 300


@dataclass(frozen=True, slots=True)
class Belongings:
    """How much of a person goes with the account."""

    conversations: int
    files: int
    shared_links: int


def belongings(user: User) -> Belongings:
    """Return what a person has, conversations that they have deleted included."""
    return Belongings(
        Conversation.objects.filter(owner=user).count(),
        Attachment.objects.filter(owner=user).count(),
        SharedLink.objects.filter(conversation__owner=user).count(),
    )


def is_last_administrator(user: User) -> bool:
    """Return whether nobody would be left to run the site."""
    others = User.objects.filter(is_superuser=True, is_active=True).exclude(pk=user.pk)
    return user.is_superuser and not others.exists()


def leave(user: User) -> list[UUID]:
    """Mark the account to be deleted, and return its live generations, for the runner to stop.

    Raises Refused(last_administrator). From now on it has no name, no address, no login and no token.
    """
    now = timezone.now()
    with transaction.atomic():
        # Two administrators who leave at once: the second one sees that the first has gone.
        ContentType.objects.select_for_update().get(app_label="conversations", model="user")
        if is_last_administrator(user):
            raise Refused("last_administrator")
        live = Generation.objects.live().filter(conversation__owner=user)
        live.filter(stop_requested_at=None).update(stop_requested_at=now)
        browser_sessions.end_all(user)
        SharedLink.objects.filter(conversation__owner=user).delete()
        user.api_tokens.all().delete()
        EmailAddress.objects.filter(user=user).delete()
        _take_name(user)
        return list(live.values_list("pk", flat=True))


def _take_name(user: User) -> None:
    name = user.username
    stopped = Generation.objects.filter(stop_requested_by=user).exclude(conversation__owner=user)
    GenerationEvent.objects.filter(generation__in=stopped, kind="stop_asked", detail=name).update(detail="")
    user.username, user.name, user.email = f"deleted-{uuid.uuid4().hex}", "", ""
    user.is_active = user.is_staff = user.is_superuser = False
    user.leaving_at = timezone.now()
    user.set_unusable_password()
    user.save()


def forget_some(seconds: float) -> bool:
    """Delete what marked accounts had, for about so long; returns whether something is left."""
    until = time.monotonic() + seconds
    for user in User.objects.exclude(leaving_at=None):
        left = Conversation.objects.filter(owner=user).values_list("pk", flat=True)
        while pk := left.first():
            forget_a_part(pk)
            if time.monotonic() >= until:
                return True
        _forget_rest(user)
    return False


def forget_a_part(pk: UUID) -> None:
    """Delete some messages of a conversation, or, with the last of them, itself: others want to write, too."""
    messages = Message.objects.filter(conversation=pk)
    some = list(messages.values_list("pk", flat=True)[:_BATCH])
    with transaction.atomic():
        # Django would descend from parent to child, as deep as they are.
        Message.objects.filter(parent__in=some).update(parent=None)
        Message.objects.filter(pk__in=some).delete()
        if len(some) < _BATCH:
            _entries_of(Conversation, pk).delete()
            Conversation.objects.filter(pk=pk).delete()


def _forget_rest(user: User) -> None:
    paths = [files.path_of(row.pk, row.media_type) for row in Attachment.objects.filter(owner=user)]
    paths += [importing.path_of(pk) for pk in Import.objects.filter(owner=user).values_list("pk", flat=True)]
    with transaction.atomic():
        _entries_of(User, user.pk).delete()
        access.forget(user)
        user.delete()
    # Behind the rows: whatever a row names is there.
    files.remove(paths)


def _entries_of(model: type[User] | type[Conversation], pk: object) -> QuerySet[LogEntry]:
    """Return what the administration noted about something: its titles and names stand in it."""
    return LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(model), object_id=str(pk))
