"""That staff read somebody's words is kept, told to that person, and changed by nobody."""

import uuid
from typing import Any

import pytest
from django.test import Client, override_settings
from django.urls import reverse

from conversations.models import Access, Attachment, Conversation
from conversations.services import access, leaving
from tests.admin import rows

PAGE = "admin:conversations_conversation_change"


@pytest.fixture
def conversation(owner):
    call = rows.exchange(rows.conversation(owner))
    return call.conversation


def read(client: Client, conversation: Conversation, name: str = PAGE, **query: str) -> Any:
    return client.get(reverse(name, args=[conversation.pk]), query)


def test_each_opening_is_kept_with_who_and_when(root, superuser, conversation):
    for _ in range(2):
        assert read(root, conversation).status_code == 200
    first, second = Access.objects.order_by("pk")
    assert first.at < second.at
    assert (first.kind, first.reader, first.owner) == ("transcript", superuser, conversation.owner)
    assert first.conversation == conversation.pk


def test_what_is_seen_of_an_open_transcript_belongs_to_its_opening(root, conversation):
    read(root, conversation)
    for _ in range(3):
        assert read(root, conversation, "admin:conversations_conversation_part").status_code == 200
    assert Access.objects.count() == 1


def test_a_part_without_an_opening_is_one(root, conversation):
    read(root, conversation, "admin:conversations_conversation_part")
    assert Access.objects.get().kind == "transcript"


def test_a_file_is_kept_by_its_name(root, conversation, monkeypatch):
    file = Attachment.objects.create(
        owner=conversation.owner, kind="text", name="诗.txt", media_type="text/plain", size=3, characters=1
    )
    file.messages.add(conversation.messages.first())
    address = reverse("admin:conversations_conversation_attachment", args=[conversation.pk, file.pk])
    # Its bytes are gone, which is told after it was kept that somebody asked for them.
    assert root.get(address).status_code == 404
    assert Access.objects.values_list("kind", "detail").get() == ("file", "诗.txt")


def test_ones_own_conversations_are_nobodys_business(superuser, root):
    mine = rows.exchange(rows.conversation(superuser)).conversation
    assert read(root, mine).status_code == 200
    assert not Access.objects.exists()


def test_who_is_refused_has_read_nothing(clients, conversation):
    assert read(clients["staff"], conversation).status_code == 403
    assert not Access.objects.exists()


def test_no_row_is_changed_or_deleted(root, superuser, conversation):
    read(root, conversation)
    row = Access.objects.get()
    row.reader_name = "nobody"
    for change in (
        row.save,
        row.delete,
        Access.objects.all().delete,
        lambda: Access.objects.update(detail="x"),
    ):
        with pytest.raises(TypeError):
            change()
    for action in ("change", "delete"):
        address = reverse(f"admin:conversations_access_{action}", args=[row.pk])
        assert root.post(address, {"reader_name": "nobody", "post": "yes"}).status_code == 403
    assert root.post(reverse("admin:conversations_access_add"), {}).status_code == 403
    assert Access.objects.get().reader_name == superuser.username


def test_people_see_on_their_account_page_who_may_read_and_who_did(clients, reader, conversation):
    page = reverse("account")
    before = clients["owner"].get(page).text
    assert "reader" in before
    assert "So far nobody has opened any." in before
    read(clients["reader"], conversation)
    after = clients["owner"].get(page).text
    assert reverse("conversation", args=[conversation.pk]) in after
    everything = clients["owner"].get(reverse("account_readings")).text
    assert "reader" in everything
    assert "opened" in everything
    assert "reader" not in clients["other"].get(reverse("account_readings")).text


@pytest.mark.parametrize(
    ("readers", "may"), [(None, {"superuser", "reader"}), ({"reader"}, {"reader"}), (frozenset(), set())]
)
def test_a_setting_names_who_may_read(clients, conversation, files, readers, may):
    pages = [
        (PAGE, [conversation.pk]),
        ("admin:conversations_conversation_part", [conversation.pk]),
        ("admin:conversations_conversation_whole", [conversation.pk, "csv"]),
        ("admin:conversations_conversation_messages", ["jsonl"]),
    ]
    with override_settings(MESSAGE_READERS=readers):
        for kind in ("superuser", "reader"):
            answers = {clients[kind].get(reverse(name, args=args)).status_code for name, args in pages}
            assert answers == {200 if kind in may else 403}
        assert {user.username for user in access.readers()} == {
            {"superuser": "root"}.get(one, one) for one in may
        }


def test_who_may_not_read_sees_no_titles_and_finds_none(client, owner, files):
    rows.exchange(rows.conversation(owner, "Secret plans"))
    client.force_login(rows.person("clerk", "view_conversation", is_staff=True))
    address = reverse("admin:conversations_conversation_changelist")
    assert "Secret plans" not in client.get(address).text
    assert not client.get(address, {"q": "Secret"}).context["cl"].queryset.exists()
    export = client.get(reverse("admin:conversations_conversation_export", args=["jsonl"]))
    assert "Secret" not in export.text


def test_staff_sees_the_log_by_permission(conversation, root):
    read(root, conversation)
    clerk = Client()
    clerk.force_login(rows.person("clerk", "view_access", is_staff=True))
    text = clerk.get(reverse("admin:conversations_access_changelist")).text
    assert "root" in text
    assert "小明" in text
    assert str(conversation.pk)[:8] in text


def test_it_is_found_by_reader_owner_and_conversation(root, conversation):
    read(root, conversation)
    address = reverse("admin:conversations_access_changelist")
    for query, count in (
        ("root", 1),
        ("小明", 1),
        (str(conversation.pk), 1),
        (str(uuid.uuid4()), 0),
        ("x y", 0),
    ):
        assert root.get(address, {"q": query}).context["cl"].queryset.count() == count


def test_it_goes_with_an_account_that_its_person_deletes(root, conversation):
    read(root, conversation)
    leaving.leave(conversation.owner)
    leaving.forget_some(10)
    assert not Access.objects.exists()
