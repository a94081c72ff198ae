"""Stopping other people's answers from the log."""

import pytest
from django.test import Client
from django.urls import reverse

from conversations.models import Generation, GenerationEvent
from tests.admin import rows

LIST = "admin:conversations_generation_changelist"


@pytest.fixture
def running(owner):
    times = {"started_at": None, "first_token_at": None, "finished_at": None}
    return rows.exchange(rows.conversation(owner), "Count", "", status="running", reason="", **times)


@pytest.fixture
def warden(db):
    """A browser of a member of staff who may stop."""
    browser = Client()
    browser.force_login(rows.person("warden", "view_generation", "stop_generation", is_staff=True))
    return browser


def _page(call: Generation) -> str:
    return reverse("admin:conversations_generation_change", args=[call.pk])


def _stop(call: Generation) -> str:
    return reverse("admin:conversations_generation_stop", args=[call.pk])


def test_the_button_asks_for_the_end(warden, running):
    assert _stop(running) in warden.get(_page(running)).text
    answer = warden.post(_stop(running), follow=True)
    running.refresh_from_db()
    assert running.stop_requested_at is not None
    assert running.stop_requested_by.username == "warden"
    assert "Stop requested." in answer.text
    assert "running, stop requested" in answer.text
    assert _stop(running) not in answer.text
    assert "asked to stop" in answer.text


def test_the_action_asks_for_the_end_of_what_lives(warden, running, owner):
    ended = rows.exchange(rows.conversation(owner))
    queued = rows.exchange(rows.conversation(owner), status="queued", reason="", started_at=None)
    chosen = [call.pk for call in (running, ended, queued)]
    answer = warden.post(reverse(LIST), {"action": "stop", "_selected_action": chosen}, follow=True)
    marked = Generation.objects.exclude(stop_requested_at=None)
    assert set(marked) == {running, queued}
    assert "Stop requested for 2 generations." in answer.text


def test_a_late_or_second_stop_is_harmless(warden, running):
    warden.post(_stop(running))
    first = Generation.objects.values().get(pk=running.pk)
    answer = warden.post(_stop(running), follow=True)
    assert Generation.objects.values().get(pk=running.pk) == first
    assert "There is nothing left to stop." in answer.text


def test_what_has_ended_has_no_button(warden, owner):
    call = rows.exchange(rows.conversation(owner))
    assert _stop(call) not in warden.get(_page(call)).text


@pytest.mark.parametrize(
    ("kind", "status"), [("reader", 403), ("staff", 403), ("owner", 302), ("anonymous", 302)]
)
def test_stopping_takes_the_permission(clients, running, kind, status):
    assert clients[kind].post(_stop(running)).status_code == status
    clients[kind].post(reverse(LIST), {"action": "stop", "_selected_action": [running.pk]})
    running.refresh_from_db()
    assert running.stop_requested_at is None


def test_who_may_not_stop_sees_no_button(clients, running):
    reader = clients["reader"]
    assert _stop(running) not in reader.get(_page(running)).text
    assert 'value="stop"' not in reader.get(reverse(LIST)).text


def test_stopping_is_done_by_post_from_the_page_only(clients, superuser, running):
    assert clients["superuser"].get(_stop(running)).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(superuser)
    assert strict.post(_stop(running)).status_code == 403
    running.refresh_from_db()
    assert running.stop_requested_at is None


def test_an_unknown_generation_is_not_found(warden):
    url = reverse("admin:conversations_generation_stop", args=["00000000-0000-4000-8000-000000000000"])
    assert warden.post(url).status_code == 404


def test_the_page_tells_the_timeline_and_the_error(warden, owner):
    call = rows.exchange(
        rows.conversation(owner), status="failed", reason="ollama_error", error_detail="line one\nline <two>"
    )
    text = warden.get(_page(call)).text
    for words in (
        "Ollama answered with an error",
        "line one\nline &lt;two&gt;",
        "queued",
        "started",
        "&quot;stop&quot;",
    ):
        assert words in text


@pytest.mark.parametrize(
    ("language", "words"), [("en", "failed: no more text came"), ("zh-CN", "失败: 不再有文字传来")]
)
def test_the_timeline_tells_the_end_in_words(warden, owner, language, words):
    call = rows.exchange(rows.conversation(owner), status="failed", reason="stalled")
    GenerationEvent.objects.create(generation=call, at=rows.START, kind="finished", detail="failed stalled")
    text = warden.get(_page(call), headers={"Accept-Language": language}).text
    assert words in text
