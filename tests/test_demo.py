"""`manage.py seed_demo`: a made-up site is like one that people have filled."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Count
from django.test import Client
from django.urls import reverse

from conversations.demo.texts import ABSENT, COMMON, RARE
from conversations.models import Conversation, Generation, Message, SearchEntry, User
from conversations.rendering import render
from conversations.search.searching import Filters, search

pytestmark = pytest.mark.django_db
SIZES = {"users": 4, "conversations": 30, "messages": 4000}


@pytest.fixture
def said() -> str:
    """What the command says that has filled the site."""
    out = io.StringIO()
    call_command("seed_demo", stdout=out, **SIZES)
    return out.getvalue()


def test_there_is_as_much_as_was_wanted_and_one_conversation_is_long(said: str) -> None:
    first = User.objects.get(username="demo1")
    lengths = (
        Conversation.objects.filter(owner=first).annotate(n=Count("messages")).values_list("n", flat=True)
    )
    assert len(lengths) == SIZES["conversations"]
    assert User.objects.count() == SIZES["users"]
    assert SIZES["messages"] - 10 <= Message.objects.count() <= SIZES["messages"]
    assert sum(lengths) == 0.9 * SIZES["messages"]
    last = User.objects.get(username=f"demo{SIZES['users']}")
    assert Message.objects.filter(conversation__owner=last).count() == 20


def test_it_is_like_what_people_write_and_the_site_keeps(said: str) -> None:
    for answer in Message.objects.filter(role=Message.Role.ASSISTANT)[:50]:
        assert answer.html == render(answer.content)
        assert answer.parent is not None
        assert answer.parent.role == Message.Role.USER
    assert Generation.objects.count() == Message.objects.filter(role=Message.Role.ASSISTANT).count()
    assert SearchEntry.objects.count() == Message.objects.count() + Conversation.objects.count()
    chinese = Message.objects.filter(content__contains=COMMON[1]).count()
    english = Message.objects.filter(content__contains=COMMON[0]).count()
    assert 0.5 < (chinese + english) / Message.objects.count() < 0.7
    first = User.objects.get(username="demo1")
    assert all(search(first, word, Filters()).messages for word in (*COMMON, *RARE))
    assert not any(search(first, word, Filters()).messages for word in ABSENT)


def test_its_people_can_log_in_and_see_their_conversations(said: str) -> None:
    User.objects.create_superuser("admin", password="x")
    password = said.rsplit("password ", 1)[1].split(":", 1)[0]
    client = Client()
    assert client.login(username="demo1", password=password)
    assert client.get(reverse("home")).content.count(b'class="entry"') == SIZES["conversations"]


def test_where_such_people_are_nothing_is_added(said: str) -> None:
    before = Message.objects.count()
    with pytest.raises(CommandError, match="nothing was added"):
        call_command("seed_demo", stdout=io.StringIO(), **SIZES)
    assert Message.objects.count() == before


@pytest.mark.parametrize("wrong", [{"users": 0}, {"conversations": 0}, {"messages": 3}, {"messages": -4}])
def test_what_cannot_be_is_told(wrong: dict[str, int]) -> None:
    with pytest.raises(CommandError, match="at least"):
        call_command("seed_demo", stdout=io.StringIO(), **SIZES | wrong)
    assert User.objects.count() == 0
