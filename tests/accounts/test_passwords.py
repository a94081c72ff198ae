"""Changing a password, and getting a new one with mail and without."""

import re
from io import StringIO
from typing import Any

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client

from conversations.models import User
from conversations.services import accounts
from tests.accounts.conftest import PASSWORD

pytestmark = pytest.mark.django_db
NEW = "Quiet-lamp-42"


@pytest.fixture
def mail_is_set_up(settings: Any) -> None:
    settings.EMAIL_URL = "smtp://mail.example.org"


def set_new_password(client: Client, link: str, password: str = NEW):
    """Follow a reset link as a browser does and fill its form."""
    page = client.get(link, follow=True)
    target = page.redirect_chain[-1][0] if page.redirect_chain else link
    return client.post(target, {"password1": password, "password2": password})


def test_a_person_changes_the_password_and_stays_logged_in(client, user):
    other = Client()
    client.force_login(user)
    other.force_login(user)
    fields = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    assert client.post("/accounts/password/change/", fields)["Location"] == "/account/"
    assert client.get("/account/").status_code == 200
    assert other.get("/account/").status_code == 302
    user.refresh_from_db()
    assert user.check_password(NEW)


def test_the_current_password_is_asked_for(client, user):
    client.force_login(user)
    fields = {"oldpassword": "wrong", "password1": NEW, "password2": NEW}
    assert client.post("/accounts/password/change/", fields).status_code == 200
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_guessing_the_current_password_is_limited(client, user):
    client.force_login(user)
    fields = {"oldpassword": "wrong", "password1": NEW, "password2": NEW}
    for _ in range(10):
        client.post("/accounts/password/change/", fields)
    response = client.post("/accounts/password/change/", fields)
    assert response.status_code == 429
    assert 60 < int(response["Retry-After"]) <= 600


def test_without_mail_the_forgot_page_names_the_administrators(client, administrator):
    User.objects.create_superuser("gone", password=PASSWORD, is_active=False)
    page = client.get("/accounts/password/reset/").content.decode()
    assert "Ada" in page
    assert "head" in page
    assert "gone" not in page
    assert client.post("/accounts/password/reset/", {"email": "ming@example.org"}).status_code == 200
    assert mail.outbox == []


def test_a_reset_link_works_once(client, user):
    link = accounts.reset_link(user, "http://testserver")
    assert set_new_password(client, link)["Location"] == "/accounts/password/reset/key/done/"
    done = client.get("/accounts/password/reset/key/done/").content.decode()
    assert done.count("password is set") == 1
    assert "successfully" not in done
    user.refresh_from_db()
    assert user.check_password(NEW)
    again = Client().get(link)
    assert "does not work any more" in again.content.decode()


def test_a_reset_link_ends_when_the_person_logs_in(client, user, log_in):
    link = accounts.reset_link(user, "http://testserver")
    log_in(user.username)
    assert "does not work any more" in Client().get(link).content.decode()


def test_a_reset_link_ends_in_time(user, settings):
    link = accounts.reset_link(user, "http://testserver")
    settings.PASSWORD_RESET_TIMEOUT = -1
    assert "does not work any more" in Client().get(link).content.decode()


def test_a_reset_link_is_for_one_account(user, administrator):
    link = accounts.reset_link(user, "http://testserver")
    forged = re.sub(r"key/\w+-", f"key/{administrator.pk}-", link)
    assert "does not work any more" in Client().get(forged).content.decode()


@pytest.mark.parametrize("key", ["x-y", "1-x", "zzzzzzzzzzzzzzzzzzzzz-set-password", "1-%00"])
def test_a_made_up_link_is_a_sentence(client, db, key):
    response = client.get(f"/accounts/password/reset/key/{key}/")
    assert "does not work any more" in response.content.decode()


def test_a_new_password_lifts_the_lock(client, user, log_in):
    for _ in range(11):
        log_in(user.username, "wrong")
    set_new_password(client, accounts.reset_link(user, "http://testserver"))
    assert log_in(user.username, NEW).status_code == 302


def test_the_command_prints_a_link_that_works(client, user):
    out = StringIO()
    call_command("reset_link", "王小明", stdout=out, stderr=StringIO())
    link = out.getvalue().strip()
    assert link.startswith("http://127.0.0.1:8000/accounts/password/reset/key/")
    assert set_new_password(client, link.removeprefix("http://127.0.0.1:8000")).status_code == 302


def test_the_command_names_who_is_unknown_or_switched_off(user):
    with pytest.raises(CommandError, match="nobody"):
        call_command("reset_link", "nobody")
    User.objects.update(is_active=False)
    with pytest.raises(CommandError, match="switched off"):
        call_command("reset_link", "王小明")


@pytest.mark.usefixtures("mail_is_set_up")
class TestWithMail:
    """EMAIL_URL is set."""

    def test_the_forgot_page_sends_a_link(self, client, user):
        response = client.post("/accounts/password/reset/", {"email": "Ming@example.org"})
        assert response["Location"] == "/accounts/password/reset/done/"
        assert client.get(response["Location"]).status_code == 200
        assert "account 王小明" in mail.outbox[0].body
        [link] = re.findall(r"http://testserver(\S+)", str(mail.outbox[0].body))
        assert set_new_password(client, link).status_code == 302
        user.refresh_from_db()
        assert user.check_password(NEW)

    def test_an_unknown_address_gets_the_same_page(self, client, db):
        response = client.post("/accounts/password/reset/", {"email": "nobody@example.org"})
        assert response["Location"] == "/accounts/password/reset/done/"

    def test_a_mail_server_that_is_down_costs_no_page(self, client, user, settings):
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
        assert client.post("/accounts/password/reset/", {"email": user.email}).status_code == 302

    def test_one_address_gets_no_flood_of_mails(self, client, user):
        statuses = [
            client.post("/accounts/password/reset/", {"email": user.email}).status_code for _ in range(6)
        ]
        assert statuses == [302] * 5 + [429]

    def test_a_former_address_gets_no_link(self, client, user):
        client.post("/accounts/password/reset/", {"email": user.email})
        browser = Client()
        browser.force_login(user)
        browser.post("/account/", {"name": "", "email": "new@example.org", "language": "", "time_zone": ""})
        mail.outbox.clear()
        client.post("/accounts/password/reset/", {"email": "ming@example.org"})
        assert all("password/reset/key" not in message.body for message in mail.outbox)
