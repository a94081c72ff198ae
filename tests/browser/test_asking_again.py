"""Asking again: a question in other words, and more of an answer."""

from playwright.sync_api import expect

from tests.scripted_ollama import ScriptedOllama, done

from .chat import Chat

CUT = done(done_reason="length")


def choose(chat: Chat, model: str, **values: str) -> None:
    """Choose in the settings panel."""
    chat.press("open-panel")
    chat.page.locator("#panel-model").select_option(model)
    for name, value in values.items():
        chat.page.locator(f"#panel-{name}").fill(value)
    chat.page.locator("#panel [value=use]").click()


def edit(chat: Chat, text: str) -> None:
    """Ask the last question in other words."""
    chat.press("edit", chat.questions.last)
    chat.questions.last.locator(".edit textarea").fill(text)
    chat.questions.last.get_by_role("button", name="Ask again").click()


def test_an_edited_question_is_asked_with_what_was_just_chosen(chat: Chat, ollama: ScriptedOllama) -> None:
    ollama.enqueue("One.")
    chat.ask("First").ended()
    choose(chat, "cold:1b", seed="7", system="Be brief.")
    ollama.enqueue("Two.")
    edit(chat, "First, in other words")
    expect(chat.text()).to_have_text("Two.")
    chat.ended()
    sent = ollama.chats[-1].json
    assert (sent["model"], sent["options"]) == ("cold:1b", {"seed": 7})
    assert [message["content"] for message in sent["messages"]] == ["Be brief.", "First, in other words"]
    expect(chat.main).not_to_have_attribute("data-changed", "")
    other = chat.tab()
    ollama.enqueue("Three.")
    other.ask("Second").ended()
    assert (ollama.chats[-1].json["model"], ollama.chats[-1].json["options"]) == ("cold:1b", {"seed": 7})


def test_what_was_chosen_stays_chosen_when_the_edited_question_is_refused(
    chat: Chat, ollama: ScriptedOllama
) -> None:
    ollama.enqueue("One.")
    chat.ask("First").ended()
    # The browser's numbers cannot hold this one exactly.
    choose(chat, "cold:1b", other='{"zzz": 9223372036854775807}')
    edit(chat, "First, in other words")
    expect(chat.questions.last.locator(".edit .refusal")).to_contain_text("“zzz”")
    choose(chat, "cold:1b", other="")
    ollama.enqueue("Two.")
    chat.questions.last.get_by_role("button", name="Ask again").click()
    expect(chat.text()).to_have_text("Two.")
    chat.ended()
    assert ollama.chats[-1].json["model"] == "cold:1b"


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
    for tab in (chat, other):
        expect(tab.answers.first.locator("[data-action=continue]")).to_be_hidden()
        expect(tab.answers.last.locator("[data-action=continue]")).to_be_visible()
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
