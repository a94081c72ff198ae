"""What each address answers, to whom, and at what cost."""

import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from conversations.models import Conversation, Generation, Message, User

Converse = Callable[..., Conversation]
FETCH: Any = {"headers": {"Accept": "application/json"}}


def page(client: Client, conversation: Conversation) -> str:
    answer = client.get(conversation.get_absolute_url())
    assert answer.status_code == 200
    return answer.content.decode()


def test_without_an_administrator_home_tells_how_to_make_one(db: None) -> None:
    answer = Client().get("/")
    assert answer.status_code == 200
    assert "setup/needed.html" in [template.name for template in answer.templates]


def test_home_asks_a_stranger_to_log_in(admin: User) -> None:
    answer = Client().get("/")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/")


def test_home_greets_and_offers_a_fresh_signed_conversation(client: Client) -> None:
    first, second = (client.get("/").content.decode() for _ in range(2))
    assert "Hello, Anna." in first
    ids = [re.search(r'data-conversation="([^"]+)"', html)[1] for html in (first, second)]  # type: ignore[index]
    assert uuid.UUID(ids[0]) != uuid.UUID(ids[1])
    assert re.search(r'data-new="[^"]{20,}"', first)
    assert not Conversation.objects.exists()


def test_a_conversation_is_readable_without_scripts(client: Client, converse: Converse) -> None:
    html = page(client, converse(2))
    assert '<div class="bubble" lang="en" dir="auto">user 1</div>' in html
    assert "<p>assistant 1</p>" in html
    assert "Stopped." in html


def test_a_question_is_shown_as_it_was_typed(client: Client, converse: Converse) -> None:
    conversation = converse()
    Message.objects.filter(role="user").update(content="<script>alert(1)</script> 你好")
    assert "&lt;script&gt;alert(1)&lt;/script&gt; 你好" in page(client, conversation)


def test_a_running_answer_is_marked(client: Client, converse: Converse) -> None:
    conversation = converse()
    Generation.objects.update(status="running", reason="")
    html = page(client, conversation)
    assert 'data-status="running"' in html
    assert "data-running" in html


def test_a_long_conversation_opens_at_its_end_and_earlier_pages_follow(
    client: Client, converse: Converse
) -> None:
    conversation = converse(40)
    html = page(client, conversation)
    assert html.count('data-id="') - html.count('data-id=""') == 50 + 1
    assert ">assistant 39<" in html
    assert ">user 14<" not in html
    before = re.search(r"\?before=([0-9a-f-]+)", html)[1]  # type: ignore[index]
    address = reverse("conversation_messages", args=[conversation.pk])
    earlier = client.get(address, {"before": before}).content.decode()
    assert earlier.count('class="message"') == 30
    assert ">user 14<" in earlier
    assert "?before=" not in earlier
    assert ">user 14<" in client.get(conversation.get_absolute_url(), {"before": before}).content.decode()


