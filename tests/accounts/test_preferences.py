"""Name, language and time zone of a person."""

import pytest
from django.test import Client

from conversations.models import User

pytestmark = pytest.mark.django_db
FIELDS = {"name": "小明", "email": "ming@example.org", "language": "", "time_zone": "Asia/Shanghai"}


@pytest.fixture
def own(client: Client, user: User) -> Client:
    """A browser in which the person is logged in."""
    client.force_login(user)
    return client


def test_the_account_page_is_for_people_who_are_logged_in(client, db):
    assert client.get("/account/")["Location"] == "/accounts/login/?next=/account/"


def test_the_account_page_keeps_what_is_chosen(own, user):
    assert own.post("/account/", FIELDS)["Location"] == "/account/"
    user.refresh_from_db()
    assert (user.name, user.time_zone, user.email) == ("小明", "Asia/Shanghai", "ming@example.org")
    assert "Your settings are saved." in own.get("/account/").content.decode()


def test_a_new_language_holds_at_once(own):
    page = own.post("/account/", FIELDS | {"language": "zh-hans"}, follow=True).content.decode()
    assert 'lang="zh-Hans"' in page


@pytest.mark.parametrize(
    "wrong",
    [
        {"language": "xx"},
        {"time_zone": "Moon/Crater"},
        {"time_zone": "../../etc/passwd"},
        {"email": "no address"},
        {"name": "a\u202eb"},
        {"name": "a\x07b"},
        {"name": "x" * 151},
    ],
)
def test_wrong_values_change_nothing(own, user, wrong):
    response = own.post("/account/", FIELDS | wrong)
    assert response.status_code == 200
    assert "errorlist" in response.content.decode()
    user.refresh_from_db()
    assert user.name == ""


def test_rights_cannot_be_taken_by_the_form(own, user):
    own.post("/account/", FIELDS | {"is_superuser": "on", "is_staff": "on", "username": "head"})
    user.refresh_from_db()
    assert (user.is_superuser, user.is_staff, user.username) == (False, False, "王小明")


def test_time_zones_are_grouped_by_region(own):
    page = own.get("/account/").content.decode()
    assert '<optgroup label="Asia">' in page
    assert '<option value="America/Argentina/Buenos_Aires">Argentina/Buenos Aires</option>' in page


def test_an_alias_set_elsewhere_is_kept(own, user):
    User.objects.filter(pk=user.pk).update(time_zone="PRC")
    assert own.post("/account/", FIELDS | {"time_zone": "PRC"}).status_code == 302


def test_the_language_switch_works_logged_out(client, db):
    response = client.post("/account/language", {"language": "zh-hans", "next": "/accounts/login/"})
    assert response["Location"] == "/accounts/login/"
    assert 'lang="zh-Hans"' in client.get("/accounts/login/").content.decode()


def test_the_language_switch_is_kept_with_the_account(own, user):
    own.post("/account/language", {"language": "zh-hans", "next": "/account/"})
    user.refresh_from_db()
    assert user.language == "zh-hans"


@pytest.mark.parametrize("language", ["", "xx", "../zh-hans"])
def test_an_unknown_language_changes_nothing(own, user, language):
    response = own.post("/account/language", {"language": language, "next": "/account/"})
    assert response.status_code == 302
    assert "django_language" not in response.cookies
    user.refresh_from_db()
    assert user.language == ""


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_the_language_switch_never_leads_to_another_site(client, db, target):
    response = client.post("/account/language", {"language": "en", "next": target})
    assert response["Location"] == "/"


def test_the_language_is_not_switched_by_a_link(client, db):
    assert client.get("/account/language?language=zh-hans").status_code == 405
