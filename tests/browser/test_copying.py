"""What is copied: of which text, when the browser allows it, and what is said where it does not."""

import pytest
from playwright.sync_api import Route, expect

from tests.scripted_ollama import ScriptedOllama

from .chat import Chat

# An answer with everything that shows more than its words.
ANSWER = """Before:

- [x] done
- [ ] to do

3. third
4. fourth

   with a second line

| a | b |
| --- | --- |
| 1 | 2 |

```python
if True:
    pass
```
"""
TEXT = """Before:

[x] done
[ ] to do

3. third

4. fourth

with a second line

a\tb
1\t2
if True:
    pass"""

# The browser refuses every way of copying.
_REFUSE = """() => {
  navigator.clipboard.write = navigator.clipboard.writeText = () => Promise.reject(new Error("not allowed"));
  document.execCommand = () => false;
}"""

# Notes whether a press of a button is being handled when the clipboard is written to.
_NOTE_WRITES = """() => {
  const write = navigator.clipboard.write.bind(navigator.clipboard);
  window.writes = [];
  addEventListener("click", () => (window.pressed = true), { capture: true });
  addEventListener("click", () => queueMicrotask(() => queueMicrotask(() => (window.pressed = false))));
  navigator.clipboard.write = (items) => {
    window.writes.push(window.pressed);
    return write(items);
  };
}"""


@pytest.fixture
def expected() -> list[str]:
    """What could not be copied is told in the console, too."""
    return ["200 for source="]


def answered(chat: Chat, ollama: ScriptedOllama, answer: str) -> None:
    """Ask, with permission to copy, and wait for that answer."""
    chat.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ollama.enqueue(answer)
    chat.ask("Copy").ended()


def copied(chat: Chat) -> str:
    """What is in the clipboard."""
    return str(chat.evaluate("navigator.clipboard.readText()")).replace("\r\n", "\n")


def test_a_copy_as_text_has_the_boxes_and_numbers_of_lists(chat: Chat, ollama: ScriptedOllama) -> None:
    answered(chat, ollama, ANSWER)
    chat.press("more", chat.answers.last)
    chat.page.get_by_role("menuitem", name="Copy as text").click()
    expect(chat.answers.last.locator("[data-action=more][data-done]")).to_be_visible()
    assert copied(chat) == TEXT
    # The answer itself stays as it is.
    expect(chat.text().locator("input")).to_have_count(2)
    expect(chat.text().locator("li").nth(2)).to_have_text("third")


def test_the_clipboard_is_asked_during_the_press_though_the_text_comes_later(
    chat: Chat, ollama: ScriptedOllama
) -> None:
    answered(chat, ollama, "**Late**")
    # What copies is there then.
    chat.press("copy", chat.questions.last)
    expect(chat.questions.last.locator("[data-action=copy][data-done]")).to_be_visible()
    texts: list[Route] = []
    chat.page.route("**/messages?source=*", lambda route: texts.append(route))  # noqa: PLW0108
    chat.page.evaluate(_NOTE_WRITES)
    with chat.page.expect_request("**/messages?source=*"):
        chat.press("copy", chat.answers.last)
    assert chat.evaluate("window.writes") == [True]
    texts[0].continue_()
    expect(chat.answers.last.locator("[data-action=copy][data-done]")).to_be_visible()
    assert copied(chat) == "**Late**"


def test_a_copy_that_fails_says_so(chat: Chat, ollama: ScriptedOllama) -> None:
    answered(chat, ollama, "```\ncode\n```")
    chat.page.evaluate(_REFUSE)
    sentence = "Copying did not work. Select the text and copy it."

    def press_and_be_told(copy: str) -> None:
        chat.answers.last.locator(copy).click()
        expect(chat.refusal).to_be_visible()
        expect(chat.refusal).to_have_text(sentence)
        chat.field.fill("Something else takes it away")
        chat.field.fill("")
        expect(chat.refusal).to_be_hidden()

    press_and_be_told("[data-action=copy]")
    press_and_be_told(".code-copy")
    chat.press("more", chat.answers.last)
    chat.page.get_by_role("menuitem", name="Copy as text").click()
    expect(chat.refusal).to_have_text(sentence)
    expect(chat.answers.last.locator("[data-done]")).to_have_count(0)


def test_after_a_logout_nothing_is_copied_and_the_page_says_why(chat: Chat, ollama: ScriptedOllama) -> None:
    answered(chat, ollama, "Mine")
    chat.page.evaluate("navigator.clipboard.writeText('from before')")
    chat.page.context.clear_cookies()
    chat.press("copy", chat.answers.last)
    expect(chat.refusal).to_be_visible()
    expect(chat.refusal).to_have_text("You are logged out. Log in again to go on.")
    expect(chat.answers.last.locator("[data-done]")).to_have_count(0)
    assert copied(chat) == "from before"
