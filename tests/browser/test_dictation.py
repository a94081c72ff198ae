"""Dictating, where the browser recognises speech on the device.

Chromium has no recogniser here: the tests put one in its place, and show what is asked of it and what becomes of what
it hears.
"""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, expect

from .chat import Chat

STUB = """
window.SpeechRecognition = class extends EventTarget {
  static available(options) {
    window.asked = options;
    return Promise.resolve("%s");
  }
  start() { window.recognition = this; }
  abort() { this.dispatchEvent(new Event("end")); }
  hear(...transcripts) {
    const results = transcripts.map((transcript) => [{ transcript }]);
    this.dispatchEvent(Object.assign(new Event("result"), { results }));
  }
};
"""
Open = Callable[..., Chat]


@pytest.fixture
def open_with(new_context: Callable[..., BrowserContext]) -> Open:
    """Open a chat in a browser whose recogniser answers so."""

    def make(answer: str, **options: str) -> Chat:
        page = new_context(**options).new_page()
        page.add_init_script(STUB % answer)
        return Chat(page).open()

    return make


def hear(chat: Chat, *transcripts: str) -> None:
    chat.page.evaluate("(heard) => recognition.hear(...heard)", list(transcripts))


@pytest.mark.parametrize("answer", ["unavailable", "downloadable", "downloading"])
def test_it_is_offered_only_where_it_needs_nobody_else(open_with: Open, answer: str) -> None:
    chat = open_with(answer)
    chat.field.focus()
    chat.page.wait_for_function("() => window.asked")
    assert chat.evaluate("() => asked") == {"langs": ["en-US"], "processLocally": True}
    expect(chat.page.locator("[data-action=dictate]")).to_be_hidden()


def test_what_is_heard_stands_at_the_caret_and_is_sent(open_with: Open) -> None:
    chat = open_with("available", locale="zh-CN")
    button = chat.page.locator("[data-action=dictate]")
    chat.field.fill("请问？")
    chat.field.evaluate("(field) => field.setSelectionRange(2, 2)")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    assert chat.evaluate("() => [recognition.lang, recognition.processLocally]") == ["zh-CN", True]
    hear(chat, "春天")
    expect(chat.field).to_have_value("请问春天？")
    hear(chat, "春天是", "什么")
    expect(chat.field).to_have_value("请问春天是什么？")
    chat.press("send").ended()
    expect(button).to_have_attribute("aria-pressed", "false")
    expect(chat.questions.last).to_contain_text("请问春天是什么？")


def test_whoever_types_is_not_written_over(open_with: Open) -> None:
    chat = open_with("available")
    button = chat.page.locator("[data-action=dictate]")
    button.click()
    hear(chat, "one two")
    chat.field.press("End")
    chat.field.press("!")
    hear(chat, "one two three")
    expect(chat.field).to_have_value("one two!")
    expect(button).to_have_attribute("aria-pressed", "false")
    button.click()
    hear(chat, " four")
    expect(chat.field).to_have_value("one two! four")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")


def test_a_microphone_that_is_refused_is_told(open_with: Open) -> None:
    chat = open_with("available")
    button = chat.page.locator("[data-action=dictate]")
    button.click()
    chat.evaluate(
        "() => recognition.dispatchEvent(Object.assign(new Event('error'), { error: 'not-allowed' }))"
    )
    expect(chat.refusal).to_have_text("This browser does not let the site use the microphone.")
    expect(button).to_have_attribute("aria-pressed", "false")
