"""Files of questions, as rows: taken in, sent along, forgotten."""

import base64
import io
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from conversations.attachments import files, pictures, texts
from conversations.generation.enclosed import Turn
from conversations.generation.history import Prompt, compose
from conversations.models import Attachment, Conversation, Message, User
from conversations.services import attachments, branches, conversations, generations, messages
from conversations.services.beginning import Asker
from conversations.services.conversations import Chosen
from conversations.services.errors import Refused
from conversations.services.generations import Ending
from conversations.services.messages import Asked
from tests.attachments import samples

TWO_DAYS = timedelta(days=2)


@pytest.fixture(autouse=True)
def data(settings: Any, tmp_path: Path) -> Path:
    """A directory of its own for each test."""
    settings.DATA_DIR = tmp_path
    return tmp_path


@pytest.fixture
def alice(db: None) -> User:
    """A person."""
    return User.objects.create_user("alice")


@pytest.fixture
def asker(alice: User) -> Asker:
    """Alice, before a conversation that the page has signed; of all models, `blind` cannot see."""
    pk = uuid.uuid4()
    signature = conversations.sign_new(alice, pk)
    return Asker(
        alice, pk, "process", lambda name: name or "any", signature, can_see=lambda name: name != "blind"
    )


@contextmanager
def refused(code: str) -> Iterator[None]:
    """Check that the block is refused with a code, in words."""
    with pytest.raises(Refused) as refusal:
        yield
    assert refusal.value.code == code
    assert "%" not in str(refusal.value)


def take(user: User, content: bytes = b"text", name: str = "a.txt") -> Attachment:
    """Take a file in."""
    return attachments.take(user, name, io.BytesIO(content), len(content))


def picture(user: User, name: str = "a.png") -> Attachment:
    """Take a picture in."""
    return take(user, samples.picture(), name)


def ask(asker: Asker, text: str, *rows: Attachment, **chosen: Any) -> Asked:
    """Ask with files."""
    ids = [row.pk for row in rows]
    return messages.send(asker, uuid.uuid4().hex, text, chosen=Chosen(**chosen), attachments=ids)


def end(asked: Asked) -> None:
    """End the answer."""
    generations.finish(asked.generation.pk, Ending("completed", "stop", "answer"))


def question(asked: Asked) -> Message:
    """Return the question that was asked."""
    assert asked.question
    return asked.question


def prompt(asked: Asked, *, sees: bool = True, window: int = 4096) -> Prompt:
    """Return what the model would be sent."""
    call = generations.call(asked.generation)
    turns = [Turn(role, text, pk, call.attached.get(pk, ())) for role, text, pk in call.turns]
    return compose(turns, system="", window=window, options={}, sees=sees)


def kept_files() -> list[Path]:
    """Return all files that are kept."""
    return [path for path in files.folder().rglob("*") if path.is_file()]


# --- Taken in


def test_a_picture_and_a_text_are_told_by_their_bytes_and_kept_for_the_site_alone(alice, data):
    row = take(alice, samples.picture("JPEG", (50, 30)), "../notes.txt")
    assert (row.kind, row.media_type, row.width, row.height) == ("image", "image/jpeg", 50, 30)
    assert row.name == "notes.txt"
    path = data / "attachments" / row.pk.hex[:2] / f"{row.pk.hex}.jpg"
    assert path.stat().st_size == row.size
    text = take(alice, "你好\r\n".encode("gb18030"), "a\u202e.png")
    assert (text.kind, text.media_type, text.characters, text.width) == ("text", "text/plain", 3, None)
    assert files.read(text.pk, text.media_type) == "你好\n".encode()
    if os.name == "posix":
        modes = [here.stat().st_mode & 0o777 for here in (path, path.parent, files.folder())]
        assert modes == [0o600, 0o700, 0o700]


