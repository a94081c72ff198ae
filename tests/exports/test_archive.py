"""A whole account as a zip."""

import io
import json
import zipfile
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from conversations.attachments import files
from conversations.exports import archive
from conversations.exports.archive import Words
from conversations.models import Conversation, Message, User
from conversations.services import attachments
from tests.attachments import samples

ENGLISH = Words("en", ZoneInfo("UTC"))


def zipped(user: User, words: Words = ENGLISH) -> zipfile.ZipFile:
    """Return the archive of all that a person has."""
    return zipfile.ZipFile(io.BytesIO(b"".join(archive.pieces(user, words))))


def test_an_archive_holds_what_is_mine_and_nothing_else(anna, eve, whole, converse):
    mine, theirs = whole(), whole(eve)
    gone = converse(1, title="Deleted")
    Conversation.objects.filter(pk=gone.pk).update(deleted_at=gone.updated_at)
    attachments.take(anna, "unsent.txt", io.BytesIO(b"unsent"), 6)
    found = zipped(anna)
    assert found.testzip() is None
    names = found.namelist()
    assert names[0] == "manifest.json"
    assert f"conversations/{mine.pk}.json" in names
    assert f"readable/2026-03-10 Quick sort & 更多 ({mine.pk.hex[:8]}).md" in names
    everything = b"".join(found.read(name) for name in names)
    assert str(theirs.pk).encode() not in everything
    assert b"Deleted" not in everything
    assert b"unsent" not in everything
    manifest = json.loads(found.read("manifest.json"))
    assert (manifest["format"], manifest["version"], manifest["conversations"]) == ("chatsite account", 1, 1)
    assert manifest["person"]["username"] == "anna"


def test_every_file_lies_where_its_conversation_says(anna, whole):
    made = whole()
    found = zipped(anna)
    told = json.loads(found.read(f"conversations/{made.pk}.json"))["attachments"]
    assert len(told) == 3
    for row in told:
        assert found.read(row["path"]) == files.read(UUID(row["id"]), row["media_type"])
    readable = next(name for name in found.namelist() if name.startswith("readable/"))
    assert f"](../attachments/{told[0]['id']}-" in found.read(readable).decode()


def test_a_file_that_is_gone_from_the_disk_costs_no_archive(anna, whole):
    made = whole()
    for path in files.folder().rglob("*.png"):
        path.unlink()
    found = zipped(anna)
    assert len([name for name in found.namelist() if name.startswith("attachments/")]) == 2
    assert f"conversations/{made.pk}.json" in found.namelist()


def test_it_speaks_the_persons_language_and_leaves_none_behind(anna, converse):
    converse(1, title="Hello")
    found = zipped(anna, Words("zh-hans", ZoneInfo("Asia/Shanghai")))
    text = found.read(next(name for name in found.namelist() if name.startswith("readable/"))).decode()
    assert "导出" in text
    assert "Exported" not in b"".join(archive.pieces(anna, ENGLISH)).decode("latin-1")


def test_what_is_in_memory_does_not_grow_with_what_there_is(anna, converse):
    made = converse(1)
    leaf = made.shown_leaf
    for number in range(60):
        Message.objects.create(
            conversation=made,
            parent=leaf,
            role="assistant",
            # Nothing repeats, so that packing does not make it small.
            content=samples.noise(100).hex(),
            created_at=made.updated_at,
        )
        assert number < 60
    sizes = [len(piece) for piece in archive.pieces(anna, ENGLISH)]
    assert sum(sizes) > 1_000_000
    # A batch of messages at most, and never the whole.
    assert len(sizes) > 1


@pytest.mark.parametrize("large", [True, False])
def test_long_conversations_are_read_by_every_program(anna, converse, monkeypatch, large):
    if large:
        monkeypatch.setattr(archive, "_FEW_MESSAGES", 0)
    converse(2)
    assert zipped(anna).testzip() is None
