"""Archives that people bring: opened and read with bounds, whatever made them. Nothing is unpacked to a path."""

import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeVar
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

import msgspec
from django.utils.translation import gettext_lazy as _

from .records import VERSION, ConversationDocument, Manifest, PresetRecord, PresetsDocument

T = TypeVar("T")

# Of one conversation, unpacked; 10,000 long messages have half of it.
MAX_DOCUMENT = 64 * 1024 * 1024
MAX_CONVERSATIONS = 50_000
# Of the list of entries, which is read at once: 100,000 entries have about 12 MiB.
_MAX_LIST = 16 * 1024 * 1024
_MAX_MANIFEST = 64 * 1024
_MAX_PRESETS = 4 * 1024 * 1024
_PIECE = 1024 * 1024
# Unpacked in all, as the entries say; zipfile gives no more of an entry than it says.
_MAX_UNPACKED = 16 * 1024**3
_CONVERSATION = re.compile(r"conversations/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.json")
_ATTACHMENT = re.compile(r"attachments/[^/\\]{1,300}")
# What is there for people only.
_FOR_PEOPLE = re.compile(r"(?:readable/[^/\\]{1,300}|(?:readable|conversations|attachments)/)")
_MANIFEST = "manifest.json"
PRESETS = "presets.json"


_SENTENCES = {
    "not_zip": _("This file is no zip, or it is damaged."),
    "not_export": _("This zip is no export of a site like this one."),
    "newer": _("This was exported by a newer version of the site. Have this one updated first."),
    "too_many": _("This zip unpacks to more than any account has."),
    "gone": _("What was sent is not kept any more. Choose the file again."),
    "unknown": _("It is not a part of an export."),
    "too_large": _("It is larger than an export makes it."),
    "damaged": _("It is damaged."),
    "wrong": _("It is not what an export writes."),
    "file_missing": _("The zip does not have this file."),
    "failed": _("It could not be stored now. Import the zip again: nothing is taken twice."),
}


class UnreadableError(Exception):
    """Why an archive, or one of its entries, is not taken, as a code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code

    def __str__(self) -> str:
        return str(_SENTENCES[self.code])


class _Bounded:
    """A file of which nobody reads too much in one go: the list of entries is as long as the archive says."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek, self.tell, self.close = file.seek, file.tell, file.close

    def read(self, size: int = -1) -> bytes:
        """Read so many bytes, or what is left. Raises UnreadableError."""
        content = self._file.read(size if 0 <= size <= _MAX_LIST else _MAX_LIST + 1)
        if len(content) > _MAX_LIST:
            raise UnreadableError("too_many")
        return content

    def seekable(self) -> bool:
        """Say that it can be sought in."""
        return True


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive that is one of ours, by all that its list says."""

    _zip: ZipFile
    conversations: list[str]
    attachments: frozenset[str]
    unknown: list[str]

    def document(self, name: str) -> ConversationDocument:
        """Return the conversation in the entry `name`. Raises UnreadableError."""
        content = self._content(name, MAX_DOCUMENT)
        _refuse_newer(content)
        return _decoded(content, ConversationDocument)

    def presets(self) -> list[PresetRecord]:
        """Return the person's presets, none where there are none. Raises UnreadableError."""
        if PRESETS not in self._zip.namelist():
            return []
        content = self._content(PRESETS, _MAX_PRESETS)
        _refuse_newer(content)
        return _decoded(content, PresetsDocument).presets

    def attachment(self, name: str, limit: int) -> bytes:
        """Return the bytes of a file. Raises UnreadableError."""
        if name not in self.attachments:
            raise UnreadableError("file_missing")
        return self._content(name, limit)

    def _content(self, name: str, limit: int) -> bytes:
        return _content(self._zip, name, limit)


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """Open an archive for as long as the block lasts. Raises UnreadableError, and OSError where there is no file."""
    with path.open("rb") as file:
        try:
            archive = _looked_at(ZipFile(_Bounded(file)))
        except (BadZipFile, ValueError, NotImplementedError, EOFError, OverflowError) as error:
            raise UnreadableError("not_zip") from error
        yield archive


def _looked_at(archive: ZipFile) -> Archive:
    entries = archive.infolist()
    if sum(entry.file_size for entry in entries) > _MAX_UNPACKED:
        raise UnreadableError("too_many")
    names = dict.fromkeys(entry.filename for entry in entries)
    if _MANIFEST not in names:
        raise UnreadableError("not_export")
    content = _content(archive, _MANIFEST, _MAX_MANIFEST)
    _refuse_newer(content)
    try:
        _decoded(content, Manifest)
    except UnreadableError as error:
        raise UnreadableError("not_export") from error
    conversations = [name for name in names if _CONVERSATION.fullmatch(name)]
    if len(conversations) > MAX_CONVERSATIONS:
        raise UnreadableError("too_many")
    attachments = frozenset(name for name in names if _ATTACHMENT.fullmatch(name))
    known = {_MANIFEST, PRESETS, *conversations, *attachments}
    unknown = [name for name in names if name not in known and not _FOR_PEOPLE.fullmatch(name)]
    return Archive(archive, conversations, attachments, unknown)


def _content(archive: ZipFile, name: str, limit: int) -> bytes:
    """Return what an entry holds. Raises UnreadableError."""
    entry = archive.getinfo(name)
    if entry.file_size > limit:
        raise UnreadableError("too_large")
    if _is_strange(entry):
        raise UnreadableError("damaged")
    try:
        with archive.open(entry) as content:
            return b"".join(iter(lambda: content.read(_PIECE), b""))
    except (
        BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        ValueError,
        RuntimeError,
        NotImplementedError,
    ) as error:
        raise UnreadableError("damaged") from error


def _is_strange(entry: ZipInfo) -> bool:
    """Tell whether an entry is encrypted or packed in a way that no export uses."""
    return bool(entry.flag_bits & 0x1) or entry.compress_type not in {ZIP_STORED, ZIP_DEFLATED}


class _Versioned(msgspec.Struct):
    version: Any = None


def _refuse_newer(content: bytes) -> None:
    version = _decoded(content, _Versioned).version
    if isinstance(version, int) and not isinstance(version, bool) and version > VERSION:
        raise UnreadableError("newer")


def _decoded(content: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.MsgspecError, UnicodeError, RecursionError, ValueError, OverflowError) as error:
        raise UnreadableError("wrong") from error


def in_order(document: ConversationDocument) -> list[UUID]:
    """Return the ids of the messages, parents first. Raises UnreadableError where they are no trees."""
    if len({message.id for message in document.messages}) < len(document.messages):
        raise UnreadableError("wrong")
    below: dict[UUID | None, list[UUID]] = {}
    for message in document.messages:
        below.setdefault(message.parent, []).append(message.id)
    ordered: list[UUID] = []
    reached = list(below.get(None, ()))
    while reached:
        message_id = reached.pop()
        ordered.append(message_id)
        reached += below.get(message_id, ())
    if len(ordered) < len(document.messages):
        raise UnreadableError("wrong")
    return ordered
