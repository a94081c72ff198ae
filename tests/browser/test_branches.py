"""What a person does with messages that are there: versions, other models, copies, thumbs, deleting."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.scripted_ollama import ScriptedOllama, tokens

from .chat import Chat


def ask(chat: Chat, ollama: ScriptedOllama, question: str, answer: str) -> None:
    """Ask and wait for that answer."""
    ollama.enqueue(answer)
    chat.ask(question).ended()


def test_another_model_is_asked_from_the_menu(chat: Chat, ollama: ScriptedOllama) -> None:
    ask(chat, ollama, "Which model?", "The usual one.")
    ollama.enqueue("The cold one.")
    chat.press("more", chat.answers.last)
    chat.page.locator("#message-menu").get_by_role("menuitem", name="cold:1b").click()
    expect(chat.text()).to_have_text("The cold one.")
    chat.ended()
    expect(chat.answers.last.locator(".facts-summary")).to_contain_text("cold:1b")
    expect(chat.answers.last.locator(".versions-count")).to_have_text("2/2")
    assert ollama.chats[-1].json["model"] == "cold:1b"


def test_versions_within_versions_are_the_same_in_every_tab_and_after_a_reload(
    chat: Chat, ollama: ScriptedOllama
) -> None:
    ask(chat, ollama, "First question", "Answer one.")
    ask(chat, ollama, "Second question", "Below one.")
    other = chat.tab()
    ollama.enqueue("Answer two.")
    chat.press("regenerate", chat.answers.first)
    expect(chat.answers).to_have_count(1)
    chat.ended()
    expect(other.text()).to_have_text("Answer two.")
    other.press("previous", other.answers.first)
    for tab in (chat, other):
        expect(tab.texts).to_have_text(["Answer one.", "Below one."])
        expect(tab.answers.first.locator(".versions-count")).to_have_text("1/2")
    chat.reload()
    expect(chat.texts).to_have_text(["Answer one.", "Below one."])


def test_an_answer_is_copied_as_text_with_its_formulas(chat: Chat, ollama: ScriptedOllama) -> None:
    ask(chat, ollama, "Copy", "**Bold** and `code`:\n\n- one\n- two\n\n$x^2$")
    expect(chat.text().locator(".katex")).to_have_count(1)
    chat.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    chat.press("copy", chat.answers.last)
    expect(chat.answers.last.locator("[data-action=copy][data-done]")).to_be_visible()
    assert chat.evaluate("navigator.clipboard.readText()").startswith("**Bold** and `code`")
    chat.press("more", chat.answers.last)
    chat.page.get_by_role("menuitem", name="Copy as text").click()
    expect(chat.answers.last.locator("[data-action=more][data-done]")).to_be_visible()
    lines = chat.evaluate("navigator.clipboard.readText()").split()
    assert lines == ["Bold", "and", "code:", "one", "two", "x^2"]


def test_a_thumb_with_a_comment_is_kept_and_seen_in_other_tabs(chat: Chat, ollama: ScriptedOllama) -> None:
    ask(chat, ollama, "Rate", "An answer.")
    other = chat.tab()
    chat.press("bad", chat.answers.last)
    chat.answers.last.locator(".rating textarea").fill("不对")
    chat.answers.last.get_by_role("button", name="Save").click()
    expect(other.answers.last).to_have_attribute("data-rating-comment", "不对")
    for tab in (other, chat.reload()):
        expect(tab.answers.last).to_have_attribute("data-rating-comment", "不对")
        expect(tab.answers.last.locator("[data-action=bad]")).to_have_attribute("aria-pressed", "true")
    # What was said goes along to another rating, in view of the person.
    chat.press("good", chat.answers.last)
    expect(other.answers.last).to_have_attribute("data-rating", "1")
    expect(other.answers.last).to_have_attribute("data-rating-comment", "不对")
    expect(chat.answers.last.locator(".rating textarea")).to_have_value("不对")
    chat.press("good", chat.answers.last)
    expect(other.answers.last).to_have_attribute("data-rating", "0")
    expect(other.answers.last).to_have_attribute("data-rating-comment", "")
    expect(other.answers.last.locator("[data-action=good]")).to_have_attribute("aria-pressed", "false")


def test_a_comment_is_seen_before_it_is_changed_or_taken_back(chat: Chat, ollama: ScriptedOllama) -> None:
    ask(chat, ollama, "Rate once more", "An answer.")
    form = chat.answers.last.locator(".rating")
    chat.press("good", chat.answers.last)
    form.locator("textarea").fill("Clear")
    form.get_by_role("button", name="Save").click()
    expect(form).to_have_count(0)
    expect(chat.answers.last.locator("[data-action=good]")).to_be_focused()
    chat.press("good", chat.answers.last)
    expect(form.locator("textarea")).to_have_value("Clear")
    expect(chat.answers.last).to_have_attribute("data-rating", "1")
    form.locator("textarea").fill("Clear and short")
    form.get_by_role("button", name="Save").click()
    expect(form).to_have_count(0)
    chat.reload()
    chat.press("good", chat.answers.last)
    expect(form.locator("textarea")).to_have_value("Clear and short")
    chat.press("good", chat.answers.last)
    expect(chat.answers.last).to_have_attribute("data-rating", "0")
    expect(chat.answers.last).to_have_attribute("data-rating-comment", "")
    expect(form).to_have_count(0)


def test_a_comment_stays_in_its_form_until_the_server_has_it(chat: Chat, ollama: ScriptedOllama) -> None:
    ask(chat, ollama, "Rate on a bad network", "An answer.")
    form = chat.answers.last.locator(".rating")
    chat.press("bad", chat.answers.last)
    expect(chat.answers.last).to_have_attribute("data-rating", "-1")
    form.locator("textarea").fill("Wrong year")
    chat.evaluate("() => { window.send = WebSocket.prototype.send; WebSocket.prototype.send = () => {}; }")
    form.get_by_role("button", name="Save").click()
    expect(form.locator("textarea")).to_have_value("Wrong year")
    chat.evaluate("() => { WebSocket.prototype.send = window.send; }")
    form.get_by_role("button", name="Save").click()
    expect(form).to_have_count(0)
    expect(chat.reload().answers.last).to_have_attribute("data-rating-comment", "Wrong year")


def test_a_message_goes_with_its_branch_after_asking(chat: Chat, ollama: ScriptedOllama) -> None:
    ask(chat, ollama, "Keep", "Kept.")
    ask(chat, ollama, "Go", "Gone.")
    other = chat.tab()
    dialog = chat.page.locator("#delete-message")
    chat.press("more", chat.questions.last)
    chat.page.get_by_role("menuitem", name="Delete").click()
    expect(dialog).to_contain_text("messages: 1")
    dialog.get_by_role("button", name="Cancel").click()
    expect(chat.questions).to_have_count(2)
    chat.press("more", chat.questions.last)
    chat.page.get_by_role("menuitem", name="Delete").click()
    dialog.get_by_role("button", name="Delete").click()
    for tab in (chat, other):
        expect(tab.texts).to_have_text(["Kept."])
    ask(chat, ollama, "On", "Goes on.")
    expect(other.texts).to_have_text(["Kept.", "Goes on."])


def test_an_emptied_conversation_takes_a_new_question(chat: Chat, ollama: ScriptedOllama) -> None:
    ask(chat, ollama, "Only", "One.")
    chat.press("more", chat.questions.first)
    chat.page.get_by_role("menuitem", name="Delete").click()
    chat.page.locator("#delete-message").get_by_role("button", name="Delete").click()
    expect(chat.questions).to_have_count(0)
    chat.reload()
    ask(chat, ollama, "Again", "Two.")
    expect(chat.texts).to_have_text(["Two."])


def test_no_branch_is_left_while_an_answer_is_being_written(chat: Chat, ollama: ScriptedOllama) -> None:
    ask(chat, ollama, "First", "One.")
    ollama.enqueue("Two.")
    chat.press("regenerate", chat.answers.last)
    expect(chat.text()).to_have_text("Two.")
    chat.ended()
    ollama.enqueue(tokens(200, 20))
    chat.ask("Long").phase("writing")
    chat.press("previous", chat.answers.first)
    expect(chat.refusal).to_be_visible()
    chat.press("stop")
    chat.ended("stopped")


def test_menu_is_used_by_keyboard_and_leaves_the_focus_where_it_was(
    open_chat: Callable[..., Chat], ollama: ScriptedOllama
) -> None:
    chat = open_chat(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    ollama.enqueue("An answer.")
    chat.field.fill("Keys")
    chat.press("send").ended()
    more = chat.answers.last.locator("[data-action=more]:visible")
    more.focus()
    more.press("Enter")
    expect(chat.page.get_by_role("menuitem", name="Copy as text")).to_be_focused()
    chat.page.keyboard.press("ArrowUp")
    expect(chat.page.get_by_role("menuitem", name="Delete")).to_be_focused()
    box = chat.page.locator("#message-menu").bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 360
    chat.page.keyboard.press("Escape")
    expect(chat.page.locator("#message-menu")).to_be_hidden()
    expect(more).to_be_focused()
    expect(chat.main).to_have_attribute("data-phase", "idle")
    assert chat.too_wide() == []