def test_one_message_and_its_source(client: Client, converse: Converse) -> None:
    conversation = converse(2)
    address = reverse("conversation_messages", args=[conversation.pk])
    only = client.get(address, {"only": str(conversation.shown_leaf_id)})
    assert only.content.decode().count('class="message"') == 1
    source = client.get(address, {"source": str(conversation.shown_leaf_id)})
    assert source.content.decode() == "assistant 1"
    assert source["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize("name", ["before", "only", "source"])
def test_messages_of_others_and_nonsense_are_not_found(
    client: Client, converse: Converse, eve: User, name: str
) -> None:
    own, foreign = converse(), converse(owner=eve)
    address = reverse("conversation_messages", args=[own.pk])
    for value in (foreign.shown_leaf_id, uuid.uuid4(), "nonsense", "../.."):
        assert client.get(address, {name: str(value)}).status_code == 404


def test_a_foreign_a_deleted_and_a_missing_conversation_look_alike(
    client: Client, converse: Converse, eve: User
) -> None:
    deleted = converse()
    client.post(reverse("conversation_delete", args=[deleted.pk]))
    pages = []
    for pk in (converse(owner=eve).pk, deleted.pk, uuid.uuid4()):
        for name in ("conversation", "conversation_messages"):
            answer = client.get(reverse(name, args=[pk]))
            assert answer.status_code == 404
            pages.append(re.sub(r'value="[^"]*"|[0-9a-f-]{36}/?(messages)?', "", answer.content.decode()))
    assert len(set(pages)) == 1
    assert "There is nothing here" in pages[0]


def test_rename_delete_and_restore_by_form(client: Client, converse: Converse) -> None:
    conversation = converse()
    renamed = client.post(reverse("conversation_rename", args=[conversation.pk]), {"title": " New  name "})
    assert renamed["Location"] == conversation.get_absolute_url()
    conversation.refresh_from_db()
    assert conversation.title == "New name"
    deleted = client.post(reverse("conversation_delete", args=[conversation.pk]))
    assert deleted["Location"] == f"/?deleted={conversation.pk}"
    assert "Deleted “New name”." in client.get(deleted["Location"]).content.decode()
    restored = client.post(reverse("conversation_restore", args=[conversation.pk]))
    assert restored["Location"] == conversation.get_absolute_url()
    assert "Deleted" not in client.get(deleted["Location"]).content.decode()


def test_rename_delete_and_restore_by_script(client: Client, converse: Converse) -> None:
    conversation = converse()
    address = reverse("conversation_rename", args=[conversation.pk])
    assert client.post(address, {"title": "新名字"}, **FETCH).json()["title"] == "新名字"
    refused = client.post(address, {"title": "x" * 201}, **FETCH)
    assert refused.status_code == 400
    assert refused.json()["code"] == "too_long"
    for name in ("delete", "restore"):
        answer = client.post(reverse(f"conversation_{name}", args=[conversation.pk]), **FETCH)
        assert "address" in answer.json()


def test_deleting_stops_what_runs(client: Client, converse: Converse, anna: User) -> None:
    conversation = converse()
    Generation.objects.update(status="running", reason="")
    client.post(reverse("conversation_delete", args=[conversation.pk]))
    assert Generation.objects.get().stop_requested_by == anna


@pytest.mark.parametrize(
    ("name", "field", "left_by"), [("pin", "pinned", "pinned"), ("archive", "archived", "archived_at")]
)
def test_pin_and_archive_and_back_by_form_and_by_script(
    client: Client, converse: Converse, name: str, field: str, left_by: str
) -> None:
    conversation = converse()
    address = reverse(f"conversation_{name}", args=[conversation.pk])
    was = getattr(conversation, left_by)
    for value in ("1", "1", "0", "0"):
        before = conversation.updated_at
        assert client.post(address, {field: value})["Location"] == conversation.get_absolute_url()
        answer = client.post(address, {field: value}, headers={"Accept": "application/json"})
        assert answer.json() == {"address": conversation.get_absolute_url()}
        conversation.refresh_from_db()
        assert bool(getattr(conversation, left_by)) == (value == "1")
        assert conversation.updated_at == before
    assert getattr(conversation, left_by) == was
    for nonsense in ({}, {field: ""}, {field: "2"}, {field: "on"}):
        assert client.post(address, nonsense).status_code == 400


def test_what_is_archived_leaves_the_list_and_can_be_read_and_brought_back(
    client: Client, converse: Converse
) -> None:
    conversation = converse(title="Old plans")
    client.post(reverse("conversation_archive", args=[conversation.pk]), {"archived": "1"})
    assert "Old plans" not in client.get(reverse("conversation_list")).content.decode()
    html = client.get(reverse("archived")).content.decode()
    assert "Old plans" in html
    assert "data-archived" in client.get(conversation.get_absolute_url()).content.decode()
    form = {"archived": "0", "back": "archived"}
    answer = client.post(reverse("conversation_archive", args=[conversation.pk]), form)
    assert answer["Location"] == reverse("archived")
    assert "Old plans" not in client.get(answer["Location"]).content.decode()
    assert "Old plans" in client.get(reverse("conversation_list")).content.decode()
    assert "data-archived" not in client.get(conversation.get_absolute_url()).content.decode()


def test_an_archived_one_is_deleted_and_restored_without_scripts(client: Client, converse: Converse) -> None:
    conversation = converse(title="Old plans")
    client.post(reverse("conversation_archive", args=[conversation.pk]), {"archived": "1"})
    answer = client.post(reverse("conversation_delete", args=[conversation.pk]), {"back": "archived"})
    assert answer["Location"] == f"{reverse('archived')}?deleted={conversation.pk}"
    page = client.get(answer["Location"]).content.decode()
    assert "Deleted “Old plans”." in page
    assert "<li>" not in page
    client.post(reverse("conversation_restore", args=[conversation.pk]))
    assert "Old plans" in client.get(reverse("archived")).content.decode()


def test_archived_ones_page_in_the_order_in_which_they_were_archived(
    client: Client, converse: Converse, eve: User
) -> None:
    now = timezone.now()
    for number in range(60):
        row = converse(0, title=f"<{number}>")
        Conversation.objects.filter(pk=row.pk).update(archived_at=now - timedelta(minutes=number // 3))
    row = converse(0, title="<eve>", owner=eve)
    Conversation.objects.filter(pk=row.pk).update(archived_at=now)
    first = client.get(reverse("archived")).content.decode()
    following = re.search(r"\?before=([0-9a-f.-]+)", first)
    assert following
    second = client.get(reverse("archived"), {"before": following[1]}).content.decode()
    assert 'href="?before=' not in second
    titles = [set(re.findall(r'dir="auto">&lt;(\w+)&gt;', html)) for html in (first, second)]
    assert [len(page) for page in titles] == [50, 10]
    assert titles[0] | titles[1] == {str(number) for number in range(60)}


@pytest.mark.parametrize("name", ["rename", "delete", "restore", "pin", "archive"])
def test_nobody_changes_what_is_not_theirs(client: Client, converse: Converse, eve: User, name: str) -> None:
    foreign = converse(owner=eve)
    if name == "restore":
        foreign.deleted_at = foreign.updated_at
        foreign.save()
    before = Conversation.objects.values().get()
    form = {"title": "Mine", "pinned": "1", "archived": "1"}
    for pk in (foreign.pk, uuid.uuid4()):
        answer = client.post(reverse(f"conversation_{name}", args=[pk]), form)
        assert answer.status_code == 404
    assert Conversation.objects.values().get() == before


@pytest.mark.parametrize("name", ["rename", "delete", "restore", "pin", "archive"])
def test_changes_need_post_and_the_sites_own_token(anna: User, converse: Converse, name: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(anna)
    address = reverse(f"conversation_{name}", args=[converse().pk])
    assert client.get(address).status_code == 405
    answer = client.post(address, {"title": "No token"})
    assert answer.status_code == 403
    assert "open for too long" in answer.content.decode()


def test_every_page_costs_the_same_number_of_queries(client: Client, converse: Converse) -> None:
    small = converse(1)
    # The first page of a browser notes that it is here.
    _queries(client, small)
    counts = {_queries(client, small)}
    large = converse(60)
    for _ in range(60):
        converse(0)
    counts |= {_queries(client, small), _queries(client, large)}
    assert len(counts) == 1
    assert counts.pop() <= 13


def _queries(client: Client, conversation: Conversation) -> int:
    with CaptureQueriesContext(connection) as queries:
        page(client, conversation)
    return len(queries)


def test_nothing_is_inline(client: Client, converse: Converse) -> None:
    for html in (client.get("/").content.decode(), page(client, converse()), _not_found(client)):
        assert not re.search(r"\sstyle=|\son\w+=|javascript:", html)
        for attributes, body in re.findall(r"<script([^>]*)>(.*?)</script>", html, re.DOTALL):
            assert not body.strip() or 'type="application/json"' in attributes


def _not_found(client: Client) -> str:
    answer = client.get("/nowhere")
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    return answer.content.decode()


LINE = "The model no longer sees"


def lines(client: Client, conversation: Conversation, query: str = "") -> list[str]:
    """Return the words of the question below each line that the page draws."""
    html = client.get(f"{conversation.get_absolute_url()}messages{query}").content.decode()
    return [re.search(r'class="bubble"[^>]*>([^<]*)', part)[1] for part in html.split(LINE)[1:]]  # type: ignore[index]


def begun(conversation: Conversation, start: int | None, leaf: Message | None = None, **fields: Any) -> None:
    """Let the call for the last answer, or that for `leaf`, have begun with the question of turn `start`."""
    first = None if start is None else conversation.messages.get(content=f"user {start}")
    calls = Generation.objects.filter(message=leaf or conversation.shown_leaf)
    values: dict[str, Any] = {"history_start": first, "first_token_at": timezone.now(), **fields}
    assert calls.update(**values)


def test_the_page_says_from_where_on_the_model_sees_the_conversation(
    client: Client, converse: Converse
) -> None:
    conversation = converse(3)
    assert lines(client, conversation) == []
    begun(conversation, 1)
    assert lines(client, conversation) == ["user 1"]
    assert page(client, conversation).count(LINE) == 2  # one of them in the template of the browser


def test_the_line_is_that_of_the_newest_answer_that_was_begun(client: Client, converse: Converse) -> None:
    conversation = converse(3)
    earlier = conversation.messages.get(content="assistant 1")
    begun(conversation, 1, leaf=earlier)
    begun(conversation, None, first_token_at=None)
    assert lines(client, conversation) == ["user 1"]
    begun(conversation, None)
    assert lines(client, conversation) == []
    conversation.shown_leaf = earlier
    conversation.save()
    assert lines(client, conversation) == ["user 1"]


def test_the_line_is_drawn_where_its_message_is_loaded(client: Client, converse: Converse) -> None:
    conversation = converse(40)
    begun(conversation, 2)
    assert lines(client, conversation) == []
    first = conversation.messages.get(content="user 15")
    assert lines(client, conversation, f"?before={first.pk}") == ["user 2"]
    only = conversation.messages.get(content="user 2")
    assert lines(client, conversation, f"?only={only.pk}") == []
