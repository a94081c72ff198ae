"""What an administrator does with the log in Chromium."""

import re
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.scripted_ollama import ScriptedOllama, hold
from tests.site import Site

from .chat import Chat


@pytest.fixture
def open_admin(new_context: Callable[..., BrowserContext], site: Site) -> Callable[..., Page]:
    """Open an admin page as the administrator."""
    with closing(site.log_in("admin")) as client:
        cookies = dict(client.cookies.items())

    def make(path: str = "", **options: Any) -> Page:
        page = new_context(cookies, **options).new_page()
        page.goto(f"/admin/{path}")
        return page

    return make


def test_a_person_is_found_by_typing(chat: Chat, open_admin: Callable[..., Page]) -> None:
    chat.ask("Hello").ended()
    page = open_admin("conversations/conversation/")
    page.locator(".person-filter .select2-selection").click()
    page.locator(".select2-search__field").fill("ann")
    found = page.locator(".select2-results__option", has_text="anna")
    expect(page.locator(".select2-results__option")).to_have_count(1)
    found.click()
    page.locator(".person-filter button").click()
    expect(page).to_have_url(re.compile("owner__id__exact="))
    owners = page.locator("#result_list .field-owner")
    expect(owners.first).to_have_text("anna")
    assert set(owners.all_inner_texts()) == {"anna"}


def test_the_stop_button_ends_the_answer_on_the_persons_page(
    chat: Chat, ollama: ScriptedOllama, open_admin: Callable[..., Page]
) -> None:
    ollama.enqueue("so far", hold("admin"))
    chat.ask("Tell me everything")
    ollama.wait_held("admin")
    page = open_admin("conversations/generation/?status__exact=running")
    page.locator("#result_list tbody a").first.click()
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".messagelist")).to_contain_text("Stop requested.")
    chat.ended("stopped")
    expect(chat.text()).to_contain_text("so far")


def test_times_are_those_of_the_browsers_own_zone(chat: Chat, open_admin: Callable[..., Page]) -> None:
    chat.ask("When was this?").ended()

    def asked_at(zone: str) -> datetime:
        page = open_admin(timezone_id=zone)
        # The site's own pages tell the server which zone the browser is in.
        page.goto("/")
        page.goto("/admin/conversations/generation/")
        return datetime.fromisoformat(page.locator("#result_list .field-queued").first.inner_text())

    assert asked_at("Pacific/Kiritimati") - asked_at("Pacific/Pago_Pago") == timedelta(hours=25)
