"""The line above which the model no longer sees the conversation."""

from collections.abc import Callable

from playwright.sync_api import Locator, expect

from tests.scripted_ollama import ScriptedOllama, hold

from .chat import Chat
from .test_settings import choose

SENTENCE = "The model no longer sees what is above this line"


def below(chat: Chat) -> Locator:
    """Return the message right below the line."""
    return chat.page.locator(".history-start + .message .bubble")


def test_the_line_moves_on_as_the_answer_begins_and_outlives_a_reload(
    chat: Chat, ollama: ScriptedOllama
) -> None:
    chat.ask("One").ended()
    choose(chat, history_turns="1")
    chat.ask("Two").ended()
    expect(chat.page.locator(".history-start")).to_have_count(0)
    chat.ask("Three").ended()
    expect(chat.page.locator(".meter-text")).to_contain_text("Messages left out at the beginning: 2.")
    expect(below(chat)).to_have_text("Two")
    expect(chat.page.locator(".history-start")).to_have_text(SENTENCE)
    ollama.enqueue("A word", hold(), "and the rest")
    chat.ask("Four").phase("writing")
    expect(below(chat)).to_have_text("Three")
    chat.reload().phase("writing")
    expect(below(chat)).to_have_text("Three")
    ollama.release()
    chat.ended()
    chat.reload()
    expect(below(chat)).to_have_text("Three")
    choose(chat, history_turns="")
    chat.ask("Five").ended()
    expect(chat.page.locator(".history-start")).to_have_count(0)


def test_each_branch_has_its_own_line(chat: Chat) -> None:
    chat.ask("One").ended()
    choose(chat, history_turns="0")
    chat.ask("Two").ended()
    expect(below(chat)).to_have_text("Two")
    chat.press("edit", chat.questions.first)
    chat.page.locator(".edit textarea").fill("Uno")
    chat.page.locator(".edit [type=submit]").click()
    expect(chat.questions).to_have_count(1)
    chat.ended()
    expect(chat.page.locator(".history-start")).to_have_count(0)
    chat.press("previous", chat.questions.first)
    expect(below(chat)).to_have_text("Two")


def test_what_no_longer_fits_the_window_is_shown_on_a_phone_in_chinese(
    open_chat: Callable[..., Chat],
) -> None:
    chat = open_chat(locale="zh-CN", viewport={"width": 390, "height": 740})
    choose(chat, num_ctx="256")
    for text in ("一" * 60, "二" * 60):
        chat.field.fill(text)
        chat.press("send")
        expect(chat.questions.last.locator(".bubble")).to_have_text(text)
        chat.ended()
    expect(below(chat)).to_have_text("二" * 60)
    expect(chat.page.locator(".history-start")).not_to_contain_text("model")
    assert chat.too_wide() == []
