"""Languages, themes and sizes of screens."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tests.scripted_ollama import ScriptedOllama

from .chat import Chat

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
WIDE_ANSWER = (
    "A long_word_"
    + "x" * 200
    + "\n\n| "
    + " | ".join(f"column {n}" for n in range(12))
    + " |\n"
    + "|---" * 12
    + "|\n\n```\n"
    + "wide code " * 30
    + "\n```\n"
)


@pytest.fixture
def in_chinese(chat: Chat) -> Iterator[Chat]:
    """The page after its language switch was used; switched back at the end."""
    chat.page.locator("#sidebar button[name=language]").click()
    expect(chat.page.locator("html")).to_have_attribute("lang", "zh-Hans")
    yield chat.connected()
    chat.open().page.locator("#sidebar button[name=language][value=en]").click()
    expect(chat.page.locator("html")).to_have_attribute("lang", "en")


def test_the_interface_is_chinese_after_the_switch(in_chinese: Chat) -> None:
    chat = in_chinese
    expect(chat.page.get_by_role("link", name="新对话")).to_be_visible()
    expect(chat.page.locator("[data-action=send]")).to_contain_text("发送")
    chat.field.press("Enter")
    expect(chat.refusal).to_contain_text("请")
    chat.ask("春天来了吗？").ended()
    expect(chat.questions.last.locator(".bubble")).to_have_attribute("lang", "zh-Hans")
    chat.answers.last.locator(".facts summary").click()
    expect(chat.answers.last.locator(".facts dl")).not_to_contain_text("First token")


def test_nothing_scrolls_sideways_on_a_phone_in_chinese(
    in_chinese: Chat, open_chat: Callable[..., Chat]
) -> None:
    chat = open_chat(**PHONE)
    assert chat.too_wide() == []
    chat.press("open-sidebar")
    assert chat.too_wide() == []
    chat.page.keyboard.press("Escape")
    chat.press("open-panel")
    assert chat.too_wide() == []


def test_nothing_scrolls_sideways_on_a_phone(open_chat: Callable[..., Chat], ollama: ScriptedOllama) -> None:
    chat = open_chat(**PHONE)
    assert chat.too_wide() == []
    ollama.enqueue(WIDE_ANSWER)
    chat.field.fill("word" * 60)
    chat.press("send").ended()
    assert chat.too_wide() == []
    chat.press("open-sidebar")
    assert chat.too_wide() == []
    chat.page.keyboard.press("Escape")
    chat.press("open-panel")
    assert chat.too_wide() == []


def test_targets_are_large_enough_for_a_finger(open_chat: Callable[..., Chat]) -> None:
    chat = open_chat(**PHONE)
    chat.field.fill("A question")
    chat.press("send").ended()
    small = chat.evaluate(
        """[...document.querySelectorAll("button, a, summary, select, input, textarea")]
        .filter((element) => element.checkVisibility() && !element.closest(".visually-hidden, .skip-link"))
        .map((element) => [element.outerHTML.slice(0, 80), element.getBoundingClientRect()])
        .filter(([, box]) => box.width > 0 && Math.min(box.width, box.height) < 43.5)
        .map(([html, box]) => `${html} ${box.width}x${box.height}`)"""
    )
    assert small == []


def test_the_theme_is_remembered_and_drawn_by_the_server(chat: Chat) -> None:
    def paper() -> str:
        return str(chat.evaluate("getComputedStyle(document.documentElement).backgroundColor"))

    light = paper()
    button = chat.page.locator("[data-theme-button]")
    button.click()
    button.click()
    expect(chat.page.locator("html")).to_have_attribute("data-theme", "dark")
    dark = paper()
    assert dark != light
    html = chat.page.request.get("/").text()
    assert 'data-theme="dark"' in html
    chat.reload()
    assert paper() == dark


def test_the_first_page_is_light(open_chat: Callable[..., Chat]) -> None:
    """What the wire carries for a first visit, by the browser's own count, is at most 150 KB."""
    chat = open_chat(locale="en-GB")
    sizes = chat.evaluate(
        """[...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
        .map((entry) => [entry.name, entry.transferSize])"""
    )
    total = sum(size for _, size in sizes)
    assert 0 < total <= 150_000, sizes
