"""The list of conversations: its days and its pages."""

import re
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from conversations.lists import Place
from conversations.models import Conversation, User
from conversations.querysets import ConversationQuerySet
from conversations.services import conversations as services
from conversations.views.sidebar import label

Converse = Callable[..., Conversation]
TODAY = date(2026, 3, 10)


@pytest.mark.parametrize(
    ("days", "name"),
    [
        (-1, "Today"),
        (0, "Today"),
        (1, "Yesterday"),
        (2, "Previous 7 days"),
        (7, "Previous 7 days"),
        (8, "Previous 30 days"),
        (30, "Previous 30 days"),
        (31, "February 2026"),
        (400, "February 2025"),
    ],
)
def test_names_of_groups(days: int, name: str) -> None:
    assert label(TODAY - timedelta(days=days), TODAY) == name


def groups(client: Client, **query: str) -> list[str]:
    html = client.get(reverse("conversation_list"), query).content.decode()
    return re.findall(r"<h2>([^<]*)</h2>", html)


@pytest.fixture
def at_noon(monkeypatch: pytest.MonkeyPatch, converse: Converse) -> None:
    """It is noon in Greenwich and 2 o'clock of the next day in Kiritimati; a conversation is 2.5 hours old."""
    noon = datetime(2026, 3, 10, 12, tzinfo=UTC)
    monkeypatch.setattr("django.utils.timezone.now", lambda: noon)
    converse(at=noon - timedelta(hours=2.5))


@pytest.mark.usefixtures("at_noon")
@pytest.mark.parametrize(("zone", "name"), [("UTC", "Today"), ("Pacific/Kiritimati", "Yesterday")])
def test_a_day_begins_at_the_persons_own_midnight(client: Client, anna: User, zone: str, name: str) -> None:
    anna.time_zone = zone
    anna.save()
    client.cookies["timezone"] = "Asia/Shanghai"
    assert groups(client) == [name]


@pytest.mark.usefixtures("at_noon")
@pytest.mark.parametrize(("zone", "name"), [("UTC", "Today"), ("Pacific/Kiritimati", "Yesterday")])
def test_without_a_choice_the_browsers_time_zone_counts(client: Client, zone: str, name: str) -> None:
    client.cookies["timezone"] = zone
    assert groups(client) == [name]


@pytest.mark.parametrize("zone", ["Nowhere/Atlantis", "../../etc/passwd", "America", "", "x" * 5000])
def test_a_cookie_that_is_no_time_zone_does_no_harm(client: Client, converse: Converse, zone: str) -> None:
    converse()
    client.cookies["timezone"] = zone
    assert groups(client) == ["Today"]


