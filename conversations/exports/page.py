"""A conversation as one HTML file, to be read and printed without the site.

Its styles and pictures lie in it as `data:` addresses, and its own policy allows nothing else: opened from a disk it
runs nothing and asks nobody for anything.
"""

import base64
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import get_language

from conversations.context_processors import HTML_LANGUAGES
from conversations.models import Attachment, Conversation
from conversations.services import attachments

from . import told
from .told import Told

_STYLES = ("tokens", "base", "messages", "code", "export")
# Of pictures that lie in the file; those behind them are named only.
_MAX_PICTURES = 24 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class File:
    """What a question shows of a file: its name, and of a picture its bytes as an address."""

    row: Attachment
    address: str


def pieces(found: Conversation) -> Iterator[str]:
    """Yield the page. The language and the time zone are the active ones."""
    language = get_language() or "en"
    context = {
        "conversation": found,
        "exported": told.moment(timezone.now()),
        "html_lang": HTML_LANGUAGES.get(language, language),
        "style": _style(),
    }
    # The sign stands where the messages go.
    head, _mark, tail = render_to_string("exports/page.html", context).partition("<!-- messages -->")
    yield head
    room = _MAX_PICTURES
    for part in told.branch(found):
        shown = []
        for one in part:
            files, room = _files(one, room)
            shown.append((one, files))
        yield render_to_string("exports/_messages.html", {"shown": shown})
    yield tail


def _files(one: Told, room: int) -> tuple[list[File], int]:
    found = []
    for row in one.files:
        content = None
        if row.kind == Attachment.Kind.IMAGE and row.size <= room:
            content = attachments.content(row)
        room -= len(content or b"")
        found.append(File(row, _data(content, row.media_type) if content else ""))
    return found, room


@functools.cache
def _style() -> str:
    folder = Path(settings.BASE_DIR, "static", "css")
    return _data(b"\n".join((folder / f"{name}.css").read_bytes() for name in _STYLES), "text/css")


def _data(content: bytes, media_type: str) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"
