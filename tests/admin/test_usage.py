"""The usage page: pictures with their numbers, for a range, a model, a person or a group."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from conversations.usage import counting
from tests.admin import rows

PAGE = "admin:conversations_usageday_changelist"
SLUGS = ["messages", "tokens", "people", "first", "took", "queue", "hours", "models", "endings"]


@pytest.fixture
def asked(owner):
    now = timezone.now()
    other = rows.person("bob")
    for days in range(5):
        at = now - timedelta(days=days)
        rows.exchange(
            rows.conversation(owner), queued_at=at, started_at=at, finished_at=at + timedelta(seconds=3)
        )
    rows.exchange(
        rows.conversation(other), queued_at=now, model="qwen3:4b", status="failed", reason="stalled"
    )
    counting.count_missing()
    return other


def numbers(client: Client, slug: str, **query: Any) -> list[list[str]]:
    chosen = {
        "since": (counting.today() - timedelta(days=6)).isoformat(),
        "until": counting.today().isoformat(),
    }
    answer = client.get(reverse(PAGE), {**chosen, **query, "csv": slug})
    assert answer.headers["Content-Type"].startswith("text/csv")
    return list(csv.reader(io.StringIO(answer.text.lstrip("\ufeff"))))


def test_every_picture_has_its_numbers(root, asked):
    text = root.get(reverse(PAGE)).text
    for slug in SLUGS:
        assert f'id="{slug}"' in text
        assert f"csv={slug}" in text or "Nothing in this range" in text
    assert "<svg" in text
    assert "<table" in text


def test_the_numbers_are_those_of_the_log(root, asked):
    by_day = numbers(root, "messages")
    assert len(by_day) == 8
    assert sum(int(row[2]) for row in by_day[1:]) == 6
    assert numbers(root, "models")[1:] == [["internlm2:1.8b", "5", "1275"], ["qwen3:4b", "1", "255"]]
    assert [row[1] for row in numbers(root, "endings")[1:]] == ["1"]


@pytest.mark.parametrize(
    ("query", "answers"),
    [({"model": "qwen3:4b"}, 1), ({"person": "小明"}, 5), ({"group": "class"}, 1), ({}, 6)],
)
def test_it_is_narrowed(root, asked, query, answers):
    group = Group.objects.create(name="class")
    asked.groups.add(group)
    query = {name: group.pk if value == "class" else value for name, value in query.items()}
    assert sum(int(row[2]) for row in numbers(root, "messages", **query)[1:]) == answers


@pytest.mark.parametrize(
    "query",
    [
        {"since": "x", "until": "2026-01-01"},
        {"since": "2026-01-02", "until": "2026-01-01"},
        {"since": "1900-01-01", "until": "2026-01-01"},
        {"since": "9999-12-31", "until": "9999-12-31"},
        {"since": "0001-01-01", "until": "0001-01-02"},
        {"since": "2026-01-01", "until": "2026-01-02", "model": "<script>alert(1)</script>"},
        {"since": "2026-01-01", "until": "2026-01-02", "person": "a\x00b"},
        {"since": "2026-01-01", "until": "2026-01-02", "group": "99999999999999999999"},
        {"since": "2026-01-01", "until": "2026-01-02", "csv": "nonsense"},
    ],
)
def test_odd_addresses_are_no_error(root, asked, query):
    answer = root.get(reverse(PAGE), query)
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text


def test_it_costs_the_same_queries_for_five_days_and_for_many(root, owner):
    def cost() -> int:
        root.get(reverse(PAGE))
        with CaptureQueriesContext(connection) as queries:
            root.get(reverse(PAGE))
        return len(queries)

    now = timezone.now()
    for days in range(1, 29):
        if days == 5:
            counting.count_missing()
            few = cost()
        rows.exchange(rows.conversation(owner), queued_at=now - timedelta(days=days))
    counting.count_missing()
    assert cost() == few


def test_hostile_names_are_inert_in_pictures_and_files(root, owner):
    rows.exchange(rows.conversation(owner), queued_at=timezone.now(), model='=<script>alert(1)</script>"')
    assert "<script>alert" not in root.get(reverse(PAGE)).text
    assert numbers(root, "models")[1][0].startswith("'=")
