"""What is carried away can be brought again: equal, once, and over nothing that is there."""

import re
import uuid
from datetime import timedelta

import pytest
from django.apps import apps
from django.test import Client
from django.utils import timezone

from conversations.attachments import files
from conversations.models import Attachment, Conversation, Generation, Import, Message, Preset, SearchEntry
from conversations.rendering import render
from conversations.search import filling
from conversations.services import importing
from tests.attachments import samples

from .bring import bring, counts, emptied, exported, made
from .bring import whole as all_of
from .conftest import attach, said


def test_what_is_brought_to_an_empty_account_is_equal_to_what_was_carried_away(anna, eve, whole):
    whole()
    whole()
    before, archive = all_of(anna), exported(anna)
    emptied(anna)
    row = bring(eve, archive)
    assert (row.status, row.not_taken) == ("done", [])
    assert (row.conversations_taken, row.conversations_there) == (2, 0)
    assert (row.messages_taken, row.files_taken) == (10, 6)
    assert all_of(eve) == before
    # Drawn here, equal to what an answer's end draws.
    for answer in Message.objects.filter(role="assistant"):
        assert answer.html == render(answer.content)
    assert not importing.path_of(row.pk).exists()


def test_presets_come_along_and_those_that_are_there_stay(anna, eve, whole):
    whole()
    values = {
        "model": "m:1b",
        "system_prompt": "Be brief.\n请简短。",
        "options": {"temperature": 0.5},
        "think": "on",
    }
    Preset.objects.create(owner=anna, name="Brief 简短", **values)
    Preset.objects.create(owner=anna, name="Plain")
    Preset.objects.create(name="Everybody's")
    Preset.objects.create(owner=eve, name="plain", model="mine")
    archive, before = exported(anna), all_of(anna)["presets.json"]
    assert [preset["name"] for preset in before["presets"]] == ["Brief 简短", "Plain"]
    for _time in range(2):
        assert bring(eve, archive).not_taken == []
        assert sorted(eve.presets.values_list("name", "model")) == [("Brief 简短", "m:1b"), ("plain", "mine")]
    emptied(anna)
    bring(anna, archive)
    assert all_of(anna)["presets.json"] == before


@pytest.mark.parametrize(
    ("presets", "name"),
    [
        ([{"name": "Hot", "options": {"temperature": 99}}], "Hot"),
        ([{"name": "Loud", "think": "loud"}], "Loud"),
        ([{"name": ""}], "presets.json"),
        ([{"name": "x" * 81}], "presets.json"),
        ("many", "presets.json"),
    ],
)
def test_presets_that_cannot_be_are_told(anna, presets, name):
    content = {"format": "chatsite presets", "version": 1, "presets": presets}
    row = bring(anna, made({"presets.json": content}))
    assert (row.status, [told for told, _why in row.not_taken]) == ("done", [name])
    assert not Preset.objects.exists()


def test_no_more_presets_come_than_a_person_may_have(anna):
    many = [{"name": f"Number {number}"} for number in range(60)]
    content = {"format": "chatsite presets", "version": 1, "presets": many}
    row = bring(anna, made({"presets.json": content}))
    assert (anna.presets.count(), row.not_taken_count) == (50, 10)


def test_bringing_it_again_makes_nothing_new(anna, eve, whole):
    whole()
    archive = exported(anna)
    for owner in (anna, eve):
        bring(owner, archive)
        before, there = counts(), all_of(owner)
        row = bring(owner, archive)
        assert counts() == before
        assert all_of(owner) == there
        assert (row.conversations_taken, row.conversations_there, row.files_taken) == (0, 1, 0)


def test_what_is_brought_is_found_by_its_words_as_if_it_had_been_said_here(anna, eve, whole):
    whole()
    archive = exported(anna)
    emptied(anna)
    bring(eve, archive)
    found_by = found_by_of_all()
    assert len(found_by) == 1 + Message.objects.exclude(content="").count()
    SearchEntry.objects.all().delete()
    filling.fill(apps.get_model)
    assert found_by_of_all() == found_by


def found_by_of_all() -> dict[uuid.UUID | None, str]:
    return dict(SearchEntry.objects.values_list("message", "tokens"))


def test_somebody_elses_ids_behave_like_free_ones(anna, eve, whole):
    """Anna has it all still: Eve gets the same under ids of her own, and Anna keeps hers."""
    whole()
    before, archive = all_of(anna), exported(anna)
    bring(eve, archive)
    assert all_of(anna) == before
    (mine,) = Conversation.objects.filter(owner=eve)
    assert mine.messages.count() == 5
    assert str(mine.pk) not in str(before)
    assert mine.shown_leaf in mine.messages.all()
    assert {message.parent in mine.messages.all() for message in mine.messages.exclude(parent=None)} == {True}
    assert Attachment.objects.filter(owner=eve).count() == 3
    assert set(Attachment.objects.filter(messages__conversation=mine).values_list("owner", flat=True)) == {
        eve.pk
    }
    # Hers again after Anna's are gone, for ids of hers do not depend on whether others are there.
    emptied(anna)
    row = bring(eve, archive)
    assert (row.conversations_taken, row.conversations_there) == (0, 1)
    theirs = re.sub(
        r"[0-9a-f]{8}-[0-9a-f-]{27}", "", str([value for name, value in sorted(all_of(eve).items())])
    )
    assert len(theirs) == len(
        re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "", str([one for _, one in sorted(before.items())]))
    )


