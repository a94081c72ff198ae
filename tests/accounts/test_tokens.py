"""API tokens: made on the page of the account and shown there once, kept as a digest, expired, revoked."""

import io
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4
from zipfile import ZipFile
from zoneinfo import ZoneInfo

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from conversations.exports import archive
from conversations.models import ApiToken, User
from conversations.services import tokens
from conversations.services.errors import Refused
from tests.admin import rows

TOKEN = re.compile(r"chatsite_[\w-]{43}", re.ASCII)
Make = Callable[..., Any]


@pytest.fixture
def make(client: Client, user: User) -> Make:
    """Return a function that fills the form, logged in."""
    client.force_login(user)

    def send(name: str = "A script", days: str = "90", **headers: Any) -> Any:
        return client.post("/account/tokens/", {"name": name, "days": days}, headers=headers)

    return send


def shown(answer: Any) -> list[str]:
    return TOKEN.findall(answer.text)


def refused(text: str) -> str:
    """Return the code with which a token is refused."""
    with pytest.raises(Refused) as caught:
        tokens.holder(text)
    return caught.value.code


def use(text: str) -> list[str]:
    """Use a token, and return the statements that this took."""
    with CaptureQueriesContext(connection) as queries:
        tokens.holder(text)
    return [query["sql"] for query in queries]


# --- Made and shown


def test_a_token_is_shown_once_and_kept_as_a_digest(make, client, user):
    answer = make()
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    (text,) = shown(answer)
    assert "not shown again" in answer.text
    kept = {model._meta.label: list(model._default_manager.values()) for model in apps.get_models()}
    everything = json.dumps(kept, cls=DjangoJSONEncoder) + json.dumps(dict(client.session))
    assert text not in everything
    assert text.removeprefix("chatsite_") not in everything
    assert tokens.holder(text).owner == user
    page = client.get("/account/").text
    assert shown(client.get("/account/")) == []
    assert "A script" in page
    assert ApiToken.objects.get().digest not in page


def test_no_two_tokens_are_alike(user):
    texts = {tokens.make(user, f"Number {count}", None)[1] for count in range(20)}
    assert len(texts) == 20
    assert all(TOKEN.fullmatch(text) for text in texts)


@pytest.mark.parametrize("days", ["7", "30", "90", "365"])
def test_a_token_expires_after_the_chosen_days(make, days):
    make(days=days)
    token = ApiToken.objects.get()
    assert token.expires_at == token.created_at + timedelta(days=int(days))


def test_a_token_that_never_expires_is_chosen_by_saying_so(make, client):
    make(days="never")
    assert ApiToken.objects.get().expires_at is None
    assert "Never expires" in client.get("/account/").text
    assert make("Without a choice", "").status_code == 400
    assert make("With another", "3650").status_code == 400
    assert ApiToken.objects.count() == 1


def test_a_form_that_is_sent_again_makes_no_second_token(make):
    make()
    again = make()
    assert again.status_code == 400
    assert shown(again) == []
    assert "You have a token of this name already." in again.text
    assert ApiToken.objects.count() == 1


def test_others_may_use_the_same_name(make, administrator):
    tokens.make(administrator, "A script", None)
    assert make().status_code == 200


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "This field is required."),
        (" \u3000\t ", "This field is required."),
        ("x" * 101, "at most 100 characters"),
        ("a\x00b", "Null characters are not allowed."),
        ("a\u202eb", "characters that cannot be shown"),
        ("a\nb", "characters that cannot be shown"),
        ("\U000e0041", "characters that cannot be shown"),
    ],
)
def test_a_name_that_is_none_is_refused(make, name, sentence):
    answer = make(name)
    assert answer.status_code == 400
    assert sentence in answer.text
    assert 'id="token_name_error"' in answer.text
    assert not ApiToken.objects.exists()


def test_names_that_are_written_in_two_ways_are_one(make):
    make("Café  日记")
    assert ApiToken.objects.get().name == "Café 日记"
    assert make("Cafe\u0301 日记").status_code == 400


