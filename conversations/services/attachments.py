"""What is done with the files that people send along with questions: taken in, attached, forgotten."""

import logging
import threading
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import IO
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Count, Sum
from django.utils import timezone
from django.utils.translation import gettext

from conversations.attachments import files, names, pictures, texts
from conversations.models import Attachment, User

from .errors import Refused

logger = logging.getLogger(__name__)

MAX_MIB = 10
# Of a file as it is sent.
MAX_BYTES = MAX_MIB * 1024 * 1024
MAX_PER_MESSAGE = 8
# Of a picture as it is kept.
MAX_PICTURE_BYTES = pictures.MAX_BYTES
# What one person may send in a day, whether it is asked about or not.
_DAY = timedelta(days=1)
_PER_DAY = 200
_BYTES_PER_DAY = 500 * 1024 * 1024
FORGOTTEN_AFTER = timedelta(days=1)
# Files of one person that are being read: as many as there are threads would keep everybody from the site's pages.
_AT_ONCE = 2
_under_way: Counter[int] = Counter()
_counting = threading.Lock()


def take(user: User, name: str, file: IO[bytes], size: int) -> Attachment:
    """Keep a picture or a text file of `size` bytes, which is attached to nothing yet. Raises Refused.

    What it is, its bytes tell; its name and what a browser calls it do not count.
    """
    if size > MAX_BYTES:
        raise Refused("file_too_large", limit=MAX_MIB)
    if not size:
        raise Refused("file_empty")
    with _few_at_once(user.pk):
        _refuse_more_than_a_day_takes(user)
        row, content = _picture(file) or _text(file)
    _keep(row, content, user, uuid4(), name)
    return row


def take_back(user: User, pk: UUID, name: str, file: IO[bytes], size: int) -> Attachment:
    """Keep a file that was carried away from a site like this one, under the id `pk`, which is free. Raises Refused.

    It is looked at like any other, but does not count for the day.
    """
    if size > MAX_BYTES:
        raise Refused("file_too_large", limit=MAX_MIB)
    if not size:
        raise Refused("file_empty")
    row, content = _picture(file, keeps_own=True) or _text(file)
    _keep(row, content, user, pk, name)
    return row


def _keep(row: Attachment, content: bytes, user: User, pk: UUID, name: str) -> None:
    row.id, row.owner, row.size = pk, user, len(content)
    row.name = names.clean(name) or _nameless(row)
    # First, so that there is no row without its file.
    files.write(row.pk, row.media_type, content)
    row.save(force_insert=True)


@contextmanager
def _few_at_once(user: int) -> Iterator[None]:
    """Leave the other threads of the process to other people. Raises Refused(rate)."""
    with _counting:
        if _under_way[user] >= _AT_ONCE:
            raise Refused("rate")
        _under_way[user] += 1
    try:
        yield
    finally:
        with _counting:
            _under_way[user] -= 1
            if not _under_way[user]:
                del _under_way[user]


def _nameless(row: Attachment) -> str:
    return gettext("picture") if row.kind == Attachment.Kind.IMAGE else gettext("text file")


def _refuse_more_than_a_day_takes(user: User) -> None:
    of_today = Attachment.objects.filter(owner=user, created_at__gt=timezone.now() - _DAY)
    sums = of_today.aggregate(count=Count("pk"), size=Sum("size"))
    if sums["count"] >= _PER_DAY or (sums["size"] or 0) >= _BYTES_PER_DAY:
        raise Refused("quota")


def _picture(file: IO[bytes], *, keeps_own: bool = False) -> tuple[Attachment, bytes] | None:
    try:
        picture = pictures.read(file, keeps_own=keeps_own)
    except pictures.HugePicture as error:
        raise Refused("picture_too_large", limit=error.limit // 1_000_000) from error
    except pictures.TooManyPictures as error:
        raise Refused("rate") from error
    except pictures.DamagedPicture as error:
        raise Refused("picture_damaged") from error
    if picture is None:
        return None
    content, media_type, width, height = picture
    row = Attachment(kind=Attachment.Kind.IMAGE, media_type=media_type, width=width, height=height)
    return row, content


def _text(file: IO[bytes]) -> tuple[Attachment, bytes]:
    file.seek(0)
    try:
        text = texts.read(file.read())
    except texts.LongText as error:
        raise Refused("file_too_long", limit=texts.MAX_CHARACTERS) from error
    if text is None:
        raise Refused("file_unknown")
    if not text.strip():
        raise Refused("file_empty")
    row = Attachment(kind=Attachment.Kind.TEXT, media_type=texts.MEDIA_TYPE, characters=len(text))
    return row, text.encode()


def chosen(user: User, attachments: Sequence[UUID]) -> list[Attachment]:
    """Return a person's own attachments, in their order. Raises Refused where one is missing or someone else's."""
    wanted = set(attachments)
    if len(wanted) > MAX_PER_MESSAGE:
        raise Refused("too_many_files", limit=MAX_PER_MESSAGE)
    if not wanted:
        return []
    found = list(Attachment.objects.filter(owner=user, pk__in=wanted))
    if len(found) < len(wanted):
        raise Refused("no_file")
    return found


def by_message(messages: Collection[UUID]) -> dict[UUID, list[Attachment]]:
    """Return what is attached to each of these messages, as far as anything is."""
    if not messages:
        return {}
    rows = Attachment.messages.through.objects.filter(message__in=messages).select_related("attachment")
    found: dict[UUID, list[Attachment]] = {}
    for row in rows.order_by("attachment__created_at", "attachment"):
        found.setdefault(row.message_id, []).append(row.attachment)
    return found


def content(row: Attachment) -> bytes | None:
    """Return the bytes of an attachment, None where they are gone, of which the log tells."""
    try:
        return files.read(row.pk, row.media_type)
    except OSError as error:
        logger.warning("The file of attachment %s cannot be read: %s", row.pk, error.strerror)
        return None


# --- Forgetting


@transaction.atomic
def forget_unsent() -> list[Path]:
    """Delete the rows of what has not been sent for a day, or was sent with messages that are deleted.

    Returns the files that may go now.
    """
    old = Attachment.objects.filter(messages=None, created_at__lt=timezone.now() - FORGOTTEN_AFTER)
    # A question may be taking one of them along at this moment: what it has taken is seen once they are held.
    held = [row.pk for row in old.select_for_update(of=("self",))]
    rows = list(old.filter(pk__in=held))
    Attachment.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return [files.path_of(row.pk, row.media_type) for row in rows]


def forget_with(user: User) -> None:
    """Remove a person's files once the transaction that deletes their rows is committed."""
    paths = [files.path_of(row.pk, row.media_type) for row in user.attachments.all()]
    transaction.on_commit(partial(files.remove, paths))
