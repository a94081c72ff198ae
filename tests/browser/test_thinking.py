"""Models that think: their thoughts have a time and stay, and whether they think can be chosen where they let it."""

import re

from playwright.sync_api import expect

from tests.scripted_ollama import ScriptedOllama, hold, thinking

from .chat import Chat

SECONDS = re.compile(r"^\d+ s$")


def choose_model(chat: Chat, name: str) -> None:
    chat.press("open-panel")
    chat.page.locator("#panel-model").select_option(name)
    chat.page.locator("#panel [value=use]").click()


def think_sent(ollama: ScriptedOllama) -> object:
    """Return what Ollama was told about thinking with the last question, None where it was told nothing."""
    return ollama.chats[-1].json.get("think")


def test_thoughts_are_timed_while_they_come_and_afterwards(chat: Chat, ollama: ScriptedOllama) -> None:
    lines = [thinking(f"Thought {number}\n") for number in range(60)]
    ollama.enqueue(*lines, hold(), thinking("The last one"), hold("on"), "The answer.")
    chat.ask("Think first").phase("thinking")
    title = chat.answers.last.locator(".thinking-title")
    text = chat.answers.last.locator(".thinking-text")
    expect(title).to_have_text("Thinking")
    expect(chat.answers.last.locator(".thinking-time")).to_have_text(SECONDS)
    chat.answers.last.locator(".thinking summary").click()
    # The page follows to its end, which the open thoughts have moved.
    chat.at_end()
    top = chat.evaluate("document.querySelector('.thinking').getBoundingClientRect().top")
    ollama.release()
    expect(text).to_contain_text("The last one")
    rest = text.evaluate("box => box.scrollHeight - box.clientHeight - box.scrollTop")
    assert rest <= 1
    assert chat.evaluate("document.querySelector('.thinking').getBoundingClientRect().top") == top
    text.evaluate("box => box.scrollTo(0, 0)")
    chat.reload().phase("thinking")
    expect(chat.answers.last.locator(".thinking-time")).to_have_text(SECONDS)
    ollama.release("on")
    chat.ended()
    expect(title).to_have_text(re.compile(r"^Thought for \d+ s$"))
    live = title.inner_text()
    chat.reload()
    expect(title).to_have_text(live)
    expect(text).to_be_hidden()


def test_thoughts_and_answer_are_as_clean_and_of_the_same_language_live_and_stored(
    chat: Chat, ollama: ScriptedOllama
) -> None:
    hidden = "a\x1b[3"
    answer = ["word " * 60, "春眠不觉晓，" * 40]
    ollama.enqueue(thinking(hidden), thinking("1mb\u202ec\U000e0041d and so on"), *answer, hold(), "The end.")
    chat.ask("Think in English").phase("writing")
    thoughts = chat.answers.last.locator(".thinking-text")
    expect(chat.text()).to_contain_text("春眠")
    for _ in range(2):
        expect(thoughts).to_have_text("ab⟨U+202E⟩cd and so on")
        expect(thoughts).to_have_attribute("lang", "en")
        expect(chat.text()).to_have_attribute("lang", "zh-Hans")
        ollama.release()
        chat.ended()
        chat.reload()


def test_a_stop_in_mid_thought_says_that_no_answer_came(chat: Chat, ollama: ScriptedOllama) -> None:
    ollama.enqueue(thinking("Hm"), hold("never"))
    chat.ask("Think and say nothing").phase("thinking")
    expect(chat.answers.last.locator(".thinking-text")).to_have_text("Hm")
    sentence = "Stopped while the model was thinking, before the first word of its answer."
    answer = chat.press("stop").ended("stopped")
    for _ in range(2):
        expect(answer.locator(".outcome-text")).to_have_text(sentence)
        expect(answer.locator(".thinking-title")).to_have_text(re.compile("^Thought for"))
        chat.reload()


def test_thinking_is_chosen_where_the_model_lets_it_and_stays_chosen(
    chat: Chat, ollama: ScriptedOllama
) -> None:
    field = chat.page.locator("#think")
    expect(field).to_be_hidden()
    choose_model(chat, "muse:1b")
    field.select_option("off")
    expect(field.locator("option:enabled")).to_have_text(["Default", "On", "Off"])
    chat.ask("Do not think").ended()
    assert think_sent(ollama) is False
    other = chat.tab()
    expect(other.page.locator("#think")).to_have_value("off")
    other.page.locator("#think").select_option("on")
    other.ask("Do think").ended()
    assert think_sent(ollama) is True
    expect(field).to_have_value("on")
    chat.reload()
    expect(field).to_have_value("on")
    choose_model(chat, "steps:1b")
    expect(field).to_have_value("")
    field.select_option("low")
    chat.ask("Think a little").ended()
    assert think_sent(ollama) == "low"
    choose_model(chat, "cold:1b")
    expect(field).to_be_hidden()
    chat.ask("Answer as you can").ended()
    assert think_sent(ollama) is None