def test_what_was_changed_since_stays_as_it_is(anna, whole):
    mine = whole()
    archive = exported(anna)
    Conversation.objects.filter(pk=mine.pk).update(title="Renamed since", pinned=False)
    said(mine, mine.shown_leaf, "user", "Said since")
    mine.messages.filter(content="Another one").delete()
    before = all_of(anna)
    bring(anna, archive)
    assert all_of(anna) == before


def test_a_conversation_that_was_deleted_comes_back(anna, whole):
    mine = whole()
    before, archive = all_of(anna), exported(anna)
    Conversation.objects.filter(pk=mine.pk).update(deleted_at=timezone.now())
    bring(anna, archive)
    assert all_of(anna) == before


def test_a_file_that_is_lost_costs_the_file_and_is_told(anna, eve, whole):
    whole()
    for path in files.folder().rglob("*.png"):
        path.unlink()
    archive = exported(anna)
    row = bring(eve, archive)
    assert (row.conversations_taken, row.files_taken, row.not_taken_count) == (1, 2, 1)
    assert row.not_taken == [['cat "1".png', "The zip does not have this file."]]


def test_an_answer_that_was_being_written_has_ended(anna, eve, converse):
    mine = converse(1)
    Generation.objects.filter(conversation=mine).update(status="running", reason="")
    bring(eve, exported(anna))
    brought = Generation.objects.get(conversation__owner=eve)
    assert (brought.status, brought.reason) == ("interrupted", "process_died")


def test_an_import_goes_on_where_it_was(anna, eve, converse, monkeypatch):
    for number in range(5):
        converse(1, title=f"Number {number}")
    archive = exported(anna)
    monkeypatch.setattr(importing, "_STEP_SECONDS", 0)
    row = importing.begin(eve, "export.zip", len(archive))
    importing.receive(eve, row.pk, 0, archive)
    for position in range(1, 4):
        assert importing.step(eve, row.pk).position == position
    # The process dies in the middle: whoever comes within a minute is told how far it is, and then it goes on.
    Import.objects.update(claimed_until=timezone.now() + timedelta(seconds=30))
    assert importing.step(eve, row.pk).position == 3
    Import.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    importing.step(eve, row.pk)
    row = importing.step(eve, row.pk)
    assert (row.status, row.conversations_taken) == ("done", 5)
    assert Conversation.objects.filter(owner=eve).count() == 5


def test_many_files_of_one_conversation_are_taken_in_several_steps(anna, eve, whole, monkeypatch):
    whole()
    archive = exported(anna)
    monkeypatch.setattr(importing, "_STEP_SECONDS", 0)
    row = bring(eve, archive)
    assert (row.status, row.files_taken, row.not_taken) == ("done", 3, [])
    assert Attachment.objects.filter(owner=eve, messages=None).count() == 0


def test_a_piece_that_does_not_follow_is_not_kept(anna, converse):
    converse(1)
    archive = exported(anna)
    row = importing.begin(anna, "export.zip", len(archive))
    assert importing.receive(anna, row.pk, 0, archive[:100]) == 100
    for offset, content in ((0, archive[:100]), (200, archive[200:]), (100, archive)):
        assert importing.receive(anna, row.pk, offset, content) == 100
    assert importing.receive(anna, row.pk, 100, archive[100:]) == len(archive)
    assert importing.step(anna, row.pk).status == "done"


def test_an_archive_that_nobody_reads_to_its_end_is_forgotten(anna, converse):
    converse(1)
    archive = exported(anna)
    first = importing.begin(anna, "export.zip", len(archive))
    importing.receive(anna, first.pk, 0, archive)
    importing.forget_old()
    assert importing.path_of(first.pk).exists()
    Import.objects.update(moved_at=timezone.now() - timedelta(days=2))
    importing.forget_old()
    assert not importing.path_of(first.pk).exists()
    assert importing.why(importing.owned(anna, first.pk)).startswith("What was sent is not kept")
    # Another one takes the place of one that is open.
    second = importing.begin(anna, "export.zip", 10)
    third = importing.begin(anna, "export.zip", 10)
    assert not importing.path_of(second.pk).exists()
    assert importing.path_of(third.pk).exists()


