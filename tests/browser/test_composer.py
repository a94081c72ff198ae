"""The field for the question: keys, input methods, drafts, limits."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.scripted_ollama import ScriptedOllama, hold

from .chat import Chat


def test_shift_enter_breaks_the_line_and_enter_sends(chat: Chat) -> None:
    chat.field.press_sequentially("One")
    chat.field.press("Shift+Enter")
    chat.field.press_sequentially("Two")
    expect(chat.field).to_have_value("One\nTwo")
    chat.field.press("Enter")
    chat.ended()
    expect(chat.questions.last.locator(".bubble")).to_have_text("One\nTwo", use_inner_text=True)


def test_enter_belongs_to_the_input_method_while_it_composes(chat: Chat) -> None:
    keyboard = chat.page.context.new_cdp_session(chat.page)
    chat.field.focus()
    keyboard.send("Input.imeSetComposition", {"text": "chun", "selectionStart": 4, "selectionEnd": 4})
    enter = {"windowsVirtualKeyCode": 229, "key": "Enter", "code": "Enter"}
    keyboard.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **enter})
    keyboard.send("Input.dispatchKeyEvent", {"type": "keyUp", **enter})
    expect(chat.main).to_have_attribute("data-empty", "")
    keyboard.send("Input.insertText", {"text": "春天"})
    expect(chat.field).to_have_value("春天")
    expect(chat.questions).to_have_count(0)
    chat.field.press("Enter")
    chat.ended()
    expect(chat.questions.last.locator(".bubble")).to_have_text("春天")
    expect(chat.questions.last.locator(".bubble")).to_have_attribute("lang", "zh-Hans")


def test_enter_breaks_the_line_on_a_touch_keyboard(open_chat: Callable[..., Chat]) -> None:
    chat = open_chat(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    chat.field.press_sequentially("One")
    chat.field.press("Enter")
    expect(chat.field).to_have_value("One\n")
    chat.press("send")
    chat.ended()


def test_a_draft_survives_a_reload(chat: Chat) -> None:
    chat.ask("Begin").ended()
    chat.field.fill("Half a thought")
    chat.reload()
    expect(chat.field).to_have_value("Half a thought")
    chat.field.press("Enter")
    expect(chat.questions).to_have_count(2)
    chat.ended()
    chat.reload()
    expect(chat.field).to_have_value("")


def test_drafts_go_with_the_person(open_chat: Callable[..., Chat], own_login: dict[str, str]) -> None:
    chat = open_chat(cookies=own_login)
    chat.field.fill("A secret")
    chat.page.locator("form[action*=logout] button").click()
    chat.page.wait_for_url("**/accounts/login/**")
    assert chat.evaluate("localStorage.length") == 0


def test_a_question_asked_in_two_tabs_at_once_loses_neither_text(chat: Chat, ollama: ScriptedOllama) -> None:
    chat.ask("Begin").ended()
    other = chat.tab()
    ollama.enqueue("Busy ", hold("both"))
    chat.ask("From the one tab")
    other.field.fill("From the other tab")
    other.field.press("Enter")
    expect(other.refusal).to_contain_text("answer is still being written")
    expect(other.field).to_have_value("From the other tab")
    ollama.release("both")
    chat.ended()


def test_a_question_during_an_answer_is_kept(chat: Chat, ollama: ScriptedOllama) -> None:
    ollama.enqueue("Still ", hold("busy"), "writing")
    chat.ask("First").phase("writing")
    chat.field.fill("Second")
    chat.field.press("Enter")
    expect(chat.refusal).to_contain_text("An answer is still being written")
    expect(chat.field).to_have_value("Second")
    ollama.release("busy")
    chat.ended()
    chat.field.press("Enter")
    expect(chat.refusal).to_be_hidden()
    expect(chat.questions.last.locator(".bubble")).to_have_text("Second")
    chat.ended()


def test_the_limit_is_shown_near_its_end(chat: Chat) -> None:
    count = chat.page.locator(".composer-count")
    chat.field.fill("x" * 100)
    expect(count).to_be_hidden()
    chat.field.fill("春" * 31_990)
    expect(count).to_have_text("10")
    chat.field.fill("😀" * 32_005)
    expect(count).to_have_text("-5")
    chat.field.press("Enter")
    expect(chat.refusal).to_contain_text("by 5")
    assert len(chat.field.input_value()) == 32_005


def test_the_field_grows_with_its_text(chat: Chat) -> None:
    before = chat.field.bounding_box()
    chat.field.fill("line\n" * 8)
    after = chat.field.bounding_box()
    assert before
    assert after
    assert after["height"] > 3 * before["height"]


def test_a_refusal_goes_with_its_cause(chat: Chat, ollama: ScriptedOllama) -> None:
    ollama.enqueue("Once", hold("busy"))
    chat.ask("First").phase("writing")
    chat.field.fill("Second")
    chat.field.press("Enter")
    expect(chat.refusal).to_contain_text("An answer is still being written")
    ollama.release("busy")
    chat.ended()
    expect(chat.refusal).to_be_hidden()
    expect(chat.field).to_have_value("Second")


def test_a_refused_edit_is_told_beside_it(chat: Chat, ollama: ScriptedOllama) -> None:
    chat.ask("First").ended()
    ollama.enqueue("Slowly", hold("edit"))
    chat.ask("Second").phase("writing")
    chat.press("edit", chat.questions.first)
    form = chat.page.locator(".edit")
    refusal = form.locator(".refusal")
    form.locator("[type=submit]").click()
    expect(refusal).to_contain_text("An answer is still being written")
    ollama.release("edit")
    chat.ended()
    expect(refusal).to_be_hidden()
    for text, sentence in (("  ", "Write a question first."), ("x" * 32_001, "by 1")):
        form.locator("textarea").fill(text)
        form.locator("[type=submit]").click()
        expect(refusal).to_contain_text(sentence)
    expect(chat.refusal).to_be_hidden()
    form.locator("textarea").fill("First, in other words")
    expect(refusal).to_be_hidden()
    form.locator("[type=submit]").click()
    expect(form).to_have_count(0)
    expect(chat.questions.last.locator(".bubble")).to_have_text("First, in other words")


def test_an_edit_that_the_server_refuses_is_told_beside_it(chat: Chat) -> None:
    chat.ask("First").ended()
    chat.press("edit", chat.questions.last)
    form = chat.page.locator(".edit")
    # As if the message were gone.
    chat.evaluate("document.querySelector('.message').dataset.id = crypto.randomUUID()")
    form.locator("[type=submit]").click()
    expect(form.locator(".refusal")).to_contain_text("no such conversation or message")
    expect(chat.refusal).to_be_hidden()
    chat.press("cancel-edit")
    expect(form).to_have_count(0)
