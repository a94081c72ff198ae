"""Where a person is logged in, and how they log out there."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from conversations import useragents
from conversations.models import BrowserSession, User
from conversations.services import browser_sessions

from .conftest import PASSWORD

pytestmark = pytest.mark.django_db

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0"
    " Safari/537.36 Edg/140.0.0.0"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/18.5 Mobile/15E148 Safari/604.1"
)
WECHAT = (
    "Mozilla/5.0 (Linux; Android 14; V2309A) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0"
    " Chrome/126.0.0.0 Mobile Safari/537.36 MicroMessenger/8.0.50"
)


@pytest.fixture
def browser(user: User) -> Callable[[str], Client]:
    """Open a browser in which the person is logged in."""

    def make(agent: str = FIREFOX, who: User = user) -> Client:
        client = Client(headers={"User-Agent": agent})
        client.force_login(who)
        client.get("/account/")
        return client

    return make


def is_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


@pytest.mark.parametrize(
    ("agent", "label", "is_handheld"),
    [
        (FIREFOX, "Firefox · Linux", False),
        (EDGE, "Edge · Windows", False),
        (EDGE.partition(" Edg/")[0], "Chrome · Windows", False),
        (IPHONE, "Safari · iPhone", True),
        (IPHONE.replace("Version/18.5", "CriOS/140.0"), "Chrome · iPhone", True),
        (WECHAT, "WeChat · Android", True),
        ("curl/8.5.0", "curl", False),
        ("", "", False),
        ("<script>", "", False),
    ],
)
def test_a_browser_is_called_by_its_names(agent, label, is_handheld):
    found = useragents.named(agent)
    assert (found.label, found.is_handheld) == (label, is_handheld)


def test_the_account_page_lists_where_one_is_logged_in_this_browser_first(browser):
    here = browser(FIREFOX)
    browser(IPHONE)
    page = here.get("/account/").content.decode()
    assert page.index("Firefox · Linux") < page.index("This browser") < page.index("Safari · iPhone")
    assert page.count('<li class="browser">') == 2


def test_logging_in_by_the_form_is_noted_once(client, user, log_in):
    log_in("王小明", headers={"User-Agent": EDGE})
    client.get("/account/")
    assert [row.user_agent for row in browser_sessions.of(user)] == [EDGE]


def test_others_are_neither_listed_nor_ended(browser, administrator):
    mine, theirs = browser(FIREFOX), browser(IPHONE, administrator)
    assert "Safari · iPhone" not in mine.get("/account/").content.decode()
    row = administrator.browser_sessions.get()
    assert mine.post(f"/account/browsers/{row.pk}/end").status_code == 404
    mine.post("/account/browsers/all/logout/")
    assert is_in(theirs)
    assert not is_in(mine)


def test_one_browser_is_logged_out(browser, user):
    here, there = browser(FIREFOX), browser(IPHONE)
    row = user.browser_sessions.get(user_agent=IPHONE)
    page = here.post(f"/account/browsers/{row.pk}/end", follow=True).content.decode()
    assert "You are logged out there." in page
    assert (is_in(here), is_in(there)) == (True, False)
    assert here.post(f"/account/browsers/{row.pk}/end").status_code == 404


def test_logging_out_this_one_by_its_address_leads_to_the_login(browser, user):
    here = browser()
    row = user.browser_sessions.get()
    assert here.post(f"/account/browsers/{row.pk}/end")["Location"] == "/accounts/login/"
    assert not is_in(here)


def test_everywhere_else_leaves_this_browser(browser):
    here, there, elsewhere = browser(FIREFOX), browser(IPHONE), browser(EDGE)
    here.post("/account/browsers/end")
    assert [is_in(one) for one in (here, there, elsewhere)] == [True, False, False]


def test_everywhere_ends_sessions_that_nobody_has_noted(browser, user):
    here, there = browser(FIREFOX), browser(IPHONE)
    BrowserSession.objects.all().delete()
    assert here.post("/account/browsers/all/logout/")["Location"] == "/accounts/login/"
    assert [is_in(one) for one in (here, there)] == [False, False]
    assert not Session.objects.filter(session_data__gt="", expire_date__gt=timezone.now()).exists()


def test_browsers_whose_login_does_not_hold_any_more_are_not_listed(browser, user):
    here, expired = browser(FIREFOX), browser(IPHONE)
    Session.objects.filter(pk=expired.session.session_key).update(expire_date=timezone.now())
    assert [row.user_agent for row in browser_sessions.of(user)] == [FIREFOX]
    new = "Quiet-lamp-42"
    fields = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    browser(EDGE)
    here.post("/accounts/password/change/", fields)
    user.refresh_from_db()
    assert [row.user_agent for row in browser_sessions.of(user)] == [FIREFOX]


def test_when_a_browser_was_here_is_written_once_in_minutes(browser, user):
    here = browser()
    BrowserSession.objects.update(last_seen_at=timezone.now() - timedelta(hours=1))
    here.get("/conversations")
    assert timezone.now() - user.browser_sessions.get().last_seen_at >= timedelta(hours=1)


def test_a_database_that_takes_nothing_costs_no_page(user, monkeypatch):
    def fails(*_args: object) -> None:
        raise OperationalError("disk full")

    monkeypatch.setattr(browser_sessions, "note", fails)
    client = Client()
    client.force_login(user)
    assert is_in(client)


def test_a_header_of_any_bytes_can_be_kept(browser, user):
    browser("Fire\x00fox\u202e " + "x" * 1000)
    kept = user.browser_sessions.get().user_agent
    assert kept.startswith("Firefox x")
    assert len(kept) == 300


def test_browsers_of_long_ago_are_forgotten(browser, user):
    browser(FIREFOX)
    browser(IPHONE)
    long_ago = timezone.now() - timedelta(days=16)
    user.browser_sessions.filter(user_agent=IPHONE).update(last_seen_at=long_ago)
    browser_sessions.forget_ended()
    assert [row.user_agent for row in user.browser_sessions.all()] == [FIREFOX]
