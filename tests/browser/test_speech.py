"""Reading answers aloud. Voices and what they say are the tests' own: Chromium without a window has none."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.scripted_ollama import ScriptedOllama

from .chat import Chat

STUB = """
window.said = [];
window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
const voices = VOICES;
Object.defineProperty(window, "speechSynthesis", { value: {
  speaking: false,
  getVoices: () => voices,
  speak({ text, voice, lang }) { this.speaking = true; said.push([text, voice.name, lang]); },
  cancel() { this.speaking = false; said.push("silence"); },
} });
"""
VOICES = """[
  { name: "far", lang: "en-GB", localService: false, default: true },
  { name: "near", lang: "en-US", localService: true },
  { name: "own", lang: "en-AU", localService: true, default: true },
  { name: "普通话", lang: "zh_CN", localService: true },
]"""
ANSWER = "# Title\n\nSome **bold** words.\n\n```python\nreturn 1\n```\n\n- [x] done\n- next"


@pytest.fixture
def speaking(new_context: Callable[..., BrowserContext]) -> Callable[[str], Chat]:
    """Open a chat in a browser with these voices."""

    def make(voices: str) -> Chat:
        page = new_context(locale="en-IE").new_page()
        page.add_init_script(STUB.replace("VOICES", voices))
        return Chat(page).open()

    return make


def _item(chat: Chat) -> Any:
    chat.press("more", chat.answers.last)
    expect(chat.page.locator("#message-menu .menu-models button").first).to_be_visible()
    return chat.page.locator("#message-menu [data-action=listen]")


def test_an_answer_is_read_by_a_voice_of_this_machine_in_its_language(
    speaking: Callable[[str], Chat], ollama: ScriptedOllama
) -> None:
    chat = speaking(VOICES)
    ollama.enqueue(ANSWER)
    chat.ask("Tell me").ended()
    item = _item(chat)
    expect(item).to_have_text("Read aloud")
    item.click()
    said = chat.evaluate("said.splice(0)")
    assert [one[0].strip() for one in said if one != "silence"] == [
        "Title",
        "Some bold words.",
        "done",
        "next",
    ]
    assert {(name, lang) for _, name, lang in (one for one in said if one != "silence")} == {("own", "en-AU")}
    item = _item(chat)
    expect(item).to_have_text("Stop reading")
    item.click()
    assert chat.evaluate("said") == ["silence"]
    ollama.enqueue("春天来了。")
    chat.ask("写一句").ended()
    _item(chat).click()
    assert chat.evaluate("said.at(-1)") == ["春天来了。", "普通话", "zh_CN"]


@pytest.mark.parametrize("voices", ["[]", '[{ name: "far", lang: "en-US", localService: false }]'])
def test_without_a_voice_of_this_machine_nothing_is_offered(
    speaking: Callable[[str], Chat], voices: str
) -> None:
    chat = speaking(voices)
    chat.ask("Tell me").ended()
    expect(_item(chat)).to_be_hidden()
