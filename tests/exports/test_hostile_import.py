"""Archives that somebody made to do harm: each is refused in words, whole or in part, and nothing else happens."""

import io
import json
import struct
import tracemalloc
import uuid
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from conversations.exports import reading
from conversations.models import Attachment, Conversation, Generation, Message
from conversations.services import attachments
from tests.attachments import samples

from .bring import MANIFEST, bring, counts, made
from .bring import whole as all_of
from .test_import import one_with

AT = "2026-03-10T00:00:00Z"
ONE, TWO, THREE = (str(uuid.UUID(int=number)) for number in (1, 2, 3))
NAME = f"conversations/{ONE}.json"


def document(**more: Any) -> dict[str, Any]:
    """Return a small conversation that is taken, with `more` in place of its parts."""
    head = {"id": ONE, "title": "Fine", "created_at": AT, "updated_at": AT, "shown_leaf": THREE}
    messages = [
        {"id": TWO, "parent": None, "role": "user", "content": "Question", "created_at": AT},
        {"id": THREE, "parent": TWO, "role": "assistant", "content": "**Answer**", "created_at": AT},
    ]
    plain = {"format": "chatsite conversation", "version": 1, "attachments": []}
    return {**plain, "conversation": head, "messages": messages, **more}


def with_message(**more: Any) -> dict[str, Any]:
    """Return the conversation with something else in its answer."""
    found = document()
    found["messages"][1] |= more
    return found


def with_head(**more: Any) -> dict[str, Any]:
    """Return the conversation with something else in its head."""
    found = document()
    found["conversation"] |= more
    return found


def with_call(**more: Any) -> dict[str, Any]:
    """Return the conversation with a call of a model."""
    call = {"id": ONE, "model": "m", "status": "completed", "queued_at": AT, **more}
    return with_message(generations=[call])


def test_the_small_one_is_taken(anna):
    row = bring(anna, made({NAME: document()}))
    assert (row.conversations_taken, row.not_taken) == (1, [])
    assert Message.objects.get(role="assistant").html == "<p><strong>Answer</strong></p>\n"


