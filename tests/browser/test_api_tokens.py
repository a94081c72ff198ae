"""API tokens on the account page: made, copied, revoked, in every look and without scripts too."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.site import Site

from . import axe
from .chat import Chat
from .screenshots import LOOKS, PHONE
from .test_pages import TWO_LOOKS

NO_TOKENS = "from conversations.models import ApiToken; ApiToken.objects.all().delete()"
# Whose it is stands there for who does not see the row.
REVOKE = re.compile(r"^Revoke\s*: Notebook$")
TOKEN = re.compile(r"chatsite_[\w-]{43}")


@pytest.fixture(autouse=True)
def _no_tokens(site: Site) -> Iterator[None]:
    """Before and afterwards there are none."""
    site.run(NO_TOKENS)
    yield
    site.run(NO_TOKENS)


@pytest.fixture
def page(new_context: Callable[..., BrowserContext]) -> Page:
    """The account page."""
    found = new_context().new_page()
    found.goto("/account/")
    return found


def section(page: Page) -> Locator:
    return page.locator("section:has(#account-tokens)")


def make(page: Page, name: str) -> str:
    """Make a token by the form, and return what the page shows of it."""
    page.locator("#token_name").fill(name)
    page.locator("#token_name").press("Enter")
    field = page.locator("[data-new-token]")
    expect(field).to_be_in_viewport()
    assert TOKEN.fullmatch(field.input_value())
    return field.input_value()


def test_a_token_is_made_copied_and_revoked(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    text = make(page, "Notebook")
    section(page).get_by_role("button", name="Copy").click()
    expect(page.locator("#announcer")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == text
    row = page.locator(".api-token")
    expect(row).to_contain_text("Never used")
    row.get_by_role("button", name=REVOKE).click()
    expect(page.locator(".messages")).to_have_text("The token “Notebook” is revoked.")
    expect(row).to_have_count(0)
    expect(page.locator("[data-new-token]")).to_have_count(0)


def test_a_page_that_is_loaded_again_shows_it_no_more(page: Page, expected: list[str]) -> None:
    # The form goes again, and is refused.
    expected.append("400 (Bad Request)")
    text = make(page, "Notebook")
    page.reload()
    expect(page.locator("#token_name_error")).to_have_text("You have a token of this name already.")
    expect(page.locator("#token_name")).to_have_value("Notebook")
    assert text not in page.content()
    expect(page.locator(".api-token")).to_have_count(1)


def test_it_works_without_scripts(new_context: Callable[..., BrowserContext]) -> None:
    page = new_context(java_script_enabled=False).new_page()
    page.goto("/account/")
    make(page, "Notebook")
    expect(section(page).get_by_role("button", name="Copy")).to_have_count(0)
    page.get_by_role("button", name=REVOKE).click()
    expect(page.locator(".messages")).to_have_text("The token “Notebook” is revoked.")


@pytest.mark.parametrize(("language", "theme", "size"), LOOKS)
def test_it_fits(open_chat: Callable[..., Chat], language: str, theme: str, size: dict[str, Any]) -> None:
    chat = open_chat(locale=language, color_scheme=theme, reduced_motion="reduce", **size)
    chat.page.goto("/account/")
    make(chat.page, "A name that is long, 很长的名字 " + "x" * 70)
    assert chat.too_wide() == []
    for target in section(chat.page).locator(":is(button, input:not([type=hidden]), select):visible").all():
        box = target.bounding_box()
        assert box
        assert box["height"] >= (44 if size is PHONE else 36)


@pytest.mark.parametrize(("language", "theme", "size"), TWO_LOOKS)
def test_axe_finds_nothing_on_the_page_that_shows_it(
    new_context: Callable[..., BrowserContext], language: str, theme: str, size: dict[str, Any]
) -> None:
    page = new_context(locale=language, color_scheme=theme, reduced_motion="reduce", **size).new_page()
    page.goto("/account/")
    make(page, "Notebook")
    assert axe.findings(page) == []