def test_a_file_without_a_name_is_called_what_it_is(alice):
    assert take(alice, name="..").name == "text file"
    assert picture(alice, "").name == "picture"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b" \n\n", "file_empty"),
        (b"\xef\xbb\xbf", "file_empty"),
        (b"x" * (texts.MAX_CHARACTERS + 1), "file_too_long"),
        (b"x" * (attachments.MAX_BYTES + 1), "file_too_large"),
        (b"%PDF-1.7", "file_unknown"),
        (bytes(100), "file_unknown"),
        (samples.picture("JPEG", (300, 300))[:-100], "picture_damaged"),
        (samples.bomb(30_000, 30_000), "picture_too_large"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_used_is_refused_in_words_and_leaves_nothing(alice, content, code):
    with refused(code):
        take(alice, content)
    assert not Attachment.objects.exists()
    assert not kept_files()


def test_a_person_sends_so_many_a_day_whatever_becomes_of_them(alice, monkeypatch):
    monkeypatch.setattr(attachments, "_PER_DAY", 2)
    first = take(alice)
    take(alice)
    with refused("quota"):
        take(alice)
    take(User.objects.create_user("bob"))
    Attachment.objects.filter(pk=first.pk).update(created_at=timezone.now() - TWO_DAYS)
    take(alice)
    monkeypatch.setattr(attachments, "_PER_DAY", 100)
    monkeypatch.setattr(attachments, "_BYTES_PER_DAY", 8)
    with refused("quota"):
        take(alice)


def test_whoever_waits_too_long_for_another_picture_is_asked_to_wait(alice, monkeypatch):
    monkeypatch.setattr(pictures, "_PATIENCE_SECONDS", 0.01)
    with pictures._turn(), refused("rate"):
        picture(alice)


def test_one_person_leaves_room_for_others_who_send_files_at_the_same_time(alice):
    with attachments._few_at_once(alice.pk):
        take(alice)
        with attachments._few_at_once(alice.pk):
            take(User.objects.create_user("bob"))
            with refused("rate"):
                take(alice)
        take(alice)
    assert not attachments._under_way


# --- Sent along


def test_files_stand_with_their_question_in_the_order_in_which_they_came(asker, alice):
    rows = [picture(alice, "one.png"), take(alice, name="two.txt"), picture(alice, "three.png")]
    asked = ask(asker, "What is this?", *reversed(rows))
    assert asked.attachments == rows
    assert list(question(asked).attachments.all()) == rows


def test_a_file_needs_no_words_and_gives_the_conversation_its_name(asker, alice):
    ask(asker, " \n", take(alice, name="Bericht.txt"))
    assert Conversation.objects.get().title == "Bericht.txt"
    with refused("empty"):
        ask(asker, " \n")


def test_what_is_somebody_elses_is_like_what_is_not_there(asker, alice):
    theirs = take(User.objects.create_user("bob"))
    for stranger in (theirs, Attachment(pk=uuid.uuid4())):
        with refused("no_file"):
            ask(asker, "?", take(alice), stranger)
    assert not Conversation.objects.exists()


def test_a_question_takes_eight_files(asker, alice):
    rows = [take(alice) for _ in range(attachments.MAX_PER_MESSAGE + 1)]
    with refused("too_many_files"):
        ask(asker, "?", *rows)
    assert len(ask(asker, "?", *rows[:-1], rows[0]).attachments) == attachments.MAX_PER_MESSAGE


def test_pictures_are_refused_for_a_model_that_is_known_not_to_see(asker, alice):
    row = picture(alice)
    with refused("not_capable"):
        ask(asker, "?", row, model="blind")
    assert not Conversation.objects.exists()
    ask(asker, "?", take(alice), model="blind")


def test_another_version_of_a_question_keeps_its_files_or_has_others(asker, alice):
    row, other = picture(alice), take(alice)
    first = ask(asker, "?", row)
    end(first)
    message = question(first).pk
    same = messages.edit(asker, "again", message, "??")
    end(same)
    assert list(question(same).attachments.all()) == [row]
    assert messages.edit(asker, "again", message, "??").attachments == [row]
    others = messages.edit(asker, "others", message, "", [other.pk])
    end(others)
    assert list(question(others).attachments.all()) == [other]
    none = messages.edit(asker, "none", message, "no files", [])
    end(none)
    assert not question(none).attachments.exists()
    assert list(question(first).attachments.all()) == [row]
    with refused("empty"):
        messages.edit(asker, "empty", message, "", [])
    with refused("no_file"):
        messages.edit(asker, "foreign", message, "?", [uuid.uuid4()])


def test_kept_pictures_keep_nobody_from_asking_a_model_that_cannot_see(asker, alice):
    row = picture(alice)
    first = ask(asker, "?", row)
    end(first)
    Conversation.objects.update(model="blind")
    asked = messages.edit(asker, "again", question(first).pk, "??")
    assert list(question(asked).attachments.all()) == [row]
    end(asked)
    with refused("not_capable"):
        messages.edit(asker, "named", question(first).pk, "??", [row.pk])


# --- What the model gets


def test_pictures_go_as_base64_and_texts_before_the_question(asker, alice):
    row = picture(alice)
    (message,) = prompt(
        ask(asker, "总结一下", row, take(alice, "第一行\n".encode("gb18030"), "诗.txt"))
    ).messages
    assert message["content"] == "File “诗.txt”:\n```\n第一行\n```\n\n总结一下"
    assert [base64.b64decode(image) for image in message["images"]] == [files.read(row.pk, row.media_type)]


def test_no_text_ends_its_own_fence(asker, alice):
    (message,) = prompt(ask(asker, "", take(alice, b"````js\nlet a;\n````", "a.md"))).messages
    assert message["content"] == "File “a.md”:\n`````\n````js\nlet a;\n````\n`````"


def test_files_go_along_again_with_later_questions(asker, alice):
    end(ask(asker, "first", picture(alice)))
    sent = prompt(ask(asker, "second", take(alice)))
    assert [len(message.get("images", [])) for message in sent.messages] == [1, 0, 0]
    assert sent.messages[2]["content"].startswith("File “a.txt”")


def test_a_model_that_cannot_see_is_told_which_picture_there_is(asker, alice):
    sent = prompt(ask(asker, "?", picture(alice, "猫.png")), sees=False)
    assert sent.messages == [{"role": "user", "content": "[Picture “猫.png”: you cannot see it]\n\n?"}]
    assert sent.unseen == 1


def test_a_file_that_is_missing_on_the_disk_is_named(asker, alice, caplog):
    asked = ask(asker, "?", picture(alice), take(alice))
    files.remove(kept_files())
    sent = prompt(asked)
    assert (
        sent.messages[0]["content"]
        == "[Picture “a.png”: you cannot see it]\n\n[File “a.txt”: it is missing]\n\n?"
    )
    assert "images" not in sent.messages[0]
    assert len(caplog.records) == 2


def test_files_take_room_in_the_window(asker, alice):
    end(ask(asker, "one", picture(alice), picture(alice)))
    asked = ask(asker, "two")
    assert prompt(asked, window=4096).omitted == 0
    assert prompt(asked, window=2048).omitted == 2
    end(asked)
    end(ask(asker, "three", take(alice, ("字" * 900).encode())))
    asked = ask(asker, "four")
    assert prompt(asked, window=1024).messages[0]["content"] == "four"
    assert any(message["content"].startswith("File") for message in prompt(asked, window=1500).messages)


def test_of_many_pictures_the_newest_go_along(asker, alice):
    for number in range(3):
        rows = [picture(alice, f"{number}-{each}.png") for each in range(attachments.MAX_PER_MESSAGE)]
        asked = ask(asker, str(number), *rows)
        if number < 2:
            end(asked)
    Attachment.objects.update(size=attachments.MAX_PICTURE_BYTES)
    sent = prompt(asked, window=100_000)
    assert [len(message.get("images", [])) for message in sent.messages] == [0, 0, 0, 0, 8]
    assert sent.unseen == 16


# --- Forgotten


def test_what_nobody_sent_for_a_day_is_forgotten_with_its_file(asker, alice):
    unsent, deleted, sent, fresh = take(alice), take(alice), picture(alice), take(alice)
    end(ask(asker, "kept", sent))
    asked = ask(asker, "gone", deleted)
    end(asked)
    branches.delete(alice, asker.conversation, question(asked).pk)
    old = Attachment.objects.exclude(pk=fresh.pk)
    old.update(created_at=timezone.now() - TWO_DAYS)
    other = files.folder() / "ab" / f"{uuid.uuid4().hex}.txt"
    other.parent.mkdir(exist_ok=True)
    other.write_bytes(b"of a row in another database")
    os.utime(other, (time.time() - TWO_DAYS.total_seconds(),) * 2)

    gone = attachments.forget_unsent()
    assert set(Attachment.objects.all()) == {sent, fresh}
    assert {path.stem for path in gone} == {unsent.pk.hex, deleted.pk.hex}
    files.remove(gone)
    kept = {path.name for path in kept_files()}
    assert kept == {f"{sent.pk.hex}.png", f"{fresh.pk.hex}.txt", other.name}
