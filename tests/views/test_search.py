"""The page of the search: what may be asked, and what it answers to what cannot be."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from conversations.models import Conversation, Message, User
from conversations.search import index
from conversations.search.searching import PAGE_SIZE

Converse = Callable[..., Conversation]


@pytest.fixture
def orchids(converse: Converse) -> Conversation:
    """A conversation whose one question is about orchids."""
    return _indexed(converse(title="Orchids"), "orchid & <b>care</b>")


def _indexed(conversation: Conversation, text: str) -> Conversation:
    message = Message.objects.filter(conversation=conversation).order_by("created_at").first()
    assert message
    message.content = text
    message.save()
    entries = [index.title_entry(conversation), index.message_entry(message, conversation.owner_id, "m")]
    index.add(entries)
    return conversation


def get(client: Client, **query: str) -> str:
    response = client.get(reverse("search"), query)
    assert response.status_code == 200
    return response.content.decode()


def test_hits_lead_to_their_message_and_are_marked(client: Client, orchids: Conversation) -> None:
    html = get(client, q="orchid care")
    message = Message.objects.get(content__startswith="orchid")
    assert f'href="{orchids.get_absolute_url()}?m={message.pk}#m-{message.pk}"' in html
    assert "<mark>orchid</mark> &amp; &lt;b&gt;<mark>care</mark>&lt;/b&gt;" in html


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"since": "yesterday"}, "Enter a valid date."),
        ({"since": "2026-02-02", "until": "2026-02-01"}, "This day lies before the first one."),
        ({"role": "system"}, "Select a valid choice."),
        ({"kept": "x"}, "Select a valid choice."),
        ({"q": "x" * 201}, "at most 200 characters"),
        ({"model": "m" * 201}, "at most 200 characters"),
        ({"since": "0001-01-01"}, ""),
        ({"until": "9999-12-31"}, ""),
        ({"q": "a\0b"}, ""),
        ({"part": "other"}, ""),
    ],
)
def test_bad_input_is_told_beside_its_field(
    client: Client, orchids: Conversation, query: dict[str, str], says: str
) -> None:
    html = get(client, **{"q": "orchid", **query})
    assert says in html
    assert not says or "<mark>" not in html


@pytest.mark.parametrize("before", ["-1", "x", "9" * 40])
def test_a_page_that_nobody_was_sent_to_finds_nothing_and_breaks_nothing(
    client: Client, orchids: Conversation, before: str
) -> None:
    get(client, q="orchid", before=before)


def test_others_find_nothing_and_nobody_finds_only_the_login(
    client: Client, eve: User, orchids: Conversation
) -> None:
    other = Client()
    other.force_login(eve)
    assert "<mark>" not in get(other, q="orchid")
    assert other.get(reverse("find_in_conversation", args=[orchids.pk]), {"q": "orchid"}).status_code == 404
    assert Client().get(reverse("search")).status_code == 302


def test_messages_of_a_conversation_for_its_own_search(client: Client, orchids: Conversation) -> None:
    message = Message.objects.get(content__startswith="orchid")
    answer = client.get(reverse("find_in_conversation", args=[orchids.pk]), {"q": "orchid"})
    assert answer.json() == {"messages": [str(message.pk)], "more": False}
    assert client.get(reverse("find_in_conversation", args=[orchids.pk])).json()["messages"] == []


@pytest.mark.parametrize(
    ("asked", "is_offered"),
    [
        ({"q": "orchid"}, True),
        ({"part": "form"}, True),
        ({"part": "form", "q": "orchid"}, False),
        ({"part": "other", "q": "orchid"}, True),
    ],
)
def test_models_to_choose_from_are_looked_up_once_and_not_with_every_key(
    client: Client, orchids: Conversation, asked: dict[str, str], is_offered: bool
) -> None:
    Conversation.objects.filter(pk=orchids.pk).update(model="bloom:1b")
    response = client.get(reverse("search"), asked)
    assert ('value="bloom:1b"' in response.content.decode()) == is_offered


def test_further_back_goes_on_with_the_same_question(client: Client, anna: User) -> None:
    conversation = Conversation.objects.create(owner=anna, title="t", updated_at=timezone.now())
    rows = [
        Message(conversation=conversation, role="user", content=f"orchid {n}", created_at=timezone.now())
        for n in range(PAGE_SIZE + 5)
    ]
    Message.objects.bulk_create(rows)
    index.add([index.message_entry(row, anna.pk, "m") for row in rows])
    response = client.get(reverse("search"), {"q": "orchid", "role": "user", "part": "form"})
    address = response.context["next_page"]
    assert "role=user" in address
    assert "part" not in address
    further = client.get(f"{address}&part=results")
    assert further.content.decode().count('class="hit"') == 5
    assert "<form" not in further.content.decode()


def test_the_page_costs_the_same_however_much_there_is(client: Client, converse: Converse) -> None:
    _indexed(converse(title="orchid"), "orchid")
    get(client, q="orchid")
    with CaptureQueriesContext(connection) as few:
        get(client, q="orchid")
    for _ in range(15):
        _indexed(converse(title="orchid"), "orchid")
    with CaptureQueriesContext(connection) as many:
        get(client, q="orchid")
    # PostgreSQL looks once more where the newest rows hold fewer than a page.
    assert len(many) <= len(few)
