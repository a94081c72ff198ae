"""What a screen reader says while an answer comes, and what moves for somebody who wants nothing to move."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.scripted_ollama import ScriptedOllama, hold, paced, thinking

from .chat import Chat
from .test_sidebar import open_menu

# Everything that any live region of the page comes to say.
LISTEN = """() => {
  window.said = [];
  for (const region of document.querySelectorAll("[role=status], [role=alert], [aria-live=polite]")) {
    const note = () => region.checkVisibility() && region.textContent.trim() && said.push(region.textContent.trim());
    new MutationObserver(note).observe(region, { childList: true, characterData: true, subtree: true });
  }
}"""
MOVING = "() => document.getAnimations().filter((one) => one.playState === 'running').length"


@pytest.mark.parametrize(
    ("language", "states"),
    [("en-US", ["Thinking", "Writing"]), ("zh-CN", ["思考中", "正在回答"])],
)
def test_each_state_and_the_whole_answer_are_said_once(
    open_chat: Callable[..., Chat], ollama: ScriptedOllama, language: str, states: list[str]
) -> None:
    chat = open_chat(locale=language)
    chat.evaluate(f"({LISTEN})()")
    words = [f"word{number} " for number in range(30)]
    ollama.enqueue(thinking("Well. "), hold("thought"), paced(words, 60), hold("end"), "**over**")
    chat.ask("Speak").phase("thinking")
    expect(chat.status).to_contain_text(states[0])
    ollama.release("thought")
    expect(chat.text()).to_contain_text("word29")
    expect(chat.status).to_contain_text(states[1])
    ollama.release("end")
    chat.ended()
    expect(chat.page.locator("#announcer")).to_contain_text("over")
    said = chat.evaluate("said")
    assert [one for one in said if one in states] == states
    # No token and no part of the answer, and of its Markdown no mark.
    assert [one for one in said if "word" in one] == ["".join([*words, "over"])]
    assert len(said) == len(set(said))


def test_nothing_moves_for_whoever_wants_it_so(
    open_chat: Callable[..., Chat], ollama: ScriptedOllama
) -> None:
    usual, still = (open_chat(reduced_motion=wish) for wish in ("no-preference", "reduce"))
    for chat, moves in ((usual, True), (still, False)):
        ollama.enqueue(hold("first"), "One")
        chat.ask("Wait for it").phase("reading")
        expect(chat.status.locator(".status-mark")).to_be_visible()
        assert bool(chat.page.evaluate(MOVING)) == moves
        ollama.release("first")
        chat.ended()


def test_undo_gives_the_focus_back_to_the_list(open_chat: Callable[..., Chat]) -> None:
    open_chat().ask("Away and back").ended()
    chat = open_chat()
    open_menu(chat, "Away and back")
    chat.press("delete")
    undo = chat.page.locator(".toast button")
    undo.press("Enter")
    expect(chat.page.locator(".toast")).to_have_count(0)
    expect(chat.entry("Away and back")).to_be_visible()
    expect(chat.page.locator("#sidebar :focus")).to_have_count(1)
