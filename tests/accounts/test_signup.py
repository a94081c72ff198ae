"""Making an account oneself, where the site is open for it."""

from typing import Any

import pytest
from django.core import mail
from django.test import Client

from conversations.models import User
from tests.accounts.conftest import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _open(settings: Any) -> None:
    settings.SIGNUP = "open"


def sign_up(client: Client, username: str, email: str = "", password: str = PASSWORD) -> Any:
    fields = {"username": username, "email": email, "password1": password, "password2": password}
    return client.post("/accounts/signup/", fields)


def test_closed_by_default_and_the_page_names_whom_to_ask(client, settings, administrator):
    settings.SIGNUP = "closed"
    assert "Ada" in client.get("/accounts/signup/").content.decode()
    assert sign_up(client, "newcomer").status_code == 403
    assert not User.objects.filter(username="newcomer").exists()


@pytest.mark.parametrize("username", ["李雷", "Zoé", "李雷Lei", "ゆき子", "김철수", "Сергей"])
def test_names_of_many_scripts_sign_up_and_are_logged_in(client, username):
    response = sign_up(client, username)
    assert (response.status_code, response["Location"]) == (302, "/")
    assert User.objects.get(pk=client.session["_auth_user_id"]).username == username


def test_no_mail_is_needed_and_none_is_sent(client):
    sign_up(client, "李雷", "lei@example.org")
    assert User.objects.get().email == "lei@example.org"
    assert mail.outbox == []


def test_names_are_kept_in_one_form(client):
    sign_up(client, "Ｚｏe\u0301")
    assert User.objects.get().username == "Zoé"


@pytest.mark.parametrize("twin", ["wang", "WANG", "Ｗang"])
def test_a_name_that_differs_in_capitals_or_width_alone_is_taken(client, twin):
    User.objects.create_user("Wang", password=PASSWORD)
    assert "Somebody has this user name already." in sign_up(client, twin).content.decode()
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    "username",
    [
        "p\u0430ul",  # a Cyrillic letter among Latin ones
        "\u0440\u0430\u0443\u0441",  # Cyrillic letters that all look Latin
        "ming\u202egnim",
        "ming\u200b",
        "ming\x07",
        "\u3164",
        "<script>",
        "a b",
        "",
        "x" * 151,
    ],
)
def test_odd_and_misleading_names_are_refused_with_a_sentence(client, username):
    response = sign_up(client, username)
    assert response.status_code == 200
    assert "errorlist" in response.content.decode()
    assert not User.objects.exists()


def test_weak_passwords_are_refused(client):
    assert sign_up(client, "李雷", password="12345678").status_code == 200
    assert not User.objects.exists()


def test_a_known_email_address_looks_like_a_new_one(client, user):
    assert sign_up(client, "李雷", user.email).status_code == 302


def test_a_name_taken_in_the_same_moment_is_a_sentence(client, monkeypatch):
    User.objects.create_user("李雷", password=PASSWORD)
    monkeypatch.setattr(
        "allauth.account.internal.userkit.filter_users_by_username", lambda *names: User.objects.none()
    )
    response = sign_up(client, "李雷")
    assert response.status_code == 200
    assert "errorlist" in response.content.decode()


def test_a_class_of_forty_signs_up_at_once_but_fifty_do_not(client):
    statuses = []
    for number in range(50):
        statuses.append(sign_up(client, f"pupil{number}").status_code)
        client.logout()
    assert statuses[:40] == [302] * 40
    assert statuses[-1] == 429


def test_the_answer_over_the_limit_says_when_to_come_back(client):
    for number in range(45):
        sign_up(client, f"pupil{number}", password="short")
    response = sign_up(client, "late")
    assert response.status_code == 429
    assert 0 < int(response["Retry-After"]) <= 300
