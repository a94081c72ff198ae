"""The list of conversations: its days and its pages."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from conversations.models import Conversation, User
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
        following = re.search(r"\?before=([0-9a-f-]+)", html)
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
    assert client.get(reverse("conversation_list"), {"before": str(gone.pk)}).status_code == 404
