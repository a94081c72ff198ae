"""Who of the staff may read people's words, and what is kept of it when somebody does."""

from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db.models import Q
from django.utils import timezone

from conversations.models import Access, Conversation, User

_PERMISSION = "view_message"
_BATCH = 500
_ONE_READING = timedelta(hours=1)


def may_read(user: User | AnonymousUser) -> bool:
    """Return whether `user` may read what others say: staff with the permission, and among MESSAGE_READERS if set."""
    return (
        user.is_staff
        and user.has_perm(f"conversations.{_PERMISSION}")
        and (settings.MESSAGE_READERS is None or user.get_username() in settings.MESSAGE_READERS)
    )


def readers() -> list[User]:
    """Return all who may read what others say, in the order of their names."""
    app = {"content_type__app_label": "conversations", "codename": _PERMISSION}
    granted = Q(**{f"user_permissions__{name}": value for name, value in app.items()})
    by_group = Q(**{f"groups__permissions__{name}": value for name, value in app.items()})
    staff = User.objects.filter(Q(is_superuser=True) | granted | by_group, is_staff=True, is_active=True)
    if settings.MESSAGE_READERS is not None:
        staff = staff.filter(username__in=settings.MESSAGE_READERS)
    return list(staff.distinct().order_by("username"))


def note(reader: User, kind: Access.Kind, conversations: Iterable[Conversation], detail: str = "") -> None:
    """Keep that `reader` is shown words of `conversations` (with their owners); of their own ones nothing is kept."""
    Access.objects.bulk_create(
        (
            Access(
                kind=kind,
                reader=reader,
                reader_name=reader.get_username(),
                owner=conversation.owner,
                owner_name=conversation.owner.get_username(),
                conversation=conversation.pk,
                detail=detail[:200],
            )
            for conversation in conversations
            if conversation.owner_id != reader.pk
        ),
        _BATCH,
    )


def note_more(reader: User, conversation: Conversation, kind: Access.Kind, detail: str = "") -> None:
    """Keep that `reader` is shown more of `conversation`; within an hour of its opening that is a part of it."""
    lately = timezone.now() - _ONE_READING
    opened = Access.objects.filter(reader=reader, conversation=conversation.pk, at__gt=lately)
    if not opened.filter(kind=Access.Kind.TRANSCRIPT).exists():
        note(reader, kind, [conversation], detail)


def forget(owner: User) -> None:
    """Delete what is kept of readings of somebody who has deleted the own account: it goes with everything else."""
    rows = Access.objects.filter(owner=owner)
    rows._raw_delete(rows.db)
