"""Where the bytes of attachments lie: `DATA_DIR/attachments/<two digits>/<id>.<ending>`, readable by the site alone.

A file is written before its row and removed after it, so whatever a row names is there. A file that no row names stays:
whoever starts the site with an empty or an older database must not lose the pictures of the right one.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from uuid import UUID

from django.conf import settings

ENDINGS = {"image/jpeg": ".jpg", "image/png": ".png", "text/plain": ".txt"}


def folder() -> Path:
    """Return the folder of all attachments, which may not be there yet."""
    return Path(settings.DATA_DIR, "attachments")


def path_of(pk: UUID, media_type: str) -> Path:
    """Return where the bytes of an attachment lie."""
    return folder() / pk.hex[:2] / f"{pk.hex}{ENDINGS[media_type]}"


def write(pk: UUID, media_type: str, content: bytes) -> None:
    """Keep the bytes of a new attachment so that they survive a power cut. Raises OSError."""
    path = path_of(pk, media_type)
    for parent in (folder(), path.parent):
        parent.mkdir(mode=0o700, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(handle)


def read(pk: UUID, media_type: str) -> bytes:
    """Return the bytes of an attachment. Raises OSError."""
    return path_of(pk, media_type).read_bytes()


def remove(paths: Iterable[Path]) -> None:
    """Remove files; one that has gone already is no error. Raises OSError."""
    for path in paths:
        path.unlink(missing_ok=True)
