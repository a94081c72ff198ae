"""The list of conversations."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playwright.sync_api import Route, expect

from .chat import Chat


def open_menu(chat: Chat, title: str) -> None:
    chat.entry(title).hover()
    chat.entry(title).locator("[data-action=menu]").click()


def rename(chat: Chat, title: str) -> None:
    chat.page.locator(".entry-menu input").fill(title)
    chat.page.locator(".entry-menu [data-action=rename]").click()
    expect(chat.entry(title)).to_be_visible()


@contextmanager
def news_of_the_list(chat: Chat) -> Iterator[None]:
    """While these last something is done; they arrive at the end."""
    address = chat.page.locator("#conversations").get_attribute("data-address") or ""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    chat.page.route(f"**{address}?*", hold)
    with chat.page.expect_request(f"**{address}?*"):
        chat.evaluate("dispatchEvent(new Event('focus'))")
    yield
    with chat.page.expect_event("requestfinished"):
        for route in held:
            route.continue_()
    chat.page.unroute(f"**{address}?*", hold)
    chat.evaluate("new Promise((done) => setTimeout(() => requestAnimationFrame(done)))")


def test_rename_in_place(chat: Chat) -> None:
    chat.ask("A name to be changed").ended()
    open_menu(chat, "A name to be changed")
    title = chat.page.locator(".entry-menu input")
    expect(title).to_be_focused()
    title.fill("Another name 名字")
    title.press("Enter")
    expect(chat.entry("Another name 名字")).to_be_visible()
    expect(chat.page.locator(".chat-title")).to_have_text("Another name 名字")
    chat.reload()
    expect(chat.entry("Another name 名字")).to_be_visible()
    expect(chat.entry("A name to be changed")).to_have_count(0)


def test_news_of_the_list_leave_alone_what_is_being_typed(chat: Chat) -> None:
    chat.ask("Half renamed").ended()
    expect(chat.entry("Half renamed")).to_be_visible()
    with news_of_the_list(chat):
        open_menu(chat, "Half renamed")
        field = chat.page.locator(".entry-menu input")
        field.fill("Half a na")
    expect(field).to_have_value("Half a na")


def test_news_of_the_list_leave_alone_what_is_under_the_finger(open_chat: Callable[..., Chat]) -> None:
    other = open_chat()
    other.ask("To be renamed over there").ended()
    chat = open_chat()
    chat.ask("Under the finger").ended()
    entry = chat.entry("Under the finger")
    expect(entry).to_be_visible()
    with news_of_the_list(chat):
        open_menu(other, "To be renamed over there")
        rename(other, "Renamed meanwhile")
        entry.locator("[data-action=menu]").hover()
        chat.page.mouse.down()
        entry.locator("a").focus()
    expect(chat.entry("Renamed meanwhile")).to_be_visible()
    expect(entry.locator("a")).to_be_focused()
    chat.page.mouse.up()
    expect(chat.page.locator(".entry-menu input")).to_have_value("Under the finger")


def test_a_rename_is_seen_in_another_tab(chat: Chat) -> None:
    chat.ask("Seen from both sides").ended()
    other = chat.tab()
    open_menu(chat, "Seen from both sides")
    rename(chat, "Renamed over there")
    expect(other.page.locator(".chat-title")).to_have_text("Renamed over there")
    expect(other.entry("Renamed over there")).to_be_visible()


def test_delete_another_conversation_and_undo(open_chat: Callable[..., Chat]) -> None:
    open_chat().ask("To be deleted").ended()
    chat = open_chat()
    open_menu(chat, "To be deleted")
    chat.press("delete")
    expect(chat.entry("To be deleted")).to_have_count(0)
    toast = chat.page.locator(".toast")
    expect(toast).to_contain_text("Deleted “To be deleted”.")
    chat.press("undo")
    expect(chat.entry("To be deleted")).to_be_visible()
    expect(toast).to_have_count(0)


def test_delete_the_shown_conversation_and_undo(chat: Chat) -> None:
    chat.ask("Shown and deleted").ended()
    open_menu(chat, "Shown and deleted")
    chat.press("delete")
    chat.page.wait_for_url("**/?deleted=*")
    expect(chat.entry("Shown and deleted")).to_have_count(0)
    chat.page.locator(".toast button").click()
    chat.page.wait_for_url("**/c/**")
    expect(chat.questions.last).to_contain_text("Shown and deleted")


def test_pin_and_unpin_are_seen_in_another_tab(open_chat: Callable[..., Chat]) -> None:
    open_chat().ask("Kept on top").ended()
    chat = open_chat()
    chat.ask("The newest of all").ended()
    other = chat.tab()
    for action, group, title in (
        ("pin", "Pinned", "Kept on top"),
        ("unpin", "Today", "The newest of all"),
    ):
        open_menu(chat, "Kept on top")
        chat.press(action)
        for tab in (chat, other):
            first = tab.page.locator("#conversations .group").first
            expect(first.locator("h2")).to_have_text(group)
            expect(first.locator(".entry").first).to_contain_text(title)
        expect(chat.entry("Kept on top").locator("[data-action=menu]")).to_be_focused()
        expect(chat.page.locator(".entry-menu")).to_have_count(0)


def test_archive_undo_and_asking_are_seen_in_another_tab(open_chat: Callable[..., Chat]) -> None:
    chat = open_chat()
    chat.ask("Put aside").ended()
    other = open_chat()
    other.ask("Somewhere else").ended()
    note = chat.page.locator(".archived")
    open_menu(other, "Put aside")
    other.press("archive")
    for tab in (chat, other):
        expect(tab.entry("Put aside")).to_have_count(0)
    expect(note).to_be_visible()
    expect(other.page.locator(".toast")).to_contain_text("Archived “Put aside”.")
    expect(other.entries.locator("a:focus")).to_have_count(1)
    other.press("undo")
    for tab in (chat, other):
        expect(tab.entry("Put aside")).to_be_visible()
    expect(note).to_be_hidden()
    open_menu(chat, "Put aside")
    chat.press("archive")
    expect(note).to_be_visible()
    expect(other.entry("Put aside")).to_have_count(0)
    chat.ask("And once more").ended()
    expect(note).to_be_hidden()
    for tab in (chat, other):
        expect(tab.entry("Put aside")).to_be_visible()


def test_the_archive_is_a_page_that_needs_no_script(open_chat: Callable[..., Chat]) -> None:
    chat = open_chat()
    chat.ask("Archived and read").ended()
    open_menu(chat, "Archived and read")
    chat.press("archive")
    expect(chat.page.locator(".archived")).to_be_visible()
    chat.page.get_by_role("link", name="Archived conversations").click()
    chat.page.get_by_role("link", name="Archived and read").click()
    chat.connected()
    expect(chat.questions.last).to_contain_text("Archived and read")
    chat.page.locator(".archived button").click()
    expect(chat.page.locator(".archived")).to_be_hidden()
    expect(chat.connected().entry("Archived and read")).to_be_visible()


def test_the_menu_of_an_entry_is_used_by_keyboard_alone(chat: Chat) -> None:
    chat.ask("Only with keys").ended()
    menu = chat.entry("Only with keys").locator("[data-action=menu]")
    menu.focus()
    press = chat.page.keyboard.press
    press("Enter")
    expect(chat.page.locator(".entry-menu input")).to_be_focused()
    for name in ("Rename", "Pin", "Archive", "Delete"):
        press("Tab")
        expect(chat.page.locator(".entry-menu button:focus")).to_have_text(re.compile(name))
    press("Escape")
    expect(menu).to_be_focused()
    press("Enter")
    expect(chat.page.locator(".entry-menu input")).to_be_focused()
    press("Tab")
    press("Tab")
    press("Enter")
    expect(chat.page.locator("#conversations h2").first).to_have_text("Pinned")
    expect(menu).to_be_focused()


def test_a_conversation_deleted_elsewhere_says_so(chat: Chat) -> None:
    chat.ask("Gone in the other tab").ended()
    other = chat.tab()
    open_menu(chat, "Gone in the other tab")
    chat.press("delete")
    expect(other.status).to_contain_text("does not exist any more")
    expect(other.entry("Gone in the other tab")).to_have_count(0)
    expect(chat.page).to_have_url(re.compile("deleted="))
    chat.connected()


def test_the_list_folds_away_and_stays_so(chat: Chat) -> None:
    sidebar = chat.page.locator("#sidebar")
    chat.press("close-sidebar")
    expect(sidebar).to_be_hidden()
    chat.reload()
    expect(sidebar).to_be_hidden()
    chat.press("open-sidebar")
    expect(sidebar).to_be_visible()


def test_the_list_is_a_drawer_on_a_phone(open_chat: Callable[..., Chat]) -> None:
    chat = open_chat(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    sidebar = chat.page.locator("#sidebar")
    expect(sidebar).to_be_hidden()
    chat.press("open-sidebar")
    expect(sidebar).to_be_visible()
    chat.page.keyboard.press("Escape")
    expect(sidebar).to_be_hidden()
