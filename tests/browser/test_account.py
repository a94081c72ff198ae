"""The account page: theme and default model follow the person, and logins end where they are told to."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.site import Site

from .chat import Chat
from .screenshots import LOOKS, PHONE


@pytest.fixture
def as_before(site: Site) -> Iterator[None]:
    """Afterwards anna has chosen nothing, as before."""
    yield
    site.run("from conversations.models import User; User.objects.update(theme='', default_model='')")


@pytest.mark.usefixtures("as_before")
def test_the_theme_of_the_sidebar_follows_to_another_device(
    chat: Chat, new_context: Callable[..., BrowserContext]
) -> None:
    button = chat.page.locator("[data-theme-button]")
    button.click()
    with chat.page.expect_response("**/account/theme"):
        button.click()
    expect(chat.page.locator("html")).to_have_attribute("data-theme", "dark")
    phone = new_context(**PHONE).new_page()
    phone.goto("/account/")
    expect(phone.locator("html")).to_have_attribute("data-theme", "dark")
    phone.get_by_label("Theme", exact=True).select_option("light")
    phone.get_by_role("button", name="Save").click()
    expect(phone.locator("html")).to_have_attribute("data-theme", "light")
    chat.reload()
    expect(chat.page.locator("html")).to_have_attribute("data-theme", "light")


@pytest.mark.usefixtures("as_before")
def test_a_new_conversation_is_answered_by_the_default_model(chat: Chat) -> None:
    page = chat.page
    page.goto("/account/")
    page.get_by_label("Default model").select_option("muse:1b")
    page.get_by_role("button", name="Save").click()
    chat.open()
    expect(page.locator(".model-name")).to_have_text("muse:1b")
    chat.ask("Who are you?").ended()
    expect(chat.answers.last.locator(".facts summary")).to_contain_text("muse:1b")
    page.goto("/account/")
    page.get_by_label("Default model").select_option("")
    page.get_by_role("button", name="Save").click()
    page.go_back()
    chat.open()
    expect(page.locator(".model-name")).to_have_text("internlm2:1.8b")


def test_a_page_says_within_seconds_that_it_was_logged_out_elsewhere(
    new_context: Callable[..., BrowserContext], own_login: dict[str, str], chat: Chat
) -> None:
    there = Chat(new_context(own_login).new_page()).open()
    chat.page.goto("/account/")
    chat.page.locator(".browser").filter(has_text="Last here").first.wait_for()
    # Other tests have left logins of theirs.
    before = chat.page.locator(".browser").count()
    chat.page.locator(".browser").filter(has_text="Last here").first.get_by_role("button").click()
    expect(chat.page.locator(".browser")).to_have_count(before - 1)
    expect(there.main).to_have_attribute("data-connection", "ended")


def test_everywhere_means_here_too_and_leaves_nothing_in_the_browser(
    new_context: Callable[..., BrowserContext], own_login: dict[str, str], site: Site
) -> None:
    site.add_user("berta")
    chat = Chat(new_context(own_login).new_page()).open()
    chat.field.fill("A secret draft")
    page = chat.page
    page.goto("/account/")
    page.evaluate("localStorage.setItem('chatsite.draft.x', '1')")
    action = page.locator("form[action$='/logout/']").filter(has_text="everywhere")
    assert str(action.get_attribute("action")).endswith("/account/browsers/all/logout/")
    # Anna's other logins serve other tests, so the form is not sent; it does what every logout's form does.
    action.evaluate("(form) => form.addEventListener('submit', (event) => event.preventDefault())")
    action.get_by_role("button").click()
    page.wait_for_function("() => localStorage.getItem('chatsite.draft.x') === null")


@pytest.mark.parametrize(("language", "theme", "size"), LOOKS)
def test_the_account_page_fits(open_chat: Callable[..., Chat], language: str, theme: str, size: dict) -> None:
    chat = open_chat(locale=language, color_scheme=theme, reduced_motion="reduce", **size)
    chat.page.goto("/account/")
    assert chat.too_wide() == []
    for target in chat.page.locator("main :is(button, .button, input, select):visible").all():
        box = target.bounding_box()
        assert box
        assert box["height"] >= (44 if size is PHONE else 36)
