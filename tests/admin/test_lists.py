"""The lists: what they show and find."""

import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse

from tests.admin import rows


def _list(client: Client, name: str, **query: Any) -> Any:
    answer = client.get(reverse(f"admin:conversations_{name}_changelist"), query)
    assert answer.status_code == 200
    return answer


def _found(client: Client, name: str, **query: Any) -> set[UUID]:
    return set(_list(client, name, **query).context["cl"].queryset.values_list("pk", flat=True))


def test_conversations_are_listed_with_owner_messages_and_newest_answer(root, owner):
    conversation = rows.conversation(owner, "春天的诗", model="internlm2:1.8b")
    rows.exchange(conversation)
    rows.exchange(conversation, status="failed", reason="stalled")
    text = _list(root, "conversation").text
    for words in ("春天的诗", "小明", "internlm2:1.8b", '<td class="field-message_count">4</td>', "failed"):
        assert words in text


def test_conversations_are_found_by_title_owner_and_id(root, owner):
    conversation = rows.conversation(owner, "Quicksort in Python")
    rows.conversation(rows.person("another"), "Poem")
    for words in ("quicksort", "小明", "王小", str(conversation.pk), conversation.pk.hex):
        assert _found(root, "conversation", q=words) == {conversation.pk}


def test_conversations_are_filtered(root, owner):
    failed = rows.conversation(owner)
    rows.exchange(failed)
    rows.exchange(failed, status="failed", reason="stalled")
    completed = rows.conversation(rows.person("another"))
    rows.exchange(completed)
    deleted = rows.conversation(owner, deleted_at=rows.START)
    assert _found(root, "conversation", newest="failed") == {failed.pk}
    assert _found(root, "conversation", newest="completed") == {completed.pk}
    running = rows.conversation(rows.person("third"))
    rows.exchange(running, status="running", reason="")
    assert _found(root, "conversation", newest="running") == {running.pk}
    running.delete()
    assert _found(root, "conversation", owner__id__exact=owner.pk) == {failed.pk, deleted.pk}
    assert _found(root, "conversation", place="deleted") == {deleted.pk}
    assert _found(root, "conversation", place="listed") == {failed.pk, completed.pk}


def test_generations_are_found_and_filtered(root, owner):
    conversation = rows.conversation(owner)
    call = rows.exchange(conversation, model="qwen3:0.6b", status="failed", reason="stalled")
    rows.exchange(rows.conversation(rows.person("another")))
    for query in (
        {"q": "qwen3"},
        {"q": "小明"},
        {"q": str(conversation.pk)},
        {"q": str(call.message_id)},
        {"status__exact": "failed"},
        {"reason": "stalled"},
        {"model": "qwen3:0.6b"},
        {"requested_by__id__exact": owner.pk},
    ):
        assert _found(root, "generation", **query) == {call.pk}


def test_generations_are_listed_with_their_figures(root, owner):
    rows.exchange(rows.conversation(owner))
    text = _list(root, "generation").text
    for words in (
        "小明",
        "internlm2:1.8b",
        "temperature 0.7",
        "completed",
        "2.0 s",
        "0.5 s",
        "12.5 s",
        "21.0",
    ):
        assert words in text


def _dates(text: str) -> list[str]:
    row = text.split('<nav class="toplinks">')[1].split("</nav>", maxsplit=1)[0]
    return re.findall(r"<a href=[^>]*>(.*?)</a>", row)


def test_generations_are_found_by_date(root, owner):
    calls = {}
    for year, month, day in ((2025, 12, 31), (2026, 2, 27), (2026, 3, 2)):
        at = datetime(year, month, day, 12, tzinfo=UTC)
        calls[year, month, day] = rows.exchange(rows.conversation(owner), queued_at=at).pk
    assert _dates(_list(root, "generation").text) == ["2025", "2026"]
    this_year = {"queued_at__year": 2026}
    assert _dates(_list(root, "generation", **this_year).text) == [
        "&lsaquo; All dates",
        "January 2026",
        "February 2026",
        "March 2026",
    ]
    march = {**this_year, "queued_at__month": 3}
    assert _dates(_list(root, "generation", **march).text) == ["&lsaquo; 2026", "March 1", "March 2"]
    assert _found(root, "generation", **march) == {calls[2026, 3, 2]}
    one_day = {"queued_at__year": 2026, "queued_at__month": 2, "queued_at__day": 27}
    assert _dates(_list(root, "generation", **one_day).text) == ["&lsaquo; February 2026"]
    assert _found(root, "generation", **one_day) == {calls[2026, 2, 27]}


@pytest.mark.parametrize("unit", ["year", "month", "day"])
@pytest.mark.parametrize("odd", ["0", "9999", "x", "", "-1", "99999999999999999999"])
def test_odd_dates_are_no_error(root, owner, unit, odd):
    rows.exchange(rows.conversation(owner))
    for query in ({}, {"queued_at__year": 2026}, {"queued_at__year": 2026, "queued_at__month": 12}):
        url = reverse("admin:conversations_generation_changelist")
        answer = root.get(url, {**query, f"queued_at__{unit}": odd})
        assert answer.status_code in {200, 302}


@pytest.mark.parametrize("odd", ["x", "-1", "", "\x00", "9" * 30])
@pytest.mark.parametrize(
    "name", ["owner__id__exact", "newest", "place", "updated_at__gte", "p", "o", "q", "all"]
)
def test_odd_addresses_are_no_error(root, owner, name, odd):
    rows.conversation(owner)
    answer = root.get(reverse("admin:conversations_conversation_changelist"), {name: odd})
    assert answer.status_code in {200, 302}


def test_choosing_a_person_keeps_the_other_filters(root, owner):
    rows.conversation(owner)
    text = _list(root, "conversation", newest="failed", owner__id__exact=owner.pk, p="1").text
    form = text.split('<form class="person-filter"')[1].split("</form>")[0]
    assert '<input type="hidden" name="newest" value="failed">' in form
    assert 'name="p"' not in form
    assert f'<option value="{owner.pk}" selected>小明</option>' in form


def test_people_are_offered_while_one_types_their_name(root, owner):
    query = {
        "app_label": "conversations",
        "model_name": "conversation",
        "field_name": "owner",
        "term": "王小",
    }
    answer = root.get(reverse("admin:autocomplete"), query)
    assert [person["id"] for person in answer.json()["results"]] == [str(owner.pk)]


def test_who_may_not_see_people_is_not_offered_them(client, owner):
    client.force_login(rows.person("clerk", "view_conversation", is_staff=True))
    assert "person-filter" not in _list(client, "conversation").text


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("conversation", "q"),
        ("generation", "status__exact"),
        ("generation", "reason"),
        ("generation", "model"),
        ("user", "language__exact"),
        ("modelprofile", "q"),
    ],
)
def test_nul_in_an_address_is_no_error(root, name, field):
    answer = root.get(reverse(f"admin:conversations_{name}_changelist"), {field: "a\x00b"})
    assert answer.status_code in {200, 302}


def test_a_list_never_shows_whole_texts(root, owner):
    conversation = rows.conversation(owner, "t" * 200)
    rows.exchange(conversation, "the question", "the answer", options={"stop": ["s" * 200] * 16})
    text = _list(root, "conversation").text + _list(root, "generation").text
    assert "the question" not in text
    assert "the answer" not in text
    assert "t" * 81 not in text
    assert "s" * 121 not in text
