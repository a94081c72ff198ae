"""Who sees what in the admin, and that nobody changes the log."""

import uuid
from typing import Any

import pytest
from django.db.models import Model
from django.urls import reverse

from conversations.models import Conversation, Generation, GenerationEvent, Message, ModelProfile
from tests.admin import rows

LOGS = ["conversation", "generation"]
SEES = {"superuser": 200, "reader": 200, "staff": 403, "owner": 302, "other": 302, "anonymous": 302}


@pytest.fixture
def call(owner):
    return rows.exchange(rows.conversation(owner))


def _pages(call: Generation) -> dict[str, str]:
    """The reading pages, each by its name."""
    profile = ModelProfile.objects.create(name="some-model", options={"temperature": 0.7})
    objects = {
        "conversation": call.conversation,
        "generation": call,
        "user": call.requested_by,
        "modelprofile": profile,
    }
    pages = {}
    for name, row in objects.items():
        pages[f"{name} list"] = reverse(f"admin:conversations_{name}_changelist")
        pages[f"{name} page"] = reverse(f"admin:conversations_{name}_change", args=[row.pk])
        pages[f"{name} history"] = reverse(f"admin:conversations_{name}_history", args=[row.pk])
    return pages


@pytest.mark.parametrize(("kind", "status"), SEES.items())
def test_pages_are_for_staff_with_the_permission_to_view(clients, call, kind, status):
    answers = {name: clients[kind].get(url).status_code for name, url in _pages(call).items()}
    assert answers == dict.fromkeys(answers, status)


def test_people_who_are_not_staff_are_led_to_the_login(clients, call):
    for url in _pages(call).values():
        assert "login" in clients["owner"].get(url).headers["Location"]


def test_words_take_the_permission_to_view_messages(client, call):
    clerk = rows.person("clerk", "view_conversation", is_staff=True)
    client.force_login(clerk)
    lists = client.get(reverse("admin:conversations_conversation_changelist"))
    page = reverse("admin:conversations_conversation_change", args=[call.conversation_id])
    assert lists.status_code == 200
    assert page not in lists.text
    assert client.get(page).status_code == 403


@pytest.mark.parametrize("name", LOGS)
def test_what_is_not_there_answers_staff_without_permission_like_what_is(clients, call, name):
    row = call if name == "generation" else call.conversation
    answers = [
        clients["staff"].get(reverse(f"admin:conversations_{name}_change", args=[pk]))
        for pk in (row.pk, uuid.uuid4(), "nonsense")
    ]
    assert [answer.status_code for answer in answers] == [403, 403, 403]


@pytest.mark.parametrize("name", LOGS)
@pytest.mark.parametrize("key", ["00000000-0000-4000-8000-000000000000", "nonsense", "0"])
def test_what_is_not_there_leads_back_with_a_word(root, name, key):
    answer = root.get(reverse(f"admin:conversations_{name}_change", args=[key]), follow=True)
    assert answer.redirect_chain == [(reverse("admin:index"), 302)]
    assert key in answer.text


@pytest.mark.fault(39)
@pytest.mark.parametrize("kind", SEES)
@pytest.mark.parametrize("name", LOGS)
def test_nobody_changes_the_log(clients, call, kind, name):
    row = call if name == "generation" else call.conversation
    before = _everything()
    refused = 403 if SEES[kind] != 302 else 302
    for action in ("add", "change", "delete"):
        url = reverse(f"admin:conversations_{name}_{action}", args=[] if action == "add" else [row.pk])
        answer = clients[kind].post(url, {"title": "rewritten", "model": "rewritten", "post": "yes"})
        assert answer.status_code == refused
    changelist = reverse(f"admin:conversations_{name}_changelist")
    clients[kind].post(changelist, {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})
    assert _everything() == before


def _everything() -> dict[type[Model], list[Any]]:
    models: tuple[type[Model], ...] = (Conversation, Message, Generation, GenerationEvent)
    return {model: list(model._default_manager.order_by("pk").values()) for model in models}


@pytest.mark.parametrize("name", LOGS)
def test_no_page_of_the_log_offers_to_change_it(root, call, name):
    row = call if name == "generation" else call.conversation
    for page in ("changelist", "change"):
        url = reverse(f"admin:conversations_{name}_{page}", args=[row.pk] if page == "change" else [])
        text = root.get(url).text
        assert "addlink" not in text.split('id="content"')[1]
        assert 'name="_save"' not in text
        assert "delete_selected" not in text


@pytest.mark.parametrize(("language", "title"), [("en", "Generations"), ("zh-hans", "首页")])
def test_pages_speak_the_readers_language(clients, superuser, call, language, title):
    superuser.language = language
    superuser.save()
    text = clients["superuser"].get(reverse("admin:conversations_generation_changelist")).text
    assert f'<html lang="{language}"' in text
    assert title in text


def test_pages_keep_the_strict_policy(root, call):
    for url in _pages(call).values():
        answer = root.get(url)
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "<style" not in answer.text
        assert " style=" not in answer.text
        assert " onclick=" not in answer.text


def test_what_allauth_keeps_for_itself_is_not_shown(root):
    assert "Email addresses" not in root.get(reverse("admin:index")).text
