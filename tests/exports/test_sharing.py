"""Sharing by a link: off until it is made, read by everybody who has it, ended at once; and what it does not tell."""

import re
import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from conversations.models import Attachment, Conversation, Generation, Message, SharedLink, User
from conversations.rendering import render

from .conftest import said


def shared(client: Client, conversation: Conversation) -> str:
    """Share a conversation as its person does, and return the address."""
    page = client.post(f"/c/{conversation.pk}/share", follow=True).content.decode()
    found = re.search(r'value="http://testserver(/shared/[^"]+)"', page)
    assert found
    return found[1]


def page_of(address: str) -> str:
    """Return what somebody sees who is not logged in."""
    answer = Client().get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_conversation_is_not_shared_until_its_person_makes_the_link(client, whole):
    made = whole()
    assert not SharedLink.objects.exists()
    page = client.get(f"/c/{made.pk}/carry").content.decode()
    assert "This conversation is not shared." in page
    assert "/shared/" not in page


def test_who_has_the_link_reads_what_is_shown(client, whole):
    made = whole()
    address = shared(client, made)
    assert len(address.split("/")[2]) == 43
    page = page_of(address)
    assert "Quick &lt;sort&gt;" in page
    assert "And this?" in page
    assert "I can" in page
    # Of another branch, nothing.
    assert "Another one" not in page


def test_the_page_tells_nothing_of_the_person(client, whole, anna):
    User.objects.filter(pk=anna.pk).update(email="anna@example.org", name="Anna Example")
    made = whole()
    page = page_of(shared(client, made))
    for secret in (
        "anna",
        "Anna",
        "Be brief",
        "Hm. 想一想",
        "Too short",
        "temperature",
        str(made.pk),
        "csrf",
    ):
        assert secret not in page, secret
    for message in made.messages.all():
        assert str(message.pk) not in page


def test_nobody_is_told_of_the_link(client, whole):
    made = whole()
    address = shared(client, made)
    file = made.messages.get(content="And this?").attachments.first()
    for path in (address, f"{address}files/{file.pk}"):
        answer = Client().get(path)
        assert answer.headers["X-Robots-Tag"] == "noindex, nofollow, noarchive"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "no-store" in answer.headers["Cache-Control"]
        assert "immutable" not in answer.headers["Cache-Control"]
        assert "sessionid" not in answer.cookies
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert Client().post(path).status_code == 405
    assert '<meta name="robots" content="noindex, nofollow, noarchive">' in page_of(address)


def test_what_is_said_later_is_not_shown_until_the_link_is_brought_up_to_date(client, whole):
    made = whole()
    address = shared(client, made)
    before = page_of(address)
    later = said(made, made.shown_leaf, "user", "Said later", 9)
    Conversation.objects.filter(pk=made.pk).update(shown_leaf=later, title="Another title")
    assert page_of(address) == before
    assert "Show what is here now" in client.get(f"/c/{made.pk}/carry").content.decode()
    assert shared(client, made) == address
    assert "Said later" in page_of(address)
    assert "Another title" in page_of(address)
    assert "Show what is here now" not in client.get(f"/c/{made.pk}/carry").content.decode()


def test_an_answer_that_is_continued_is_shown_as_it_was(client, whole):
    made = whole()
    address = shared(client, made)
    before = page_of(address)
    leaf = made.shown_leaf
    Generation.objects.create(
        conversation=made,
        message=leaf,
        client_id="more",
        requested_by=made.owner,
        model="other:7b",
        status="completed",
        reason="stop",
        process="test",
        begins_at=len(leaf.content),
        heartbeat=timezone.now(),
        queued_at=timezone.now() + timedelta(seconds=1),
    )
    Message.objects.filter(pk=leaf.pk).update(content="I can go on", html=render("I can go on"))
    assert page_of(address) == before
    assert "Show what is here now" in client.get(f"/c/{made.pk}/carry").content.decode()


def test_nothing_is_shared_while_an_answer_is_written(client, converse):
    made = converse(1)
    Generation.objects.filter(conversation=made).update(status="running")
    answer = client.post(f"/c/{made.pk}/share")
    assert answer.status_code == 400
    assert "An answer is still being written." in answer.content.decode()
    assert client.post(f"/c/{converse(0).pk}/share").status_code == 400
    assert not SharedLink.objects.exists()


