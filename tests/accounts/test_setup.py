"""The first administrator."""

import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command

from conversations.address import base_url, forget, record
from conversations.models import User
from conversations.services import accounts
from tests.accounts.conftest import PASSWORD

pytestmark = pytest.mark.django_db
FIELDS = {"username": "管理员", "password1": PASSWORD, "password2": PASSWORD}


@pytest.fixture
def link(db: None) -> str:
    """The path of the one-time link."""
    return accounts.setup_link("") or ""


def test_the_link_makes_an_administrator_who_is_logged_in(client, link):
    assert client.get(link).status_code == 200
    response = client.post(link, FIELDS)
    assert (response.status_code, response["Location"]) == (302, "/")
    made = User.objects.get(pk=client.session["_auth_user_id"])
    assert (made.username, made.is_superuser, made.is_staff) == ("管理员", True, True)


def test_the_link_is_dead_once_there_is_an_administrator(client, link):
    client.post(link, FIELDS)
    client.logout()
    assert client.get(link).status_code == 410
    assert client.post(link, FIELDS | {"username": "second"}).status_code == 410
    assert User.objects.count() == 1


@pytest.mark.parametrize("query", ["", "?token=", "?token=wrong", "?token=%E4%BD%A0%00"])
def test_a_wrong_token_makes_nobody(client, db, query):
    assert client.get(f"/setup/{query}").status_code == 403
    response = client.post(f"/setup/{query}", FIELDS)
    assert response.status_code == 403
    assert "manage.py setup_link" in response.content.decode()
    assert not User.objects.exists()


def test_a_weak_password_is_refused(client, link):
    response = client.post(link, FIELDS | {"password1": "12345678", "password2": "12345678"})
    assert response.status_code == 200
    assert not User.objects.exists()


def test_ordinary_people_do_not_end_the_set_up(client, user, link):
    assert not accounts.administrator_exists()
    assert client.post(link, FIELDS).status_code == 302


def test_the_second_of_two_at_once_gets_nothing(link):
    accounts.create_first_administrator(User(username="first"))
    with pytest.raises(accounts.AdministratorExistsError):
        accounts.create_first_administrator(User(username="second"))
    assert User.objects.count() == 1


def test_the_command_prints_the_link_until_there_is_an_administrator(link):
    out = StringIO()
    call_command("setup_link", stdout=out)
    assert out.getvalue().strip() == f"http://127.0.0.1:8000{link}"
    User.objects.create_superuser("head")
    out = StringIO()
    call_command("setup_link", stdout=out)
    assert "already" in out.getvalue()
    assert "token" not in out.getvalue()


@pytest.mark.parametrize(
    ("changes", "address"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"CHATSITE_HOST": "0.0.0.0", "CHATSITE_PORT": 80}, "http://127.0.0.1:80"),  # noqa: S104
        ({"CHATSITE_HOST": "::1"}, "http://[::1]:8000"),
        ({"CHATSITE_HOST": "chat.lan", "HTTPS": True}, "https://chat.lan:8000"),
        ({"CSRF_TRUSTED_ORIGINS": ["https://*.lan", "https://chat.lan"]}, "https://chat.lan"),
    ],
)
def test_links_lead_to_where_the_site_is_reached(settings, changes, address):
    for name, value in changes.items():
        setattr(settings, name, value)
    assert base_url() == address


def test_links_lead_to_the_running_server_where_the_environment_does_not_say(settings, tmp_path):
    settings.DATA_DIR, settings.ADDRESS_IS_SET = tmp_path, False
    record("[::1]:8733")
    assert base_url() == "http://[::1]:8733"
    forget("127.0.0.1:9000")
    assert base_url() == "http://[::1]:8733"
    settings.ADDRESS_IS_SET = True
    assert base_url() == "http://127.0.0.1:8000"
    settings.ADDRESS_IS_SET = False
    forget("[::1]:8733")
    assert base_url() == "http://127.0.0.1:8000"


def test_createsuperuser_needs_no_email(db, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_USERNAME", "head")
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", interactive=False, verbosity=0)
    assert User.objects.get(username="head").check_password(PASSWORD)
    assert accounts.administrator_exists()


RACE = """
import threading
import django
django.setup()
from django.core.management import call_command
from conversations.models import User
from conversations.services import accounts
call_command("migrate", verbosity=0)
barrier = threading.Barrier(8)
def make(number):
    barrier.wait()
    try:
        accounts.create_first_administrator(User(username=f"head{number}"))
    except accounts.AdministratorExistsError:
        pass
threads = [threading.Thread(target=make, args=(number,)) for number in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(User.objects.count())
"""


@pytest.mark.process
def test_of_eight_at_once_one_becomes_administrator(tmp_path: Path):
    environment = os.environ | {"DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "chatsite.settings"}
    environment.pop("DATABASE_URL", None)
    done = subprocess.run(
        [sys.executable, "-c", RACE],
        env=environment,
        cwd=django_settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.strip() == "1", done.stderr
