"""Names of the files in which something is carried away, fit for every system's disk."""

import re
from pathlib import PurePosixPath

from django.utils import timezone

from conversations.attachments import files
from conversations.attachments import names as attached
from conversations.models import Attachment, Conversation

_LONGEST = 60
# What Windows takes in no name (https://learn.microsoft.com/windows/win32/fileio/naming-a-file).
_UNFIT = re.compile(r'[<>:"|?*%]+')


def fit(text: str) -> str:
    """Return `text` as a part of a file's name; empty where nothing of it is left."""
    return " ".join(_UNFIT.sub(" ", attached.clean(text)).split())[:_LONGEST].strip(" .-")


def of_conversation(row: Conversation) -> str:
    """Return what the files of a conversation are called, without an ending: the day and the title."""
    day = timezone.localtime(row.created_at).date().isoformat()
    return f"{day} {fit(row.title)}".strip()


def of_file(row: Attachment) -> str:
    """Return the path of an attachment in an account's archive."""
    ending = files.ENDINGS[row.media_type]
    stem = PurePosixPath(fit(row.name)).stem or "file"
    return f"attachments/{row.pk}-{stem}{ending}"