def test_an_ended_link_leads_nowhere_and_a_new_one_is_another(client, whole):
    made = whole()
    first = shared(client, made)
    assert client.post(f"/c/{made.pk}/unshare").headers["Location"] == f"/c/{made.pk}/carry"
    assert Client().get(first).status_code == 404
    second = shared(client, made)
    assert second != first
    assert Client().get(first).status_code == 404


def test_the_account_page_lists_what_is_shared(client, whole):
    made = whole()
    assert "Shared conversations" not in client.get("/account/").content.decode()
    address = shared(client, made)
    page = client.get("/account/").content.decode()
    assert "Shared conversations" in page
    assert f'action="/c/{made.pk}/unshare"' in page
    gone = client.post(f"/c/{made.pk}/unshare", {"from": "account"})
    assert gone.headers["Location"] == "/account/#account-data"
    assert Client().get(address).status_code == 404


def deleted(client, made):
    client.post(f"/c/{made.pk}/delete")


def switched_off(client, made):
    User.objects.filter(pk=made.owner_id).update(is_active=False)


def without_leaf(client, made):
    made.shown_leaf.delete()


@pytest.mark.parametrize("happen", [deleted, switched_off, without_leaf])
def test_what_is_gone_is_not_shared(client, whole, happen):
    made = whole()
    address = shared(client, made)
    file = made.messages.get(content="And this?").attachments.first()
    happen(client, made)
    assert Client().get(address).status_code == 404
    assert Client().get(f"{address}files/{file.pk}").status_code == 404


def test_files_are_those_of_shared_messages_alone(client, whole, anna, eve):
    made = whole()
    address = shared(client, made)
    question = made.messages.get(content="And this?")
    for row in question.attachments.all():
        assert f"{address}files/{row.pk}" in page_of(address)
        assert Client().get(f"{address}files/{row.pk}").status_code == 200
        # Only through the link.
        assert Client().get(f"/attachments/{row.pk}").status_code == 302
    other = whole()
    for row in Attachment.objects.filter(messages__conversation=other):
        assert Client().get(f"{address}files/{row.pk}").status_code == 404
    # Of the same conversation, but of what is not shared.
    branch = said(made, None, "user", "Another branch")
    row = Attachment.objects.get(messages=question, name="notes.txt")
    row.messages.set([branch])
    assert Client().get(f"{address}files/{row.pk}").status_code == 404
    assert Client().get(f"{address}files/{uuid.uuid4()}").status_code == 404


@pytest.mark.parametrize(
    "token", ["x", "x" * 43, "-" * 43, "%00" * 43, "x" * 4000, "' OR 1=1 --", "../../c"], ids=range(7)
)
def test_made_up_tokens_lead_nowhere(client, whole, token):
    shared(client, whole())
    assert Client().get(f"/shared/{token}/").status_code == 404
    assert Client().get(f"/shared/{token}/files/{uuid.uuid4()}").status_code == 404


def test_a_long_conversation_comes_in_pages(client, converse, whole):
    made = converse(60)
    address = shared(client, made)
    page = page_of(address)
    assert page.count('class="message"') == 50
    assert "assistant 59" in page
    before = re.search(r'href="\?before=([0-9a-f-]+)"', page)
    assert before
    page = page_of(f"{address}?before={before[1]}")
    assert page.count('class="message"') == 50
    assert "To the end" in page
    other = whole().messages.first()
    hidden = said(made, None, "user", "Another branch")
    for pk in (other.pk, hidden.pk, uuid.uuid4(), "x"):
        assert Client().get(f"{address}?before={pk}").status_code == 404


@pytest.mark.parametrize("verb", ["share", "unshare"])
def test_only_its_person_shares(client, eve, whole, anna, verb):
    made = whole()
    shared(client, made)
    other = Client()
    other.force_login(eve)
    assert other.post(f"/c/{made.pk}/{verb}").status_code == 404
    assert other.post(f"/c/{uuid.uuid4()}/{verb}").status_code == 404
    assert Client().post(f"/c/{made.pk}/{verb}").status_code == 302
    assert client.get(f"/c/{made.pk}/{verb}").status_code == 405
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(anna)
    assert careful.post(f"/c/{made.pk}/{verb}").status_code == 403
    assert SharedLink.objects.filter(conversation=made).exists()


def test_a_link_is_no_part_of_an_export(client, whole, anna):
    from .bring import whole as all_of

    made = whole()
    address = shared(client, made)
    assert address.split("/")[2] not in str(all_of(anna))
