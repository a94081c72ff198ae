"""Everything by keyboard: the shortcuts and their sheet, and the whole main flow without a mouse."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.scripted_ollama import ScriptedOllama, hold
from tests.site import PASSWORD, Site

from . import axe
from .chat import Chat

# The list of a person who has used the site for a while has two stops for each conversation.
MOST_STOPS = 400
FOCUSED = "() => document.activeElement?.outerHTML.slice(0, 160) ?? ''"
IS_LOST = "() => [null, document.body, document.documentElement].includes(document.activeElement)"


class Keys:
    """A person who has a keyboard only."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.press = page.keyboard.press
        self.type = page.keyboard.type

    def go_to(self, target: Locator, key: str = "Tab") -> None:
        """Press Tab (or another key) until `target` has the focus."""
        for _ in range(MOST_STOPS):
            if target.evaluate_all("(all) => all.includes(document.activeElement)"):
                expect(target).to_be_focused()
                return
            self.press(key)
        raise AssertionError(f"{target} is not reached; at last: {self.page.evaluate(FOCUSED)}")

    def use(self, target: Locator, key: str = "Tab", *, by: str = "Enter") -> None:
        """Go to a button and press it."""
        self.go_to(target, key)
        self.press(by)

    def is_somewhere(self) -> None:
        """The focus is at something, so that the next key goes there."""
        self.page.wait_for_function(f"() => !({IS_LOST})()")


def test_the_sheet_lists_the_keys_and_gives_the_focus_back(chat: Chat) -> None:
    button = chat.page.locator("#sidebar [data-action=shortcuts]")
    sheet = chat.page.get_by_role("dialog", name="Keyboard shortcuts")
    button.focus()
    chat.page.keyboard.press("?")
    expect(sheet).to_contain_text("Copy the last answer")
    expect(sheet.locator("kbd").first).to_have_text("Ctrl")
    assert axe.findings(chat.page) == []
    chat.page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)
    expect(button).to_be_focused()
    button.press("Enter")
    expect(sheet).to_be_visible()


def test_no_single_key_acts_while_somebody_types_and_all_can_be_switched_off(chat: Chat) -> None:
    keys = Keys(chat.page)
    sheet = chat.page.get_by_role("dialog", name="Keyboard shortcuts")
    keys.type("?/nfcs")
    expect(chat.field).to_have_value("?/nfcs")
    keys.press("Control+/")
    expect(sheet).to_be_visible()
    keys.use(sheet.get_by_role("button", name="Turn single keys off"))
    keys.press("Escape")
    expect(chat.field).to_be_focused()
    keys.press("Shift+Tab")
    for key in "?nfcs":
        keys.press(key)
    # What belongs to a key with Ctrl is still there, and comes after whatever the others may have done.
    keys.press("Control+/")
    expect(sheet).to_have_count(1)
    expect(sheet.get_by_role("button", name="Turn single keys on")).to_be_visible()
    expect(chat.page.locator("#sidebar")).to_be_visible()


def test_keys_are_called_as_on_a_mac_there(new_context: Callable[..., BrowserContext]) -> None:
    page = new_context(locale="en-AU").new_page()
    page.add_init_script("Object.defineProperty(navigator, 'platform', { get: () => 'MacIntel' })")
    chat = Chat(page).open()
    page.keyboard.press("Control+/")
    page.keyboard.press("Meta+/")
    expect(page.get_by_role("dialog").locator("kbd").first).to_have_text("⌘")
    expect(page.get_by_role("dialog")).to_have_count(1)
    assert axe.findings(chat.page) == []


