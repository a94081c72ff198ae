"""Name, language, time zone, theme and default model of a person."""

import pytest
from django.test import Client

from conversations.generation.backend import Picture, backend
from conversations.models import User
from conversations.ollama.catalogue import ModelInfo

pytestmark = pytest.mark.django_db
FIELDS = {"name": "小明", "email": "ming@example.org", "language": "", "time_zone": "Asia/Shanghai"}


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ollama offers two models."""
    some = tuple(ModelInfo(name, None, None, "", "", "", "", "") for name in ("internlm2:1.8b", "muse:1b"))
    monkeypatch.setattr(backend, "picture", Picture(looked=True, models=some))


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
        {"theme": "purple"},
        {"default_model": "nobody:1b"},
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


def theme_of(page: str) -> str:
    return page.partition('data-theme="')[2].partition('"')[0]


def test_the_theme_goes_with_the_account_to_another_browser(own, user):
    answer = own.post("/account/theme", {"theme": "dark", "next": "/account/"})
    assert (answer["Location"], answer.cookies["theme"].value) == ("/account/", "dark")
    other = Client()
    assert theme_of(other.get("/accounts/login/").content.decode()) == "auto"
    other.force_login(user)
    assert theme_of(other.get("/account/").content.decode()) == "dark"


def test_the_theme_is_chosen_on_the_account_page(own, user):
    assert own.post("/account/", FIELDS | {"theme": "light"}).cookies["theme"].value == "light"
    page = own.get("/account/").content.decode()
    assert theme_of(page) == "light"
    assert '<option value="light" selected>Light</option>' in page


def test_who_has_chosen_no_theme_keeps_that_of_the_browser(own, user):
    own.cookies["theme"] = "dark"
    page = own.get("/account/").content.decode()
    assert theme_of(page) == "dark"
    assert '<option value="dark" selected>Dark</option>' in page


def test_the_theme_of_a_browser_without_an_account_is_its_cookie(client, db):
    assert client.post("/account/theme", {"theme": "dark"})["Location"] == "/"
    assert theme_of(client.get("/accounts/login/").content.decode()) == "dark"


@pytest.mark.parametrize("theme", ["", "purple", "dark'><script>"])
def test_an_unknown_theme_changes_nothing(own, user, theme):
    assert "theme" not in own.post("/account/theme", {"theme": theme}).cookies
    user.refresh_from_db()
    assert user.theme == ""


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_the_theme_switch_never_leads_to_another_site(client, db, target):
    assert client.post("/account/theme", {"theme": "dark", "next": target})["Location"] == "/"


def test_new_conversations_start_with_the_default_model(own, administrator, models):
    own.post("/account/", FIELDS | {"default_model": "muse:1b"})
    page = own.get("/")
    assert page.context["data"]["settings"]["model"] == "muse:1b"
    assert "stands in" not in page.content.decode()


def test_a_default_model_that_is_gone_is_told_and_kept(own, user, administrator, models):
    User.objects.filter(pk=user.pk).update(default_model="gone:1b")
    page = own.get("/")
    assert page.context["data"]["settings"]["model"] == ""
    assert "gone:1b, which new conversations start with, is not pulled any more" in page.content.decode()
    account = own.get("/account/").content.decode()
    assert '<option value="gone:1b" selected>gone:1b (not pulled)</option>' in account
    assert "gone:1b is not pulled any more, so new conversations start with internlm2:1.8b." in account
    own.post("/account/", FIELDS | {"default_model": "gone:1b"})
    user.refresh_from_db()
    assert user.default_model == "gone:1b"


def test_while_ollama_is_away_nothing_is_said_to_be_gone(own, user, administrator, monkeypatch):
    monkeypatch.setattr(backend, "picture", Picture())
    User.objects.filter(pk=user.pk).update(default_model="muse:1b")
    page = own.get("/")
    assert page.context["data"]["settings"]["model"] == "muse:1b"
    assert "not pulled any more" not in page.content.decode() + own.get("/account/").content.decode()
