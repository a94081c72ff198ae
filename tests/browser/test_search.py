"""Finding what was said: the search over the chat and on its own page, and in the conversation that is open."""

import re
from collections.abc import Callable

from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.scripted_ollama import ScriptedOllama

from .chat import Chat
from .conftest import BROKEN_CONNECTION
from .screenshots import PHONE


def search(chat: Chat, words: str) -> Locator:
    """Open the dialog, type, and return the hits."""
    chat.press("search")
    dialog = chat.page.locator(".search-dialog")
    expect(dialog.locator("[name=q]")).to_be_focused()
    chat.page.keyboard.type(words)
    return dialog.locator(".hit")


def marks(page: Page) -> str:
    return " ".join(page.locator(".hit mark").all_inner_texts())


def test_two_chinese_characters_are_found_as_they_are_typed_and_lead_to_the_message(
    chat: Chat, ollama: ScriptedOllama
) -> None:
    ollama.enqueue("种下郁金香，等到来年。")
    chat.ask("怎么种鳞茎？").ended()
    address = chat.page.url
    chat.open("/")
    hits = search(chat, "郁金")
    expect(hits).to_have_count(1)
    expect(hits.locator("mark")).to_have_text("郁金")
    expect(hits.locator(".hit-title")).to_have_text("怎么种鳞茎？")
    expect(chat.page.locator("[data-search-status]")).to_have_text(re.compile("1"))
    hits.locator("a").click()
    chat.page.wait_for_url(re.compile(re.escape(address)))
    chat.connected()
    expect(chat.text()).to_contain_text("种下郁金香")


def test_with_the_keyboard_alone(chat: Chat, ollama: ScriptedOllama) -> None:
    ollama.enqueue("An answer about marmalade")
    chat.ask("marmalade, how?").ended()
    hits = search(chat, "marmal")
    expect(hits).to_have_count(3)
    chat.page.keyboard.press("ArrowDown")
    expect(hits.first.locator("a")).to_be_focused()
    chat.page.keyboard.press("ArrowUp")
    expect(chat.page.locator(".search-dialog [name=q]")).to_be_focused()
    chat.page.keyboard.press("Escape")
    expect(chat.page.locator(".search-dialog")).to_be_hidden()
    # What was typed is still there.
    chat.press("search")
    expect(hits).to_have_count(3)


def test_filters_narrow_what_is_found(chat: Chat, ollama: ScriptedOllama) -> None:
    ollama.enqueue("The word is pomegranate.")
    chat.ask("pomegranate?").ended()
    hits = search(chat, "pomegranate")
    expect(hits).to_have_count(3)
    dialog = chat.page.locator(".search-dialog")
    dialog.locator("summary").click()
    dialog.locator("[name=role]").select_option("assistant")
    expect(hits).to_have_count(1)
    dialog.locator("[name=since]").fill("2026-02-01")
    dialog.locator("[name=until]").fill("2026-01-01")
    expect(dialog.locator(".errorlist")).to_have_text("This day lies before the first one.")
    dialog.locator("[name=until]").fill("")
    expect(dialog.locator(".errorlist")).to_have_count(0)
    expect(hits).to_have_count(1)


def test_hostile_words_are_shown_as_they_are(chat: Chat, ollama: ScriptedOllama) -> None:
    ollama.enqueue("ok")
    chat.ask("<img src=x onerror=alert(1)> quagmire").ended()
    hits = search(chat, "quagmire")
    expect(hits.first).to_contain_text("<img src=x onerror=alert(1)> quagmire")
    expect(chat.page.locator(".search-dialog img")).to_have_count(0)


def test_the_page_works_without_scripts(
    chat: Chat, ollama: ScriptedOllama, new_context: Callable[..., BrowserContext]
) -> None:
    ollama.enqueue("ok")
    chat.ask("About rhubarb").ended()
    page = new_context(java_script_enabled=False).new_page()
    page.goto("/search")
    page.locator("[name=q]").fill("rhubarb")
    page.locator("[data-search] [type=submit]").click()
    expect(page.locator(".hit")).to_have_count(2)
    assert marks(page) == "rhubarb rhubarb"


def test_a_lost_connection_is_told_and_the_words_stay(far: Chat, expected: list[str], proxy: object) -> None:
    expected.extend(BROKEN_CONNECTION)
    search(far, "x")
    expect(far.page.locator(".results-none")).to_be_visible()
    far.page.context.set_offline(True)
    far.page.keyboard.type("yz")
    expect(far.page.locator(".results-none")).to_have_text(re.compile("cannot be reached"))
    far.page.context.set_offline(False)
    far.page.keyboard.type("w")
    expect(far.page.locator(".results-none")).to_have_text(re.compile("Nothing found"))
    expect(far.page.locator(".search-dialog [name=q]")).to_have_value("xyzw")


def test_finding_in_the_conversation_goes_from_one_to_the_next(chat: Chat, ollama: ScriptedOllama) -> None:
    for text in ("A lemon, first", "No fruit", "Lemon again"):
        ollama.enqueue(text)
        chat.ask("And?").ended()
    chat.press("find")
    bar = chat.page.locator(".find")
    expect(bar.locator("input")).to_be_focused()
    chat.page.keyboard.type("lemon")
    expect(bar.locator(".find-count")).to_have_text("2 / 2")
    marked = "() => [...CSS.highlights.get('found')].map(String).join()"
    assert chat.evaluate(marked) == "Lemon"
    chat.page.keyboard.press("Shift+Enter")
    expect(bar.locator(".find-count")).to_have_text("1 / 2")
    expect(bar.locator("input")).to_be_focused()
    chat.page.wait_for_function("() => [...CSS.highlights.get('found')].map(String).join() === 'lemon'")
    chat.page.keyboard.press("Enter")
    expect(bar.locator(".find-count")).to_have_text("2 / 2")
    chat.page.keyboard.press("Control+A")
    chat.page.keyboard.type("papaya")
    expect(bar.locator(".find-count")).to_have_text("Not found")
    chat.page.keyboard.press("Escape")
    expect(bar).to_be_hidden()
    expect(chat.page.locator("[data-action=find]")).to_be_focused()


def test_on_a_phone_the_search_fits_and_closes(
    open_chat: Callable[..., Chat], ollama: ScriptedOllama
) -> None:
    chat = open_chat(**PHONE)
    ollama.enqueue("Tamarind, of course.")
    chat.field.fill("Which fruit is sour?")
    chat.press("send").turns(1).ended()
    chat.press("open-sidebar")
    hits = search(chat, "tamarind")
    expect(hits).to_have_count(1)
    assert chat.too_wide() == []
    chat.press("search-close")
    expect(chat.page.locator(".search-dialog")).to_be_hidden()