def test_pages_of_fifty_follow_each_other_without_a_gap(client: Client, converse: Converse) -> None:
    now = timezone.now()
    for number in range(120):
        converse(0, title=f"<{number}>", at=now - timedelta(minutes=number // 3))
    seen: list[str] = []
    query: dict[str, str] = {}
    for size in (50, 50, 20):
        html = client.get(reverse("conversation_list"), query).content.decode()
        titles = re.findall(r"&lt;(\d+)&gt;", html)
        assert len(titles) == size
        seen += titles
        following = re.search(r"\?before=([0-9a-f.-]+)", html)
        query = {"before": following[1]} if following else {}
    assert not query
    assert len(set(seen)) == 120


def test_the_list_holds_only_what_is_mine_and_there(client: Client, converse: Converse, eve: User) -> None:
    converse(title="Mine")
    converse(title="Eves", owner=eve)
    gone = converse(title="Deleted")
    client.post(reverse("conversation_delete", args=[gone.pk]))
    html = client.get(reverse("conversation_list")).content.decode()
    assert "Mine" in html
    assert "Eves" not in html
    assert "Deleted" not in html


@pytest.mark.parametrize(
    "place",
    [
        "x",
        "1",
        "2.1764353353123456.00000000-0000-4000-8000-000000000000",
        "0.1764353353123456.x",
        "0.-764353353123456.00000000-0000-4000-8000-000000000000",
        "\x00",
        "0.１７６４３５３３５３１２３４５６.x",
    ],
)
def test_a_place_that_is_none_does_not_exist(client: Client, place: str) -> None:
    for page in ("conversation_list", "archived"):
        assert client.get(reverse(page), {"before": place}).status_code == 404


def test_the_list_goes_on_where_it_ended_whatever_became_of_its_last_one(
    client: Client, converse: Converse
) -> None:
    now = timezone.now()
    rows = [converse(0, title=f"<{number}>", at=now - timedelta(minutes=number)) for number in range(60)]
    html = client.get(reverse("conversation_list")).content.decode()
    before = html_of_next(html)
    client.post(reverse("conversation_delete", args=[rows[49].pk]))
    following = client.get(reverse("conversation_list"), {"before": before}).content.decode()
    assert re.findall(r"&lt;(\d+)&gt;", following) == [str(number) for number in range(50, 60)]


def html_of_next(html: str) -> str:
    found = re.search(r"\?before=([0-9a-f.-]+)", html)
    assert found
    return found[1]


def test_pinned_ones_stand_on_top_and_page_like_the_others(client: Client, converse: Converse) -> None:
    now = timezone.now()
    for number in range(130):
        found = converse(0, title=f"<{number}>", at=now - timedelta(days=number))
        if number % 2:
            services.pin(found.owner, found.pk)
    seen: list[str] = []
    query: dict[str, str] = {}
    for names in (["Pinned"], ["Pinned", "Today"], None):
        html = client.get(reverse("conversation_list"), query).content.decode()
        found_names = re.findall(r"<h2>([^<]*)</h2>", html)
        assert names is None or found_names[: len(names)] == names
        seen += re.findall(r"&lt;(\d+)&gt;", html)
        query = {"before": html_of_next(html)} if "?before=" in html else {}
    assert not query
    assert seen == [str(number) for number in [*range(1, 130, 2), *range(0, 130, 2)]]


@pytest.mark.parametrize(
    ("size", "shown"), [("0", 50), ("70", 70), ("9999999", 80), ("-1", 50), ("x", 50), ("9" * 99, 50)]
)
def test_as_much_is_read_again_as_was_there_within_bounds(
    client: Client, converse: Converse, monkeypatch: pytest.MonkeyPatch, size: str, shown: int
) -> None:
    monkeypatch.setattr("conversations.views.sidebar.MAX_SIZE", 80)
    for _ in range(90):
        converse(0)
    html = client.get(reverse("conversation_list"), {"size": size}).content.decode()
    assert html.count('class="entry"') == shown


def fill(owner: User, count: int) -> None:
    """Make so many conversations of each kind: plain, pinned, archived, deleted."""
    now = timezone.now()
    kinds: list[dict[str, object]] = [{}, {"pinned": True}, {"archived_at": now}, {"deleted_at": now}]
    Conversation.objects.bulk_create(
        Conversation(owner=owner, title=f"{number}", updated_at=now - timedelta(minutes=number), **kind)
        for number in range(count)
        for kind in kinds
    )


def test_thousands_cost_no_more_queries_than_a_few(
    client: Client, anna: User, django_assert_max_num_queries: Callable[..., AbstractContextManager[object]]
) -> None:
    fill(anna, 3)
    client.get(reverse("conversation_list"))
    places = [
        str(Place(pinned, timezone.now() - timedelta(days=1), uuid.uuid4())) for pinned in (True, False)
    ]
    for count in (3, 2000):
        fill(anna, count)
        for page, queries in (("conversation_list", 4), ("archived", 3)):
            for query in ({}, *({"before": place} for place in places)):
                with django_assert_max_num_queries(queries):
                    assert client.get(reverse(page), query).status_code == 200


@pytest.mark.parametrize(
    ("index", "rows"),
    [
        ("conversation_list", lambda rows: rows.listed(pinned=False)),
        ("conversation_pinned", lambda rows: rows.listed(pinned=True)),
        ("conversation_archived", lambda rows: rows.archived()),
    ],
)
def test_each_part_of_the_list_is_read_in_the_order_of_its_index(
    anna: User, eve: User, index: str, rows: Callable[[ConversationQuerySet], ConversationQuerySet]
) -> None:
    fill(anna, 500)
    fill(eve, 3000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    field = "archived_at" if index == "conversation_archived" else "updated_at"
    start = rows(Conversation.objects.for_user(anna))
    at = timezone.now() - timedelta(minutes=250)
    for part in (start, start.behind(field, at, uuid.uuid4())):
        plan = part[:51].explain()
        assert index in plan, plan
        assert not re.search("Sort|TEMP B-TREE FOR ORDER|SCAN conversations_conversation", plan), plan
