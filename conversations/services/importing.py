"""Archives that people bring: received in pieces, read in steps, each as long as a request may take.

What is still to be done stands in the row and in a file, so it survives a restart, and goes on when its person comes
back to the page. A conversation is taken whole or not at all, with the count of it, in one transaction.
"""

import logging
import threading
import time
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from conversations.attachments import names
from conversations.exports import reading
from conversations.exports.reading import Archive, UnreadableError
from conversations.models import Import, User

from . import bringing, presets
from .errors import Refused

logger = logging.getLogger(__name__)

MAX_GIB = 1
MAX_BYTES = MAX_GIB * 1024**3
# Of a piece of an archive, as it is sent; Django keeps no larger body in memory.
PIECE = 2 * 1024 * 1024
# What does not go on for so long is forgotten.
FORGOTTEN_AFTER = timedelta(days=1)
_STEP_SECONDS = 1.0
# A process that dies in a step leaves it to others after this.
_CLAIM = timedelta(seconds=60)
_MAX_TOLD = 300
# A conversation in memory takes several times its size: one is read at a time.
_reading = threading.Lock()


def path_of(pk: UUID) -> Path:
    """Return where an archive lies while it is received and read."""
    return Path(settings.DATA_DIR, "imports", f"{pk.hex}.zip")


def begin(user: User, name: str, size: int) -> Import:
    """Make room for an archive of `size` bytes; an earlier one that was not read to its end goes. Raises Refused."""
    if not 0 < size <= MAX_BYTES:
        raise Refused("archive_size", limit=MAX_GIB)
    for old in Import.objects.filter(owner=user, status__in=Import.OPEN):
        _forget(old)
    row = Import.objects.create(owner=user, name=names.clean(name) or "zip", size=size)
    path = path_of(row.pk)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.touch(mode=0o600)
    return row


def owned(user: User, pk: UUID) -> Import:
    """Return an import of the person. Raises Refused(not_found)."""
    row = Import.objects.filter(owner=user, owner__is_active=True, pk=pk).first()
    if row is None:
        raise Refused("not_found")
    return row


def receive(user: User, pk: UUID, offset: int, content: bytes) -> int:
    """Keep the next piece of an archive, and return how much of it is there. Raises Refused.

    A piece that does not follow the last one is not kept: the answer says where to go on.
    """
    row = owned(user, pk)
    path = path_of(pk)
    if row.status != Import.Status.RECEIVING or not path.exists():
        raise Refused("not_found")
    there = path.stat().st_size
    if offset != there or there + len(content) > row.size:
        return there
    with path.open("ab") as file:
        file.write(content)
    there += len(content)
    whole = {"status": Import.Status.RUNNING} if there == row.size else {}
    Import.objects.filter(pk=pk).update(moved_at=timezone.now(), **whole)
    return there


def received(row: Import) -> int:
    """Return how many bytes of an archive are there."""
    path = path_of(row.pk)
    return path.stat().st_size if path.exists() else 0


def step(user: User, pk: UUID) -> Import:
    """Read on for about a second, unless somebody does already. Raises Refused(not_found)."""
    row = owned(user, pk)
    if row.status != Import.Status.RUNNING or not _reading.acquire(blocking=False):
        return row
    try:
        if _claim(pk):
            _read_on(user, pk, time.monotonic() + _STEP_SECONDS)
    finally:
        _reading.release()
    return owned(user, pk)


def _claim(pk: UUID) -> bool:
    now = timezone.now()
    free = Q(claimed_until=None) | Q(claimed_until__lt=now)
    running = Import.objects.filter(free, pk=pk, status=Import.Status.RUNNING)
    return bool(running.update(claimed_until=now + _CLAIM, moved_at=now))


def _read_on(user: User, pk: UUID, until: float) -> None:
    row = Import.objects.get(pk=pk)
    try:
        with reading.opened(path_of(pk)) as archive:
            _begin_reading(user, row, archive)
            while row.position < row.total:
                _take_next(user, row, archive, until)
                if time.monotonic() >= until:
                    break
    except UnreadableError as error:
        _end(row, status=Import.Status.REFUSED, reason=error.code)
    except FileNotFoundError:
        _end(row, status=Import.Status.REFUSED, reason="gone")
    else:
        if row.position >= row.total:
            _end(row, status=Import.Status.DONE)
        else:
            Import.objects.filter(pk=pk).update(claimed_until=None)


def _begin_reading(user: User, row: Import, archive: Archive) -> None:
    if row.position or row.total:
        return
    row.total = len(archive.conversations)
    for name in archive.unknown:
        _note(row, name, str(UnreadableError("unknown")))
    _take_presets(user, row, archive)
    row.save(update_fields=["total", "not_taken", "not_taken_count"])


def _take_presets(user: User, row: Import, archive: Archive) -> None:
    """Take the presets of whose names there is none; those that are there stay as they are."""
    try:
        records = archive.presets()
    except UnreadableError as error:
        _note(row, reading.PRESETS, str(error))
        return
    for record in records:
        try:
            presets.make(user, bringing.preset_values(record))
        except Refused as refused:
            if refused.code != "name_taken":
                _note(row, record.name, str(refused))


def _take_next(user: User, row: Import, archive: Archive, until: float) -> None:
    """Take the next conversation, or a part of its files, and note in the row what became of it."""
    name = archive.conversations[row.position]
    try:
        brought = bringing.prepare(user, archive, name, lambda: time.monotonic() >= until)
        with transaction.atomic():
            _take(row, brought)
    except UnreadableError as error:
        _pass_over(row, name, error)
    except (DatabaseError, OSError):
        logger.exception("A conversation of import %s cannot be stored", row.pk)
        row.refresh_from_db()
        _pass_over(row, name, UnreadableError("failed"))


def _take(row: Import, brought: bringing.Brought) -> None:
    row.files_taken += brought.files
    if brought.is_whole:
        row.position += 1
        if brought.rows:
            brought.rows.write()
            row.conversations_taken += 1
            row.messages_taken += len(brought.rows.messages)
        else:
            row.conversations_there += 1
        for name, why in brought.refused:
            _note(row, name, why)
    row.save()


def _pass_over(row: Import, name: str, error: UnreadableError) -> None:
    row.position += 1
    _note(row, name, str(error))
    row.save()


def _note(row: Import, name: str, why: str) -> None:
    row.not_taken_count += 1
    if len(row.not_taken) < _MAX_TOLD:
        row.not_taken.append([names.clean(name), why])


def _end(row: Import, *, status: Import.Status, reason: str = "") -> None:
    Import.objects.filter(pk=row.pk).update(
        status=status, reason=reason, claimed_until=None, moved_at=timezone.now()
    )
    path_of(row.pk).unlink(missing_ok=True)


def _forget(row: Import) -> None:
    path_of(row.pk).unlink(missing_ok=True)
    row.delete()


def why(row: Import) -> str:
    """Return why an archive was refused as a whole, in the active language."""
    return str(UnreadableError(row.reason)) if row.reason else ""


def forget_old() -> None:
    """Give up what has not gone on for a day, and say so where its person looks for it."""
    old = Import.objects.filter(status__in=Import.OPEN, moved_at__lt=timezone.now() - FORGOTTEN_AFTER)
    for row in old:
        _end(row, status=Import.Status.REFUSED, reason="gone")