def test_a_picture_keeps_every_byte_and_a_strange_one_is_written_anew(anna, eve, whole):
    mine = whole()
    question = mine.messages.get(content="And this?")
    photo = attach(mine, question, samples.photo(), "IMG.jpg")
    archive = exported(anna)
    emptied(anna)
    bring(eve, archive)
    row = Attachment.objects.get(pk=photo.pk)
    assert (row.owner, row.width, row.height, row.size) == (eve, photo.width, photo.height, photo.size)
    strange = made(
        {
            f"conversations/{uuid.UUID(int=1)}.json": one_with(samples.photo()),
            "attachments/photo.jpg": samples.photo(),
        }
    )
    bring(eve, strange)
    kept = files.read(uuid.UUID(int=5), "image/jpeg")
    assert b"Secret" not in kept
    assert samples.opened(kept).size == (20, 40)


def test_a_file_of_which_no_row_tells_is_not_written_over(anna, eve, whole):
    mine = whole()
    archive = exported(anna)
    left = Attachment.objects.get(name="notes.txt")
    emptied(anna)
    files.write(left.pk, "text/plain", b"of another database")
    bring(eve, archive)
    assert files.read(left.pk, "text/plain") == b"of another database"
    brought = Attachment.objects.get(name="notes.txt")
    assert files.read(brought.pk, "text/plain").decode() == "Notes\n笔记"
    assert brought.messages.get().conversation_id == mine.pk


def one_with(content: bytes) -> dict[str, object]:
    """Return a conversation that says that it has a picture."""
    at = "2026-03-10T00:00:00Z"
    picture = {
        **{"id": str(uuid.UUID(int=5)), "kind": "image", "name": "photo.jpg", "media_type": "image/jpeg"},
        **{"size": len(content), "created_at": at, "path": "attachments/photo.jpg"},
    }
    question = {
        **{"id": str(uuid.UUID(int=2)), "parent": None, "role": "user", "content": "What?", "created_at": at},
        "attachments": [picture["id"]],
    }
    head = {"id": str(uuid.UUID(int=1)), "title": "Photo", "created_at": at, "updated_at": at}
    return {
        **{"format": "chatsite conversation", "version": 1, "conversation": head},
        **{"attachments": [picture], "messages": [question]},
    }


@pytest.mark.parametrize("verb", ["", "piece?at=0", "step"])
def test_an_import_is_its_persons_alone(client, eve, anna, converse, verb):
    converse(1)
    archive = exported(anna)
    begun = client.post("/account/import", {"name": "a.zip", "size": len(archive)}).json()
    other = Client()
    other.force_login(eve)
    method = "get" if not verb else "post"
    theirs = getattr(other, method)(begun["address"] + verb)
    nobodys = getattr(other, method)(f"/account/import/{uuid.uuid4()}/{verb}")
    assert theirs.status_code == nobodys.status_code == 404
    anonymous = Client()
    assert getattr(anonymous, method)(begun["address"] + verb).status_code == 302


def test_the_page_sends_reads_and_shows_what_came_of_it(client, anna, converse):
    mine = converse(1, title="Brought back")
    archive = exported(anna)
    mine.delete()
    assert "1 GiB at most." in client.get("/account/import").content.decode()
    begun = client.post("/account/import", {"name": "../a.zip", "size": len(archive)}).json()
    assert begun["status"] == "receiving"
    address = begun["address"]
    assert "broke off" in client.get(address).content.decode()
    sent = client.post(f"{address}piece?at=0", archive, content_type="application/octet-stream")
    assert sent.json() == {"received": len(archive)}
    assert "Leave this page open" in client.get(address).content.decode()
    # A form without modules goes on, too.
    assert client.post(f"{address}step").headers["Location"] == address
    state = client.post(f"{address}step", headers={"Accept": "application/json"}).json()
    assert (state["status"], state["position"], state["total"]) == ("done", 1, 1)
    page = client.get(address).content.decode()
    assert "read to its end" in page
    assert "Brought back" in client.get("/conversations").content.decode()


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({}, 400),
        ({"size": "-1"}, 400),
        ({"size": "0"}, 400),
        ({"size": "1" * 30}, 400),
        ({"size": str(2**31)}, 400),
    ],
)
def test_sizes_that_cannot_be_are_refused(client, form, status):
    assert client.post("/account/import", form).status_code == status
    assert not Import.objects.exists()


def test_pieces_are_bounded(client, anna):
    address = client.post("/account/import", {"name": "a.zip", "size": 5_000_000}).json()["address"]
    for query in ("", "?at=", "?at=x", "?at=-1", "?at=²"):
        assert (
            client.post(f"{address}piece{query}", b"x", content_type="application/octet-stream").status_code
            == 400
        )
    large = b"x" * (importing.PIECE + 1)
    assert (
        client.post(f"{address}piece?at=0", large, content_type="application/octet-stream").status_code == 400
    )
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(anna)
    for path in ("/account/import", f"{address}piece?at=0", f"{address}step"):
        assert careful.post(path, b"x", content_type="application/octet-stream").status_code == 403