def test_each_key_does_what_the_sheet_says(chat: Chat) -> None:
    page, keys = chat.page, Keys(chat.page)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    chat.ask("What shall be copied?").ended()
    keys.press("Control+k")
    expect(page.get_by_role("dialog").get_by_role("searchbox")).to_be_focused()
    keys.press("Escape")
    expect(chat.field).to_be_focused()
    keys.go_to(page.locator("[data-action=open-panel]"), "Shift+Tab")
    keys.press("c")
    expect(page.locator("#announcer")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()")
    keys.press("s")
    expect(page.locator("#sidebar")).to_be_hidden()
    keys.press("s")
    expect(page.locator("#sidebar")).to_be_visible()
    keys.press("f")
    expect(page.get_by_role("searchbox")).to_be_focused()
    keys.press("Escape")
    keys.is_somewhere()
    keys.go_to(page.locator("[data-action=open-panel]"), "Shift+Tab")
    keys.press("/")
    expect(chat.field).to_be_focused()
    expect(chat.field).to_have_value("")
    keys.press("Shift+Tab")
    keys.press("n")
    expect(chat.main).to_have_attribute("data-empty", "")
    chat.connected()


@pytest.fixture
def keys(new_context: Callable[..., BrowserContext]) -> Keys:
    """Somebody who has just come to the page of the login."""
    page = new_context({}).new_page()
    page.goto("/accounts/login/")
    return Keys(page)


def _log_in(keys: Keys) -> Chat:
    page = keys.page
    keys.go_to(page.get_by_label("User name"))
    keys.type("anna")
    keys.press("Tab")
    keys.type(PASSWORD)
    keys.press("Enter")
    chat = Chat(page).connected()
    expect(chat.field).to_be_focused()
    return chat


def _ask(keys: Keys, text: str) -> None:
    keys.type(text)
    keys.press("Enter")


def test_the_main_flow_without_a_mouse(keys: Keys, ollama: ScriptedOllama) -> None:
    chat = _log_in(keys)
    page = keys.page
    ollama.enqueue("One", hold("never"))
    _ask(keys, "Count by keyboard")
    chat.phase("writing")
    expect(chat.field).to_be_focused()
    keys.press("Escape")
    chat.turns(1).ended("stopped")
    expect(chat.field).to_be_focused()
    # Ask again in other words.
    keys.use(chat.questions.last.locator("[data-action=edit]"), "Shift+Tab")
    expect(page.locator(".edit textarea")).to_be_focused()
    keys.press("End")
    keys.type(" again")
    keys.press("Control+Enter")
    expect(chat.questions.last.locator(".bubble")).to_have_text("Count by keyboard again")
    chat.ended()
    keys.is_somewhere()
    # Another answer, and back to the first one.
    keys.use(chat.answers.last.locator(".tools [data-action=regenerate]"), "Shift+Tab")
    expect(chat.answers.last.locator(".versions-count")).to_have_text("2/2")
    chat.ended()
    keys.is_somewhere()
    keys.use(chat.answers.last.locator("[data-action=previous]"), "Shift+Tab")
    expect(chat.answers.last.locator(".versions-count")).to_have_text("1/2")
    keys.is_somewhere()
    keys.use(chat.answers.last.locator("[data-action=copy]"))
    expect(page.locator("#announcer")).to_have_text("Copied")
    keys.is_somewhere()


def test_files_and_settings_without_a_mouse(keys: Keys) -> None:
    chat = _log_in(keys)
    page = keys.page
    _ask(keys, "Set by keyboard")
    chat.turns(1).ended()
    with page.expect_file_chooser() as chooser:
        keys.use(page.locator("#attach"), by="Space")
    chooser.value.set_files({"name": "notes.txt", "mimeType": "text/plain", "buffer": b"notes"})
    expect(page.locator(".chip[data-state=ready]")).to_have_count(1)
    keys.is_somewhere()
    keys.use(page.locator("[data-action=remove-file]"), "Shift+Tab")
    expect(page.locator(".chip")).to_have_count(0)
    keys.is_somewhere()
    keys.use(page.locator("[data-action=open-panel]"), "Shift+Tab")
    expect(page.locator("#panel")).to_be_visible()
    keys.go_to(page.locator("#panel-temperature"))
    keys.type("0.5")
    keys.press("Enter")
    expect(page.locator("#panel")).to_be_hidden()
    expect(page.locator("[data-action=open-panel]")).to_be_focused()


def test_the_list_without_a_mouse(keys: Keys) -> None:
    chat = _log_in(keys)
    page = keys.page
    _ask(keys, "Named by keyboard")
    chat.turns(1).ended()
    entry = chat.entry("Named by keyboard")
    keys.use(entry.locator("[data-action=menu]"), "Shift+Tab")
    expect(page.locator(".entry-menu input")).to_be_focused()
    keys.press("Control+a")
    keys.type("Renamed by keyboard")
    keys.press("Enter")
    entry = chat.entry("Renamed by keyboard")
    expect(entry).to_be_visible()
    keys.is_somewhere()
    keys.use(entry.locator("[data-action=menu]"))
    keys.use(page.locator(".entry-menu [data-action=delete]"))
    page.wait_for_url("**/?deleted=*")
    keys.use(page.locator(".toast button"))
    page.wait_for_url("**/c/**")


def test_theme_language_and_the_way_out_without_a_mouse(keys: Keys, site: Site) -> None:
    chat = _log_in(keys)
    page = keys.page
    keys.use(page.locator("[data-theme-button]"))
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    keys.is_somewhere()
    keys.use(page.locator("#sidebar button[name=language]"), "Shift+Tab")
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    chat.connected()
    keys.use(page.locator("#sidebar button[name=language]"))
    expect(page.locator("html")).to_have_attribute("lang", "en")
    chat.connected()
    site.run("from conversations.models import User; User.objects.update(language='', theme='')")
    keys.use(page.locator("#sidebar form[action$='/logout/'] button"))
    page.wait_for_url("**/accounts/login/**")
