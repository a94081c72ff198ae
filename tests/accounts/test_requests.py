"""What holds for every page around accounts: forms need their token, and looking changes nothing."""

import pytest
from django.apps import apps
from django.test import Client

from conversations.models import User
from conversations.services import accounts

pytestmark = pytest.mark.django_db

PAGES = [
    "/setup/",
    "/account/",
    "/accounts/login/",
    "/accounts/logout/",
    "/accounts/inactive/",
    "/accounts/signup/",
    "/accounts/password/change/",
    "/accounts/password/set/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
    "/accounts/password/reset/key/1-x/",
    "/accounts/password/reset/key/done/",
]
FORMS = [
    "/setup/",
    "/account/",
    "/account/language",
    "/account/theme",
    "/account/browsers/end",
    "/account/browsers/all/logout/",
    "/accounts/login/",
    "/accounts/logout/",
    "/accounts/signup/",
    "/accounts/password/change/",
    "/accounts/password/reset/",
]


def rows() -> dict[str, list[dict]]:
    """Everything in the database but the sessions, and when each browser was here last."""
    models = (model for model in apps.get_models() if "session" not in model._meta.label_lower)
    return {model._meta.label: list(model._default_manager.order_by("pk").values()) for model in models}


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("known", [True, False])
def test_a_form_without_its_token_is_refused(user, path, known):
    browser = Client(enforce_csrf_checks=True)
    if known:
        browser.force_login(user)
    assert browser.post(path, {}).status_code == 403


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("signup", ["open", "closed"])
@pytest.mark.parametrize("email_url", ["", "smtp://mail.example.org"])
def test_looking_at_a_page_changes_nothing(client, user, settings, known, signup, email_url):
    settings.SIGNUP, settings.EMAIL_URL = signup, email_url
    if known:
        client.force_login(user)
    before = rows()
    link = accounts.reset_link(user, "")
    for path in [*PAGES, accounts.setup_link(""), link, "/healthz", "/readyz"]:
        assert client.get(path).status_code in {200, 302, 403}, path
    assert rows() == before
    assert ("_auth_user_id" in client.session) is known


@pytest.mark.parametrize(
    "path", ["/accounts/", "/accounts/email/", "/accounts/confirm-email/", "/accounts/3rdparty/"]
)
def test_pages_of_allauth_that_the_site_does_not_use_are_not_there(client, user, path):
    client.force_login(user)
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_both_languages_and_nothing_inline(client, user, settings, path):
    settings.SIGNUP, settings.EMAIL_URL = "open", "smtp://mail.example.org"
    for language, code in (("en", "en"), ("zh-CN", "zh-Hans")):
        for known in (False, True):
            browser = Client(headers={"Accept-Language": language})
            if known:
                browser.force_login(user)
            response = browser.get(path)
            if response.status_code == 302:
                continue
            page = response.content.decode()
            assert f'lang="{code}"' in page
            assert " style=" not in page
            assert "<h1>" in page


def test_hostile_names_are_inert(client, db):
    User.objects.create(username="head", name="<img src=x onerror=alert(1)>", is_superuser=True)
    assert "<img" not in client.get("/accounts/password/reset/").content.decode()
