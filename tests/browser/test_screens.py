"""Languages, themes and sizes of screens."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tests.scripted_ollama import ScriptedOllama
from tests.site import Site

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
def in_chinese(chat: Chat, site: Site) -> Iterator[Chat]:
    """The page after its language switch was used; afterwards anna has chosen no language, as before."""
    chat.page.locator("#sidebar button[name=language]").click()
    expect(chat.page.locator("html")).to_have_attribute("lang", "zh-Hans")
    yield chat.connected()
    site.run("from conversations.models import User; User.objects.update(language='')")


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


@pytest.fixture
def any_theme(site: Site) -> Iterator[None]:
    """Afterwards anna has chosen no theme, as before."""
    yield
    site.run("from conversations.models import User; User.objects.update(theme='')")


@pytest.mark.usefixtures("any_theme")
def test_the_theme_is_remembered_and_drawn_by_the_server(chat: Chat) -> None:
    def paper() -> str:
        return str(chat.evaluate("getComputedStyle(document.documentElement).backgroundColor"))

    light = paper()
    button = chat.page.locator("[data-theme-button]")
    with chat.page.expect_response("**/account/theme"):
        button.click()
    with chat.page.expect_response("**/account/theme"):
        button.click()
    expect(chat.page.locator("html")).to_have_attribute("data-theme", "dark")
    dark = paper()
    assert dark != light
    html = chat.page.request.get("/").text()
    assert 'data-theme="dark"' in html
    chat.reload()
    assert paper() == dark
