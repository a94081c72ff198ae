"""That nobody changes the log, and in which language it is read. Who sees what: tests/admin/test_matrix.py."""

from typing import Any

import pytest
from django.db.models import Model
from django.urls import reverse

from conversations.models import Conversation, Generation, GenerationEvent, Message
from tests.admin import rows

LOGS = ["conversation", "generation"]


@pytest.fixture
def call(owner):
    return rows.exchange(rows.conversation(owner))


def test_the_list_leads_to_no_words_without_the_permission_to_view_messages(client, call):
    client.force_login(rows.person("clerk", "view_conversation", is_staff=True))
    lists = client.get(reverse("admin:conversations_conversation_changelist"))
    assert reverse("admin:conversations_conversation_change", args=[call.conversation_id]) not in lists.text


@pytest.mark.parametrize("name", LOGS)
@pytest.mark.parametrize("key", ["00000000-0000-4000-8000-000000000000", "nonsense", "0"])
def test_what_is_not_there_leads_back_with_a_word(root, name, key):
    answer = root.get(reverse(f"admin:conversations_{name}_change", args=[key]), follow=True)
    assert answer.redirect_chain == [(reverse("admin:index"), 302)]
    assert key in answer.text


@pytest.mark.fault(39)
@pytest.mark.parametrize("kind", ["superuser", "reader", "staff", "owner", "other", "anonymous"])
@pytest.mark.parametrize("name", LOGS)
def test_nobody_changes_the_log(clients, call, kind, name):
    row = call if name == "generation" else call.conversation
    before = _everything()
    for action in ("add", "change", "delete"):
        url = reverse(f"admin:conversations_{name}_{action}", args=[] if action == "add" else [row.pk])
        clients[kind].post(url, {"title": "rewritten", "model": "rewritten", "post": "yes"})
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


def test_what_allauth_keeps_for_itself_is_not_shown(root):
    assert "Email addresses" not in root.get(reverse("admin:index")).text