def test_a_refused_form_leaves_the_rest_of_the_page_as_it_is(make, user):
    answer = make("")
    assert user.username in answer.text
    assert 'id="id_name_error"' not in answer.text
    assert "Where you are logged in" in answer.text


def test_a_name_is_text(make, client):
    assert "<script>alert" not in make("<script>alert(1)</script>").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in client.get("/account/").text


def test_there_are_fifty_at_most(make, user):
    for count in range(50):
        tokens.make(user, f"Number {count}", None)
    answer = make()
    assert answer.status_code == 400
    assert "You have 50 tokens" in answer.text
    assert ApiToken.objects.count() == 50


def test_a_look_at_the_forms_address_leads_to_the_page(make, client):
    assert client.get("/account/tokens/").headers["Location"] == "/account/#account-tokens"
    assert client.put("/account/tokens/").status_code == 405


def test_a_form_of_another_page_makes_and_ends_nothing(user):
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(user)
    token, _text = tokens.make(user, "Mine", None)
    assert careful.post("/account/tokens/", {"name": "x", "days": "7"}).status_code == 403
    assert careful.post(reverse("revoke_token", args=[token.pk])).status_code == 403
    assert [row.name for row in ApiToken.objects.all()] == ["Mine"]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["API tokens", "Never used", "Expires on", "Revoke", "not shown again", "In 90 days"]),
        ("zh-hans", ["API 令牌", "从未使用", "过期时间", "撤销", "不会再次显示", "90 天后"]),
    ],
)
def test_the_page_speaks_the_persons_language(make, user, language, words):
    user.language = language
    user.save()
    text = make().text
    assert [word for word in words if word not in text] == []


# --- Used


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "chatsite_",
        "chatsite_" + "x" * 42,
        "chatsite_" + "x" * 44,
        "chatsite_" + "x" * 43 + "\n",
        "chatsite_" + "é" * 43,
        "Chatsite_" + "x" * 43,
        " chatsite_" + "x" * 43,
        "chatsite_" + "x" * 42 + "\x00",
        "x" * 1_000_000,
    ],
)
def test_what_is_no_token_costs_no_query(db, django_assert_num_queries, text):
    with django_assert_num_queries(0):
        assert refused(text) == "token_unknown"


def test_a_token_that_nobody_has_is_unknown(user):
    tokens.make(user, "A script", None)
    assert refused("chatsite_" + "x" * 43) == "token_unknown"


