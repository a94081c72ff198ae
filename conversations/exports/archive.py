"""A whole account as a zip, made while it is sent: what is in memory at once is bounded, whatever there is.

`conversations/<id>.json` is what an import reads, `readable/…md` is for people, `attachments/…` are the files of both.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from django.utils import timezone, translation

from conversations.models import Attachment, Conversation, User
from conversations.services import attachments

from . import document, markdown, names
from .records import VERSION, PresetRecord, PresetsDocument, encode

# Text shrinks to a third by the quickest way; what takes four times as long saves another tenth.
_LEVEL = 1
_PIECE = 64 * 1024
_BATCH = 100
# With fewer messages no text of a conversation comes near the 2 GiB that an entry without long numbers holds.
_FEW_MESSAGES = 5_000
# Readable by its owner, where a system asks.
_MODE = 0o600 << 16


@dataclass(frozen=True, slots=True)
class Words:
    """The language and the time zone of whoever reads it."""

    language: str
    zone: tzinfo


class _Sink:
    """What has been written and not been sent. It cannot be sought in, so a zip goes forward only."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.size = 0

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """Keep it: it goes when it is taken."""

    def take(self) -> bytes:
        data = b"".join(self._parts)
        self._parts, self.size = [], 0
        return data


def pieces(user: User, words: Words) -> Iterator[bytes]:
    """Yield the archive of all that `user` has. Each piece may be asked for by another thread."""
    sink = _Sink()
    with ZipFile(sink, "w", ZIP_DEFLATED, compresslevel=_LEVEL) as archive:  # type: ignore[call-overload] # all it needs
        writer = _Writer(archive, sink)
        yield from writer.entry("manifest.json", iter([_manifest(user)]))
        yield from writer.entry("presets.json", iter([_presets(user)]))
        for found in _conversations(user):
            yield from writer.conversation(found, words)
        for row in _attachments(user):
            # Gone from the disk: its conversation still tells of it.
            content = attachments.content(row)
            if content is not None:
                stored = row.kind == Attachment.Kind.IMAGE
                yield from writer.entry(names.of_file(row), iter([content]), stored=stored)
    yield sink.take()


def _manifest(user: User) -> bytes:
    told = ("username", "name", "email", "language", "time_zone", "theme", "default_model")
    manifest = {
        "format": "chatsite account",
        "version": VERSION,
        "exported_at": timezone.now(),
        "person": {name: getattr(user, name) for name in told},
        "conversations": Conversation.objects.for_user(user).count(),
    }
    return encode(manifest) + b"\n"


def _presets(user: User) -> bytes:
    records = [
        PresetRecord(**{name: getattr(row, name) for name in PresetRecord.__struct_fields__})
        for row in user.presets.all()
    ]
    return encode(PresetsDocument("chatsite presets", VERSION, records)) + b"\n"


def _conversations(user: User) -> Iterator[Conversation]:
    ids = list(Conversation.objects.for_user(user).order_by("created_at", "pk").values_list("pk", flat=True))
    for start in range(0, len(ids), _BATCH):
        rows = (
            Conversation.objects.for_user(user).select_related("owner").in_bulk(ids[start : start + _BATCH])
        )
        yield from (rows[pk] for pk in ids[start : start + _BATCH] if pk in rows)


def _attachments(user: User) -> Iterator[Attachment]:
    sent = Attachment.objects.filter(
        owner=user, messages__conversation__in=Conversation.objects.for_user(user)
    )
    ids = list(sent.order_by("pk").values_list("pk", flat=True).distinct())
    for start in range(0, len(ids), _BATCH):
        yield from Attachment.objects.filter(pk__in=ids[start : start + _BATCH]).order_by("pk")


class _Writer:
    """Writes entries, and hands on what is enough for a piece."""

    def __init__(self, archive: ZipFile, sink: _Sink) -> None:
        self._archive = archive
        self._sink = sink

    def entry(
        self, name: str, contents: Iterator[bytes], *, stored: bool = False, is_large: bool = False
    ) -> Iterator[bytes]:
        """Write one entry."""
        info = ZipInfo(name, timezone.localtime().timetuple()[:6])
        info.compress_type = ZIP_STORED if stored else ZIP_DEFLATED
        info.external_attr = _MODE
        with self._archive.open(info, "w", force_zip64=is_large) as entry:
            for content in contents:
                entry.write(content)
                if self._sink.size >= _PIECE:
                    yield self._sink.take()

    def conversation(self, found: Conversation, words: Words) -> Iterator[bytes]:
        """Write one conversation, for an import and for people."""
        is_large = found.messages.count() > _FEW_MESSAGES
        name = f"conversations/{found.pk}.json"
        yield from self.entry(name, document.pieces(found, in_archive=True), is_large=is_large)
        with timezone.override(words.zone):
            name = f"readable/{names.of_conversation(found)} ({found.pk.hex[:8]}).md"
        yield from self.entry(
            name, _worded(markdown.pieces(found, in_archive=True), words), is_large=is_large
        )


def _worded(texts: Iterator[str], words: Words) -> Iterator[bytes]:
    """Make each piece in the reader's language, and leave none behind in the thread."""
    while True:
        with translation.override(words.language), timezone.override(words.zone):
            text = next(texts, None)
        if text is None:
            return
        yield text.encode("utf-8", "replace")
