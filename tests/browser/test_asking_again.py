"""Asking again: more of an answer."""

from playwright.sync_api import expect

from tests.scripted_ollama import ScriptedOllama, done

from .chat import Chat

CUT = done(done_reason="length")


def test_more_of_an_answer_comes_from_the_model_that_wrote_it(chat: Chat, ollama: ScriptedOllama) -> None:
    ollama.enqueue("Usual.")
    chat.ask("Count").ended()
    ollama.enqueue("1, 2, ", CUT)
    chat.press("more", chat.answers.last)
    chat.page.locator("#message-menu").get_by_role("menuitem", name="cold:1b").click()
    expect(chat.text()).to_have_text("1, 2,")
    chat.ended()
    ollama.enqueue("3, 4")
    chat.press("continue", chat.answers.last)
    expect(chat.text()).to_have_text("1, 2, 3, 4")
    chat.ended()
    assert ollama.chats[-1].json["model"] == "cold:1b"
    expect(chat.answers.last.locator(".facts-summary")).to_have_text("cold:1b")


def test_an_answer_that_was_asked_about_since_stays_as_it_was_with_all_below_it(
    chat: Chat, ollama: ScriptedOllama
) -> None:
    ollama.enqueue("1, 2, ", CUT)
    chat.ask("Count").ended()
    expect(chat.answers.last.locator("[data-action=continue]")).to_be_visible()
    ollama.enqueue("5, 6, ", CUT)
    chat.ask("And from five?").ended()
    other = chat.tab()
    calls = len(ollama.chats)
    # What a page does that does not know yet what was asked since.
    chat.answers.first.locator("[data-action=continue]").evaluate("(button) => button.click()")
    expect(chat.refusal).to_have_attribute("data-code", "bad_frame")
    ollama.enqueue("7")
    chat.press("continue", chat.answers.last)
    for tab in (chat, other, chat.tab()):
        expect(tab.texts).to_have_text(["1, 2,", "5, 6, 7"])
    assert len(ollama.chats) == calls + 1
    chat.ended()