def test_an_expired_token_is_refused_as_such(user, make, client):
    token, text = tokens.make(user, "A script", 7)
    tokens.holder(text)
    ApiToken.objects.filter(pk=token.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert refused(text) == "token_expired"
    assert "Expired" in client.get("/account/").text
    assert not ApiToken.objects.valid().exists()


@pytest.mark.parametrize("change", [{"is_active": False}, {"leaving_at": timezone.now()}])
def test_the_token_of_an_account_that_is_switched_off_is_refused(user, change):
    _token, text = tokens.make(user, "A script", None)
    assert ApiToken.objects.valid().exists()
    User.objects.filter(pk=user.pk).update(**change)
    assert refused(text) == "account_inactive"
    assert not ApiToken.objects.valid().exists()


def test_a_use_is_worth_a_write_once_a_minute(user, make, client):
    token, text = tokens.make(user, "A script", None)
    assert "Never used" in client.get("/account/").text
    assert tokens.is_use_due(tokens.holder(text))
    tokens.note_uses([token.pk])
    assert "Last used:" in client.get("/account/").text
    assert not tokens.is_use_due(tokens.holder(text))
    ApiToken.objects.update(last_used_at=timezone.now() - timedelta(seconds=61))
    assert tokens.is_use_due(tokens.holder(text))


def test_looking_for_a_token_writes_nothing(user):
    _, text = tokens.make(user, "A script", None)
    assert [statement.split()[0] for statement in use(text)] == ["SELECT"]


# --- Revoked


def test_a_revoked_token_is_unknown(make, client):
    (text,) = shown(make())
    token = tokens.holder(text)
    answer = client.post(reverse("revoke_token", args=[token.pk]))
    assert answer.headers["Location"] == "/account/#account-tokens"
    assert "The token “A script” is revoked." in client.get("/account/").text
    assert refused(text) == "token_unknown"
    assert client.post(reverse("revoke_token", args=[token.pk])).status_code == 404
    # The name is free again.
    assert make().status_code == 200


@pytest.mark.parametrize("whose", ["another's", "nobody's"])
def test_only_ones_own_are_revoked(make, client, administrator, whose):
    token, text = tokens.make(administrator, "A script", None)
    pk: UUID = token.pk if whose == "another's" else uuid4()
    assert client.post(reverse("revoke_token", args=[pk])).status_code == 404
    assert tokens.holder(text) == token


def test_somebody_elses_tokens_are_not_on_the_page(make, client, administrator):
    tokens.make(administrator, "Of the administrator", None)
    assert "Of the administrator" not in client.get("/account/").text


def test_looking_revokes_nothing(make, client):
    make()
    token = ApiToken.objects.get()
    assert client.get(reverse("revoke_token", args=[token.pk])).status_code == 405
    assert ApiToken.objects.exists()


# --- Taken along, and seen by administrators


def test_tokens_are_in_no_export(user):
    token, text = tokens.make(user, "A name to look for", None)
    pieces = archive.pieces(user, archive.Words("en", ZoneInfo("UTC")))
    with ZipFile(io.BytesIO(b"".join(pieces))) as export:
        content = b"".join(export.read(name) for name in export.namelist())
    assert user.username in content.decode()
    for word in (token.name, text, token.digest):
        assert word.encode() not in content


@pytest.fixture
def clerk(db: None) -> Client:
    """Somebody of the staff who may look at tokens and end them."""
    return rows.browser(rows.person("clerk", "view_apitoken", "delete_apitoken", is_staff=True))


def test_an_administrator_sees_whose_they_are_and_never_what_they_are_kept_as(clerk, user, log_in):
    token, text = tokens.make(user, "A script", 7)
    for address in ("changelist", "change", "delete"):
        args = [] if address == "changelist" else [token.pk]
        page = clerk.get(reverse(f"admin:conversations_apitoken_{address}", args=args)).text
        assert "A script" in page
        assert token.digest not in page
        assert text not in page
    listed = clerk.get(reverse("admin:conversations_apitoken_changelist"), {"q": "王小明"}).text
    assert "A script" in listed
    assert f"{token.expires_at:%Y-%m}" in listed


def test_nobody_guesses_at_digests(clerk, user):
    token, _text = tokens.make(user, "A script", 7)
    address = reverse("admin:conversations_apitoken_changelist")
    answers = [clerk.get(address, {"digest__startswith": start}) for start in (token.digest[:3], "no digest")]
    assert len({answer.status_code for answer in answers}) == 1
    assert all("A script" not in answer.text for answer in answers)


def test_an_administrator_ends_a_stolen_one_which_is_noted_with_its_owner(clerk, user):
    token, text = tokens.make(user, "A script", 7)
    other, other_text = tokens.make(user, "Another", 7)
    clerk.post(reverse("admin:conversations_apitoken_delete", args=[token.pk]), {"post": "yes"})
    assert refused(text) == "token_unknown"
    entry = LogEntry.objects.get()
    assert (entry.object_id, entry.get_change_message()) == (
        str(user.pk),
        "Revoked the API token “A script”.",
    )
    chosen = {"action": "delete_selected", "_selected_action": [str(other.pk)], "post": "yes"}
    clerk.post(reverse("admin:conversations_apitoken_changelist"), chosen)
    assert refused(other_text) == "token_unknown"
    assert LogEntry.objects.filter(object_id=str(user.pk)).count() == 2
