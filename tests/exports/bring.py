"""Bringing archives, and comparing what is there afterwards."""

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

from conversations.attachments import files
from conversations.models import Attachment, Conversation, Import, Preset, User
from conversations.services import importing

from .test_archive import zipped

MANIFEST = {"format": "chatsite account", "version": 1, "exported_at": "2026-03-10T00:00:00Z"}


def bring(user: User, archive: bytes, name: str = "export.zip") -> Import:
    """Bring an archive as the page does, to its end."""
    row = importing.begin(user, name, len(archive))
    there = 0
    while there < len(archive):
        there = importing.receive(user, row.pk, there, archive[there : there + importing.PIECE])
    for _step in range(200):
        row = importing.step(user, row.pk)
        if not row.is_open:
            return row
    raise AssertionError(row.position)


def exported(user: User) -> bytes:
    """Return a person's archive."""
    target = io.BytesIO()
    found = zipped(user)
    with zipfile.ZipFile(target, "w") as copy:
        for entry in found.infolist():
            copy.writestr(entry.filename, found.read(entry))
    return target.getvalue()


def made(entries: Mapping[str, Any]) -> bytes:
    """Return a zip of these entries, JSON where they are no bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {"manifest.json": MANIFEST, **entries}.items():
            archive.writestr(name, content if isinstance(content, bytes) else json.dumps(content))
    return target.getvalue()


def whole(user: User) -> dict[str, Any]:
    """Return all that is a person's as it is exported, but for the moment of it and the words for people."""
    found = zipped(user)
    told: dict[str, Any] = {}
    for name in found.namelist():
        if name.startswith("attachments/"):
            told[name] = found.read(name)
        elif name.startswith(("conversations/", "presets")):
            told[name] = json.loads(found.read(name))
    return told


def counts() -> tuple[int, ...]:
    """Return how many rows there are of what an import may make."""
    from django.apps import apps

    return tuple(model._default_manager.count() for model in apps.get_models() if model is not Import)


def emptied(user: User) -> None:
    """Take everything away from a person, as on a site where they begin anew."""
    rows = Attachment.objects.filter(owner=user)
    files.remove(files.path_of(row.pk, row.media_type) for row in rows)
    Attachment.objects.filter(owner=user).delete()
    Conversation.objects.filter(owner=user).delete()
    Preset.objects.filter(owner=user).delete()
