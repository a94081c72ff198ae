"""A conversation as Markdown to read: the shown branch, a heading for each message.

What somebody said stands in a quotation. Whatever it holds, a heading, a fence that is never closed, the beginning of a
comment, ends where the quotation ends (https://spec.commonmark.org/current/#block-quotes), so the headings of the file
are its own.
"""

import re
from collections.abc import Iterator
from urllib.parse import quote

from django.utils import timezone
from django.utils.translation import gettext

from conversations.models import Attachment, Conversation

from . import names, told
from .told import Told

_MARKS = re.compile(r"([\\`*_\[\]<>&~|$#!])")


def pieces(found: Conversation, *, in_archive: bool = False) -> Iterator[str]:
    """Yield the text; in an archive, files are linked. The language and the time zone are the active ones."""
    yield f"# {escaped(found.title)}\n\n"
    facts = [found.model, gettext("exported {time}").format(time=told.moment(timezone.now()))]
    yield f"*{escaped(' · '.join(filter(None, facts)))}*\n"
    for part in told.branch(found):
        yield "".join(_message(one, in_archive=in_archive) for one in part)


def _message(one: Told, *, in_archive: bool) -> str:
    blocks = [f"## {escaped(one.who)} · {escaped(one.when)}"]
    blocks += [_file(row, in_archive=in_archive) for row in one.files]
    if text := one.text:
        blocks.append(quoted(text))
    if sentence := one.sentence:
        blocks.append(f"*{escaped(sentence)}*")
    return "\n" + "\n\n".join(blocks) + "\n"


def _file(row: Attachment, *, in_archive: bool) -> str:
    name = escaped(row.name)
    return f"- [{name}](../{quote(names.of_file(row))})" if in_archive else f"- {name}"


def quoted(text: str) -> str:
    """Return `text` as a quotation."""
    return "\n".join(f"> {line}" if line.strip() else ">" for line in text.split("\n"))


def escaped(text: str) -> str:
    """Return `text` on one line, without a meaning to Markdown."""
    return _MARKS.sub(r"\\\1", " ".join(text.split()))
