"""Opening a conversation at one of its messages, and reading on from there both ways."""

import re
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from conversations.models import Conversation, Message, User
from conversations.services import branches

Converse = Callable[..., Conversation]


def grow(conversation: Conversation, parent: Message | None, count: int, word: str = "m") -> list[Message]:
    """Put so many messages below `parent`, later than whatever is there, and show the last one."""
    now = timezone.now()
    rows: list[Message] = []
    for number in range(count):
        above = rows[-1] if rows else parent
        role = "assistant" if above and above.role == "user" else "user"
        rows.append(
            Message(
                conversation=conversation,
                parent=above,
                role=role,
                content=f"{word}-{number}",
                html=f"<p>{word}-{number}</p>",
                created_at=now + timedelta(microseconds=number),
            )
        )
    Message.objects.bulk_create(rows)
    Conversation.objects.filter(pk=conversation.pk).update(shown_leaf=rows[-1])
    return rows


@pytest.fixture
def long(anna: User) -> Conversation:
    """A conversation without messages."""
    return Conversation.objects.create(owner=anna, title="Long", updated_at=timezone.now())


def read(client: Client, conversation: Conversation, **query: object) -> str:
    """Return the messages of a page."""
    html = _get(client, conversation.get_absolute_url(), query)
    return html[html.index('id="messages"') : html.index('class="dock"')]


def part(client: Client, conversation: Conversation, **query: object) -> str:
    """Return messages as a page's modules fetch them."""
    return _get(client, reverse("conversation_messages", args=[conversation.pk]), query)


def _get(client: Client, address: str, query: dict[str, object]) -> str:
    answer = client.get(address, {name: str(value) for name, value in query.items()})
    assert answer.status_code == 200
    return answer.content.decode()


def ids(html: str) -> list[str]:
    return re.findall(r'id="m-([0-9a-f-]{36})"', html)


def link(html: str, name: str) -> str:
    found = re.search(rf"\?{name}=([0-9a-f-]+)", html)
    return found[1] if found else ""


def marks(html: str) -> set[str]:
    found = re.search(r'<p id="window"[^>]*>', html)
    return set(re.findall(r"data-(apart|elsewhere)\b", found[0])) if found else {"none"}


def test_a_message_in_the_middle_is_shown_with_what_stands_around_it(
    client: Client, long: Conversation
) -> None:
    rows = [str(row.pk) for row in grow(long, None, 500)]
    html = read(client, long, m=rows[200])
    shown = ids(html)
    assert shown == rows[176:226]
    assert f'data-at="{rows[200]}"' in html
    assert marks(html) == {"apart"}
    # Both ways on, page by page, without a gap, to the first and to the last.
    while before := link(html, "before"):
        html = part(client, long, before=before)
        assert "?after=" not in html
        shown = ids(html) + shown
    after = shown[-1]
    while after:
        html = part(client, long, after=after)
        assert "?before=" not in html
        assert marks(html) == {"none"}
        shown += ids(html)
        after = link(html, "after")
    assert shown == rows


@pytest.mark.parametrize(
    ("place", "first", "apart"), [(0, 0, True), (10, 0, True), (499, 450, False), (460, 450, False)]
)
def test_a_message_near_an_end_is_shown_with_that_end(
    client: Client, long: Conversation, place: int, first: int, apart: bool
) -> None:
    rows = [str(row.pk) for row in grow(long, None, 500)]
    html = read(client, long, m=rows[place])
    assert rows[first] == ids(html)[0]
    assert rows[place] in ids(html)
    assert marks(html) == ({"apart"} if apart else set())
    assert bool(link(html, "after")) == apart
    assert (ids(html)[-1] == rows[-1]) == (not apart)


def test_the_way_down_is_the_shown_one_though_there_are_newer_versions(
    client: Client, long: Conversation
) -> None:
    first = grow(long, None, 100, "old")
    grow(long, first[59], 100, "new")
    branches.select(long.owner, long.pk, first[60].pk)
    html = read(client, long, m=first[30].pk)
    after = link(html, "after")
    assert [*ids(html), *ids(part(client, long, after=after))] == [str(row.pk) for row in first[6:100]]


def test_a_message_on_another_branch_is_shown_there(client: Client, long: Conversation) -> None:
    first = grow(long, None, 100, "old")
    second = grow(long, first[49], 120, "new")
    grow(long, first[9], 1, "newest")
    html = read(client, long, m=second[60].pk)
    assert marks(html) == {"apart", "elsewhere"}
    assert ids(html) == [str(row.pk) for row in second[36:86]]
    assert ids(part(client, long, after=link(html, "after"))) == [str(row.pk) for row in second[86:]]
    # Above where they part the way is the same.
    assert ids(part(client, long, before=second[0].pk)) == [str(row.pk) for row in first[:50]]
    shown = Conversation.objects.get(pk=long.pk).shown_leaf
    assert shown is not None
    assert shown.content == "newest-0"


def test_without_scripts_each_page_leads_both_ways(client: Client, long: Conversation) -> None:
    rows = [str(row.pk) for row in grow(long, None, 200)]
    for query in ({"before": rows[100]}, {"after": rows[49]}):
        html = read(client, long, **query)
        assert ids(html) == rows[50:100]
        assert (link(html, "before"), link(html, "after")) == (rows[50], rows[99])
    assert link(read(client, long), "after") == ""
    assert ids(read(client, long, after=rows[-1])) == []


def test_what_is_not_there_is_not_found(client: Client, converse: Converse, eve: User) -> None:
    mine, other = converse(), converse(owner=eve)
    assert other.shown_leaf is not None
    for name in ("m", "before", "after"):
        for value in (other.shown_leaf.pk, uuid.uuid4(), "x", "\x00"):
            for address in (mine.get_absolute_url(), reverse("conversation_messages", args=[mine.pk])):
                assert client.get(address, {name: str(value)}).status_code == 404


def test_a_place_in_ten_thousand_messages_costs_as_many_queries_as_one_in_sixty(
    client: Client, long: Conversation, anna: User
) -> None:
    short = Conversation.objects.create(owner=anna, title="Short", updated_at=timezone.now())
    rows = {pk: grow(found, None, size) for pk, found, size in ((1, short, 120), (2, long, 10_000))}
    counts: dict[str, set[int]] = {}
    # The first page of all reads what a process keeps.
    read(client, short)
    for pk, found in ((1, short), (2, long)):
        for name, place in (("m", 40), ("m", -1), ("before", 90), ("after", 10)):
            with CaptureQueriesContext(connection) as queries:
                read(client, found, **{name: rows[pk][place].pk})
            counts.setdefault(f"{name} {place}", set()).add(len(queries))
    assert all(len(found) == 1 for found in counts.values()), counts
