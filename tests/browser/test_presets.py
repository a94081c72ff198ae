"""Presets in a conversation: switched to with one press, saved from the settings, begun with."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.scripted_ollama import ScriptedOllama
from tests.site import Site

from . import axe
from .chat import Chat
from .looks import faults
from .screenshots import LOOKS

PRESETS = """
from conversations.models import Preset, User
anna = User.objects.get(username="anna")
tutor = {"model": "muse:1b", "system_prompt": "Ask back.", "options": {"seed": 7}, "think": "off"}
Preset.objects.create(owner=anna, name="Tutor", **tutor)
Preset.objects.create(name="House style", system_prompt="Be brief.")
"""
NO_PRESETS = "from conversations.models import Preset; Preset.objects.all().delete()"


@pytest.fixture
def presets(site: Site) -> Iterator[None]:
    """One preset of anna's and a shared one; afterwards there are none."""
    site.run(PRESETS)
    yield
    site.run(NO_PRESETS)


@pytest.fixture
def no_presets(site: Site) -> Iterator[None]:
    """Afterwards there are none."""
    yield
    site.run(NO_PRESETS)


def open_menu(chat: Chat) -> None:
    chat.press("open-presets")
    expect(chat.page.locator("#preset-menu [role^=menuitem]").first).to_be_focused()


def switch(chat: Chat, name: str) -> None:
    open_menu(chat)
    chat.page.get_by_role("menuitemradio", name=name).click()
    expect(chat.page.locator("#preset-menu")).to_be_hidden()


@pytest.mark.usefixtures("presets")
def test_one_press_gives_the_conversation_another_preset(chat: Chat, ollama: ScriptedOllama) -> None:
    chat.ask("Without").ended()
    switch(chat, "Tutor")
    expect(chat.page.locator(".model-name")).to_have_text("muse:1b")
    expect(chat.page.locator("#announcer")).to_have_text("“Tutor” holds from your next message on.")
    expect(chat.page.locator("[data-action=open-presets]")).to_be_focused()
    chat.ask("With").ended()
    body = ollama.chats[-1].json
    assert (body["model"], body["options"]["seed"], body["think"]) == ("muse:1b", 7, False)
    assert body["messages"][0] == {"role": "system", "content": "Ask back."}
    chat.reload()
    open_menu(chat)
    expect(chat.page.get_by_role("menuitemradio", name="Tutor")).to_have_attribute("aria-checked", "true")
    chat.page.keyboard.press("Escape")
    switch(chat, "House style")
    expect(chat.page.locator(".model-name")).to_have_text("internlm2:1.8b")
    chat.ask("And now").ended()
    body = ollama.chats[-1].json
    assert (body["model"], "seed" in body["options"]) == ("internlm2:1.8b", False)
    assert body["messages"][0] == {"role": "system", "content": "Be brief."}


@pytest.mark.usefixtures("presets")
def test_the_menu_is_used_by_keyboard_alone(chat: Chat) -> None:
    chat.page.locator("[data-action=open-presets]").focus()
    chat.page.keyboard.press("Enter")
    expect(chat.page.get_by_role("menuitemradio", name="Tutor")).to_be_focused()
    chat.page.keyboard.press("ArrowDown")
    expect(chat.page.get_by_role("menuitemradio", name="House style")).to_be_focused()
    chat.page.keyboard.press("ArrowUp")
    chat.page.keyboard.press("Enter")
    expect(chat.page.locator(".model-name")).to_have_text("muse:1b")


@pytest.mark.usefixtures("no_presets")
def test_what_is_set_is_saved_as_a_preset_from_the_panel(
    chat: Chat, ollama: ScriptedOllama, expected: list[str]
) -> None:
    # Chromium's word for an answer that refuses.
    expected.append("400 (Bad Request)")
    page = chat.page
    chat.press("open-panel")
    page.locator("#panel-system").fill("You are patient.")
    page.locator("#panel-temperature").fill("warm")
    page.locator(".panel-preset summary").click()
    page.locator("#panel-name").fill("Tutor")
    page.locator("#panel-name").press("Enter")
    expect(page.locator(".panel-error")).to_contain_text("has to be a number from 0 to 5")
    page.locator("#panel-temperature").fill("0,3")
    page.locator("#panel-name").press("Enter")
    expect(page.locator(".panel-saved")).to_have_text("“Tutor” is saved.")
    page.locator("#panel-name").fill("tutor")
    chat.press("save-preset")
    expect(page.locator(".panel-error")).to_have_text("You have a preset of this name already.")
    expect(page.locator("#panel-name")).to_be_focused()
    expect(page.locator("#panel-system")).to_have_value("You are patient.")
    page.keyboard.press("Escape")
    chat.ask("Without").ended()
    assert ollama.chats[-1].json["messages"][0]["role"] == "user"
    switch(chat, "Tutor")
    chat.ask("With").ended()
    assert ollama.chats[-1].json["options"]["temperature"] == 0.3
    assert ollama.chats[-1].json["messages"][0]["content"] == "You are patient."


@pytest.mark.usefixtures("presets")
def test_a_new_conversation_starts_with_the_default_preset(chat: Chat, ollama: ScriptedOllama) -> None:
    page = chat.page
    page.goto("/account/presets/")
    page.locator(".preset").filter(has_text="Tutor").get_by_role("button").click()
    expect(page.locator(".preset-default")).to_have_count(1)
    chat.open()
    expect(page.locator(".model-name")).to_have_text("muse:1b")
    expect(page.locator(".greeting-preset")).to_contain_text("Starts with the preset “Tutor”.")
    chat.ask("Hello").ended()
    assert ollama.chats[-1].json["messages"][0]["content"] == "Ask back."
    expect(page.locator(".greeting")).to_have_count(0)


@pytest.mark.usefixtures("no_presets")
def test_the_pages_of_presets_work_without_scripts(new_context: Callable[..., BrowserContext]) -> None:
    page = new_context(java_script_enabled=False).new_page()
    page.goto("/account/presets/new")
    page.locator("[name=name]").fill("Plain")
    page.locator("[name=seed]").fill("7")
    page.locator("[name=top_p]").fill("2")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".errorlist")).to_contain_text("“top_p” has to be a number from 0 to 1.")
    expect(page.locator("[name=seed]")).to_have_value("7")
    page.locator("[name=top_p]").fill("")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Plain").click()
    expect(page.locator("[name=seed]")).to_have_value("7")
    page.get_by_text("Delete this preset").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.locator(".notice")).to_contain_text("The preset is deleted.")
    expect(page.locator(".preset")).to_have_count(0)


@pytest.mark.usefixtures("presets")
@pytest.mark.parametrize(("language", "theme", "size"), LOOKS)
def test_menu_panel_and_pages_can_be_seen_and_used(
    open_chat: Callable[..., Chat], language: str, theme: str, size: dict
) -> None:
    chat = open_chat(locale=language, color_scheme=theme, reduced_motion="reduce", **size)
    chat.press("open-presets")
    expect(chat.page.locator("#preset-menu [role=menuitem]")).to_be_visible()
    assert [*faults(chat), *axe.findings(chat.page)] == []
    chat.page.keyboard.press("Escape")
    chat.press("open-panel")
    chat.page.locator(".panel-preset summary").click()
    assert [*faults(chat), *axe.findings(chat.page)] == []
    for path in ("/account/presets/", "/account/presets/new"):
        chat.page.goto(path)
        assert chat.too_wide() == []
