"""Logging in and out, and what stops those who guess."""

import re
import time
import unicodedata

import pytest
from django.core.cache import cache
from django.test import Client

from conversations.models import User
from tests.accounts.conftest import PASSWORD

pytestmark = pytest.mark.django_db


def logged_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_a_chinese_user_name_logs_in(client, user, log_in):
    response = log_in("王小明")
    assert (response.status_code, response["Location"]) == (302, "/")
    assert logged_in(client)


@pytest.mark.parametrize("typed", ["Zoé", unicodedata.normalize("NFD", "Zoé"), "zoé", " Ｚｏé "])
def test_a_name_logs_in_however_the_keyboard_writes_it(client, log_in, typed):
    User.objects.create_user("Zoé", password=PASSWORD)
    assert log_in(typed).status_code == 302
    assert logged_in(client)


def test_a_wrong_password_and_an_unknown_name_look_the_same(client, user, log_in):
    pages = []
    for name in ("王小明", "王大明"):
        text = log_in(name, "wrong").content.decode().replace(name, "NAME")
        pages.append(re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", text))
    assert pages[0] == pages[1]
    assert "is not correct" in pages[0]


def test_an_unknown_name_costs_a_hash_too(user, log_in, monkeypatch):
    hashed = []
    monkeypatch.setattr(User, "set_password", lambda self, password: hashed.append(password))
    log_in("nobody", "wrong")
    assert hashed == ["wrong"]


def test_login_leads_to_the_page_that_was_asked_for(client, user):
    sent = {"login": "王小明", "password": PASSWORD, "next": "/account/"}
    assert client.post("/accounts/login/", sent)["Location"] == "/account/"


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "http://localhost:9999/", "javascript:alert(1)"]
)
def test_login_never_leads_to_another_site(client, user, target):
    sent = {"login": "王小明", "password": PASSWORD, "next": target}
    assert client.post("/accounts/login/", sent)["Location"] == "/"


def test_the_account_locks_after_ten_failures_and_then_refuses_the_right_password(client, user, log_in):
    assert {log_in("王小明", "wrong").status_code for _ in range(10)} == {200}
    response = log_in("王小明")
    assert response.status_code == 429
    assert 0 < int(response["Retry-After"]) <= 600
    assert "10 minutes" in response.content.decode()
    assert not logged_in(client)


def test_a_lock_holds_from_every_address_and_under_every_name_of_the_site(user, log_in, settings):
    settings.ALLOWED_HOSTS = ["one.example", "two.example"]
    for number in range(10):
        log_in("王小明", "wrong", headers={"Host": "one.example"}, REMOTE_ADDR=f"192.0.2.{number}")
    response = log_in("王小明", headers={"Host": "two.example"}, REMOTE_ADDR="198.51.100.1")
    assert response.status_code == 429


def test_a_lock_is_the_accounts_alone(client, user, administrator, log_in):
    for _ in range(11):
        log_in("王小明", "wrong")
    assert log_in("head").status_code == 302


def test_a_lock_ends(user, log_in, monkeypatch):
    for _ in range(11):
        log_in("王小明", "wrong")
    now = time.time()
    monkeypatch.setattr("allauth.core.internal.ratelimit.time.time", lambda: now + 601)
    assert log_in("王小明").status_code == 302


def test_right_passwords_do_not_count_against_the_account(user, log_in):
    for _ in range(15):
        assert log_in("王小明", client=Client()).status_code == 302


def test_forty_people_log_in_from_one_address_with_slips_now_and_then(db, log_in):
    for number in range(40):
        User.objects.create_user(f"pupil{number}", password=PASSWORD)
    for number in range(40):
        browser = Client()
        for _ in range(number % 3):
            assert log_in(f"pupil{number}", "slip", client=browser).status_code == 200
        assert log_in(f"pupil{number}", client=browser).status_code == 302


def test_one_address_cannot_try_one_password_on_every_account(client, user, log_in):
    statuses = [log_in(f"name{number}", "Password1").status_code for number in range(205)]
    assert statuses[:200] == [200] * 200
    assert set(statuses[200:]) == {429}
    assert log_in("王小明").status_code == 429
    assert log_in("王小明", REMOTE_ADDR="198.51.100.1").status_code == 302


@pytest.mark.parametrize(("proxies", "status"), [(0, 429), (1, 200)])
def test_a_forwarded_address_counts_only_behind_a_trusted_proxy(client, log_in, settings, proxies, status):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    for number in range(200):
        log_in(f"name{number}", "wrong", headers={"X-Forwarded-For": f"192.0.2.{number}"})
    response = log_in("somebody", "wrong", headers={"X-Forwarded-For": "203.0.113.9"})
    assert response.status_code == status


def test_a_proxy_chain_that_is_too_short_is_refused_without_a_traceback(user, log_in, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 2
    assert log_in("王小明", headers={"X-Forwarded-For": "192.0.2.1"}).status_code == 403


def test_too_many_posts_of_a_page_say_when_to_come_back(client, settings):
    settings.ACCOUNT_RATE_LIMITS = {"login": "2/m/ip"}
    for _ in range(2):
        client.post("/accounts/login/", {})
    response = client.post("/accounts/login/", {})
    assert response.status_code == 429
    assert 0 < int(response["Retry-After"]) <= 60


def test_limits_live_in_a_cache_that_many_names_do_not_flush(user, log_in):
    for _ in range(10):
        log_in("王小明", "wrong")
    cache.set_many({f"other{number}": 1 for number in range(2000)})
    assert log_in("王小明").status_code == 429


def test_the_administration_logs_in_through_the_same_page(client, administrator, log_in):
    response = client.get("/admin/", follow=True)
    assert response.redirect_chain[-1][0] == "/accounts/login/?next=%2Fadmin%2F"
    assert client.post("/admin/login/", {"username": "head", "password": PASSWORD}).status_code == 302
    assert not logged_in(client)


def test_the_administration_is_not_for_everybody(client, user):
    client.force_login(user)
    assert client.get("/admin/login/").status_code == 403


def test_asking_for_the_logout_page_does_not_log_out(client, user):
    client.force_login(user)
    assert client.get("/accounts/logout/").status_code == 200
    assert logged_in(client)
    assert client.post("/accounts/logout/")["Location"] == "/accounts/login/"
    assert not logged_in(client)


def test_a_person_who_was_switched_off_is_told_so(client, user, log_in):
    User.objects.filter(pk=user.pk).update(is_active=False)
    response = log_in("王小明")
    assert response["Location"] == "/accounts/inactive/"
    assert client.get("/accounts/inactive/").status_code == 200
    assert not logged_in(client)


def test_the_login_page_speaks_chinese(client):
    page = client.get("/accounts/login/", headers={"Accept-Language": "zh-CN"}).content.decode()
    assert "用户名" in page
    assert "Username" not in page


@pytest.mark.parametrize("path", ["login/", "signup/", "password/reset/", "password/change/"])
@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_account_pages_name_things_as_the_site_does(client, user, settings, path, language):
    settings.SIGNUP, settings.EMAIL_URL = "open", "smtp://mail.example.org"
    if "change" in path:
        client.force_login(user)
    page = client.post(
        f"/accounts/{path}", {"login": "x", "password": "y"}, headers={"Accept-Language": language}
    )
    text = page.content.decode()
    for foreign in ("Username", "Email", "Confirm", "Remember Me", "placeholder", "您"):
        assert foreign not in text