DEEP = ("[" * 100_000).encode()
WRONG: dict[str, Any] = {
    "no JSON": b"<html>",
    "not UTF-8": b'{"format": "\xff"}',
    "deep": DEEP,
    "deep options": json.dumps(document()).replace(
        '"Fine"', '"Fine", "options": {"a": ' + "[" * 500 + "]" * 500 + "}"
    ),
    "a list": [],
    "another format": document(format="other"),
    "no version": document(version=None),
    "version 0": document(version=0),
    "no messages": document(messages=None),
    "message without parent": with_message(parent=ONE),
    "its own parent": with_message(parent=THREE),
    "twice the same id": with_message(id=TWO, parent=None),
    "unknown role": with_message(role="system"),
    "content is a number": with_message(content=5),
    "content is too long": with_message(content="x" * 4_000_001),
    "lone surrogate": json.dumps(document()).replace("Question", "\\ud800").encode(),
    "id is no UUID": with_message(id="../../etc/passwd"),
    "negative time": with_message(thinking_ms=-1),
    "huge time": with_message(thinking_ms=2**31),
    "rating of 7": with_message(rating=7),
    "year 9999": with_message(created_at="9999-12-31T23:59:59-23:00"),
    "year 1": with_message(created_at="0001-01-01T00:00:00+23:00"),
    "time without zone": with_message(created_at="2026-03-10T00:00:00"),
    "long title": with_head(title="x" * 201),
    "options that cannot be": with_head(options={"temperature": 99}),
    "options with NUL": with_head(options={"stop": ["\x00"]}),
    "unknown thinking": with_head(think="loud"),
    "unknown status": with_call(status="exploded"),
    "long reason": with_call(reason="x" * 21),
    "tokens beyond the column": with_call(prompt_tokens=2**31),
    "nanoseconds beyond the column": with_call(total_ns=2**63),
    "options of a call": with_call(options={"num_ctx": "many"}),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_no_export_writes_is_not_taken_and_is_told(anna, kind):
    content = WRONG[kind].encode() if isinstance(WRONG[kind], str) else WRONG[kind]
    good = document(conversation={**document()["conversation"], "id": TWO, "shown_leaf": None}, messages=[])
    before = counts()
    row = bring(anna, made({NAME: content, f"conversations/{TWO}.json": good}))
    assert row.status == "done"
    assert row.not_taken == [[f"conversations-{ONE}.json", "It is not what an export writes."]]
    # The others are taken: a conversation, and what its title is found by.
    assert row.conversations_taken == 1
    assert sum(counts()) == sum(before) + 2


def test_a_cycle_of_parents_is_not_taken(anna):
    found = document()
    found["messages"][0]["parent"] = THREE
    row = bring(anna, made({NAME: found}))
    assert row.not_taken_count == 1
    assert not Message.objects.exists()


def test_many_copies_of_one_id_cost_no_time(anna):
    copies = [
        {
            "id": str(uuid.UUID(int=10 + number // 2)),
            "parent": str(uuid.UUID(int=9 + number // 2)),
            "role": "user",
        }
        for number in range(200)
    ]
    copies[0]["parent"] = copies[1]["parent"] = None  # type: ignore[assignment]
    messages = [{**one, "content": "", "created_at": AT} for one in copies]
    assert bring(anna, made({NAME: document(messages=messages)})).not_taken_count == 1


def test_text_that_the_database_cannot_keep_is_made_fit(anna):
    found = with_message(content="a\x00b", thinking="\x00")
    found["conversation"]["title"] = "\x00\n \u2028x"
    found["conversation"]["model"] = "m\x00"
    row = bring(anna, made({NAME: found}))
    assert row.not_taken == []
    answer = Message.objects.get(role="assistant")
    assert (answer.content, answer.thinking) == ("a\ufffdb", "\ufffd")


def test_html_in_the_file_is_no_html_on_the_page(anna):
    found = with_message(
        content="<script>alert(1)</script> [x](javascript:alert(1))", html="<script>alert(2)</script>"
    )
    bring(anna, made({NAME: found}))
    html = Message.objects.get(role="assistant").html
    assert "<script" not in html
    assert "href" not in html


def test_a_leaf_that_is_not_there_is_the_last_message(anna):
    bring(anna, made({NAME: with_head(shown_leaf=ONE)}))
    assert str(Conversation.objects.get().shown_leaf_id) == THREE


def test_ids_of_others_are_told_nothing_and_given_nothing(anna, eve, whole):
    """Eve knows ids of Anna's, and says that they are hers."""
    theirs = whole()
    file = theirs.messages.get(content="And this?").attachments.get(name="notes.txt")
    question = theirs.messages.get(content="And this?")
    before = all_of(anna)
    attachment = {
        **{"id": str(file.pk), "kind": "text", "name": "mine.txt", "media_type": "text/plain"},
        **{"size": 4, "created_at": AT, "path": f"attachments/{file.pk}-x.txt"},
    }
    found = document(attachments=[attachment])
    found["conversation"] |= {"id": str(theirs.pk), "shown_leaf": str(question.pk)}
    found["messages"][0] |= {"id": str(question.pk), "attachments": [str(file.pk)]}
    found["messages"][1]["parent"] = str(question.pk)
    call = theirs.generations.first()
    found["messages"][1]["generations"] = [
        {"id": str(call.pk), "model": "m", "status": "completed", "queued_at": AT}
    ]
    row = bring(eve, made({f"conversations/{theirs.pk}.json": found}))
    assert (row.conversations_taken, row.not_taken) == (1, [["mine.txt", "The zip does not have this file."]])
    mine = Conversation.objects.get(owner=eve)
    assert mine.messages.filter(attachments=file).count() == 0
    assert mine.pk != theirs.pk
    assert all_of(anna) == before
    assert theirs.messages.count() == 5
    assert Generation.objects.filter(conversation=mine).get().requested_by == eve


def test_the_same_messages_in_two_conversations_are_two(anna):
    second = with_head(id=TWO)
    row = bring(anna, made({NAME: document(), f"conversations/{TWO}.json": second}))
    assert row.conversations_taken == 2
    assert Message.objects.count() == 4


NO_ARCHIVE: dict[str, tuple[Callable[[], bytes], str]] = {
    "a picture": (samples.picture, "not_zip"),
    "empty zip": (lambda: b"PK\x05\x06" + b"\0" * 18, "not_export"),
    "cut off": (lambda: made({NAME: document()})[:-30], "not_zip"),
    "another zip": (lambda: _zip({"word/document.xml": b"<w/>"}), "not_export"),
    "manifest is no JSON": (lambda: _zip({"manifest.json": b"x"}), "wrong"),
    "manifest of another": (
        lambda: _zip({"manifest.json": json.dumps({**MANIFEST, "format": "x"}).encode()}),
        "not_export",
    ),
    "newer": (lambda: _zip({"manifest.json": json.dumps({**MANIFEST, "version": 2}).encode()}), "newer"),
    "large manifest": (lambda: _zip({"manifest.json": b" " * 100_000}), "too_large"),
}


def _manifest(**more: Any) -> dict[str, bytes]:
    return {"manifest.json": json.dumps({**MANIFEST, **more}).encode()}


def _zip(entries: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return target.getvalue()


@pytest.mark.parametrize("kind", NO_ARCHIVE)
def test_what_is_no_archive_of_ours_is_refused_in_a_sentence(client, anna, kind):
    content, reason = NO_ARCHIVE[kind]
    row = bring(anna, content())
    assert (row.status, row.reason) == ("refused", reason)
    page = client.get(f"/account/import/{row.pk}/").content.decode()
    assert str(reading._SENTENCES[reason]).replace("'", "&#x27;") in page


@pytest.mark.parametrize(
    "name",
    [
        *("../../../etc/cron.d/x", "/etc/passwd", "conversations/../x.json", "C:\\x", "attachments/a/b.txt"),
        *(f"conversations/{ONE}.json/..", "conversations/x.json", "readable/a/b", "\u202egpj.exe", "a\nb"),
    ],
)
def test_names_lead_nowhere(anna, tmp_path, name):
    before = sorted(path for path in tmp_path.rglob("*"))
    row = bring(anna, made({name: b"x", NAME: document()}))
    assert (row.conversations_taken, row.not_taken_count) == (1, 1)
    assert row.not_taken[0][1] == "It is not a part of an export."
    assert "\n" not in row.not_taken[0][0]
    assert "\u202e" not in row.not_taken[0][0]
    assert sorted(path for path in tmp_path.rglob("*") if path.name != "imports") == before


def test_a_bomb_is_not_unpacked(anna):
    bomb = made({NAME: b" " * (reading.MAX_DOCUMENT + 1)})
    assert len(bomb) < 100_000
    row = bring(anna, bomb)
    assert row.not_taken[0][1] == "It is larger than an export makes it."


def test_a_bomb_that_lies_about_its_size_is_not_unpacked(anna):
    """zipfile gives as much of an entry as its list says, and misses the rest by its checksum."""
    archive = made({NAME: b" " * 50_000_000})
    size = struct.pack("<I", 50_000_000)
    assert archive.count(size) == 2
    lying = archive.replace(size, struct.pack("<I", 100))
    tracemalloc.start()
    row = bring(anna, lying)
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()
    assert row.not_taken[0][1] in {"It is damaged.", "It is not what an export writes."}


def test_all_of_it_is_bounded(anna, monkeypatch):
    monkeypatch.setattr(reading, "_MAX_UNPACKED", 500)
    assert bring(anna, made({NAME: document()})).reason == "too_many"


def test_the_list_of_entries_is_bounded_before_it_is_read(anna, monkeypatch):
    monkeypatch.setattr(reading, "_MAX_LIST", 4096)
    many = made({f"attachments/{number}-x.txt": b"" for number in range(200)})
    assert bring(anna, many).reason == "too_many"


def test_there_are_not_countless_conversations(anna, monkeypatch):
    monkeypatch.setattr(reading, "MAX_CONVERSATIONS", 1)
    assert bring(anna, made({NAME: document(), f"conversations/{TWO}.json": document()})).reason == "too_many"


@pytest.mark.parametrize("how", ["encrypted", "bzip2", "checksum", "not there"])
def test_entries_that_cannot_be_read_are_told(anna, how):
    target = io.BytesIO()
    packing = zipfile.ZIP_BZIP2 if how == "bzip2" else zipfile.ZIP_STORED
    with zipfile.ZipFile(target, "w", packing) as archive:
        archive.writestr("manifest.json", json.dumps(MANIFEST), zipfile.ZIP_STORED)
        archive.writestr(NAME, json.dumps(document()))
    content = target.getvalue()
    place = content.rindex(b"PK\x01\x02")
    if how == "encrypted":
        content = content[: place + 8] + b"\x01\x00" + content[place + 10 :]
    elif how == "checksum":
        content = content.replace(b"Question", b"Quettion")
    elif how == "not there":
        content = content[: place + 42] + struct.pack("<I", 2**31) + content[place + 46 :]
    row = bring(anna, content)
    assert row.not_taken == [[NAME.replace("/", "-"), "It is damaged."]]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"%PDF-1.7", "This is neither a picture (PNG, JPEG, WebP, GIF, BMP) nor a text file."),
        (b"", "This file is empty."),
        (samples.picture()[:60], "This picture cannot be read: the file is damaged or not whole."),
        (samples.bomb(40_000, 40_000), "This picture has more than"),
        (b"x" * (attachments.MAX_BYTES + 1), "It is larger than an export makes it."),
    ],
    ids=["pdf", "empty", "cut", "bomb", "large"],
)
def test_files_are_looked_at_like_any_other(anna, content, sentence):
    row = bring(anna, made({NAME: one_with(content), "attachments/photo.jpg": content}))
    assert row.conversations_taken == 1
    assert [name for name, _why in row.not_taken] == ["photo.jpg"]
    assert row.not_taken[0][1].startswith(sentence)
    assert not Attachment.objects.exists()


def test_a_file_is_what_its_bytes_say(anna):
    page = b"<script>alert(1)</script>"
    bring(anna, made({NAME: one_with(page), "attachments/photo.jpg": page}))
    row = Attachment.objects.get()
    assert (row.kind, row.media_type, row.size) == ("text", "text/plain", len(page))


@pytest.mark.parametrize(
    "path", ["../../secret_key", "attachments/../manifest.json", "manifest.json", NAME, ""]
)
def test_a_path_leads_to_files_alone(anna, path):
    found = one_with(b"x")
    found["attachments"][0]["path"] = path  # type: ignore[index]
    row = bring(anna, made({NAME: found}))
    assert row.not_taken == [["photo.jpg", "The zip does not have this file."]]


def test_the_report_is_bounded(anna, monkeypatch):
    monkeypatch.setattr("conversations.services.importing._MAX_TOLD", 3)
    row = bring(anna, made({f"strange/{number}": b"" for number in range(10)}))
    assert (len(row.not_taken), row.not_taken_count) == (3, 10)
