"""The field for the question: keys, input methods, drafts, limits."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.scripted_ollama import ScriptedOllama, hold
from tests.site import PASSWORD, wait_until

from .chat import Chat


def test_shift_enter_breaks_the_line_and_enter_sends(chat: Chat) -> None:
    chat.field.press_sequentially("One")
    chat.field.press("Shift+Enter")
    chat.field.press_sequentially("Two")
    expect(chat.field).to_have_value("One\nTwo")
    chat.field.press("Enter")
    chat.ended()
    expect(chat.questions.last.locator(".bubble")).to_have_text("One\nTwo", use_inner_text=True)


def test_a_key_that_is_held_down_sends_once(chat: Chat, ollama: ScriptedOllama) -> None:
    ollama.enqueue(hold())
    chat.field.fill("Once")
    chat.page.keyboard.down("Enter")
    chat.phase("reading")
    expect(chat.field).to_have_value("")
    chat.page.keyboard.down("Enter")
    expect(chat.field).to_have_value("")
    expect(chat.refusal).to_be_hidden()
    chat.page.keyboard.up("Enter")
    ollama.release()
    chat.ended()
    expect(chat.questions).to_have_count(1)


class InputMethod:
    """Types Chinese into what has the focus, as an input method does: by Chromium's own protocol."""

    def __init__(self, chat: Chat) -> None:
        self._keyboard = chat.page.context.new_cdp_session(chat.page)

    def compose(self, letters: str) -> None:
        end = len(letters)
        self._keyboard.send(
            "Input.imeSetComposition", {"text": letters, "selectionStart": end, "selectionEnd": end}
        )

    def press(self, *keys: str) -> None:
        """Press keys that the input method takes for itself."""
        for key in keys:
            fields = {"windowsVirtualKeyCode": 229, "key": key, "code": key}
            self._keyboard.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **fields})
            self._keyboard.send("Input.dispatchKeyEvent", {"type": "keyUp", **fields})

    def commit(self, text: str) -> None:
        self._keyboard.send("Input.insertText", {"text": text})


KEYS = ("ArrowDown", "ArrowUp", "Escape", "Enter")


def test_keys_belong_to_the_input_method_while_it_composes(chat: Chat, ollama: ScriptedOllama) -> None:
    method = InputMethod(chat)
    chat.field.focus()
    method.compose("chun")
    method.press(*KEYS)
    expect(chat.main).to_have_attribute("data-empty", "")
    method.commit("春天")
    expect(chat.field).to_have_value("春天")
    expect(chat.questions).to_have_count(0)
    ollama.enqueue("春", hold("answer"), "来了")
    chat.field.press("Enter")
    chat.phase("writing")
    expect(chat.questions.last.locator(".bubble")).to_have_text("春天")
    expect(chat.questions.last.locator(".bubble")).to_have_attribute("lang", "zh-Hans")
    method.compose("lai")
    method.press(*KEYS)
    # As Safari tells of it: the composition has ended, and only the key code knows of it.
    chat.evaluate(
        """["Enter", "Escape"].forEach((key) => document.getElementById("text").dispatchEvent(
        new KeyboardEvent("keydown", { key, keyCode: 229, bubbles: true, cancelable: true })))"""
    )
    method.commit("来了吗")
    expect(chat.field).to_have_value("来了吗")
    expect(chat.page.locator("#waiting")).to_be_hidden()
    ollama.release("answer")
    chat.ended("completed")


def test_keys_belong_to_the_input_method_in_every_other_field(chat: Chat) -> None:
    chat.ask("First").ended()
    method = InputMethod(chat)
    chat.press("edit", chat.questions.first)
    edit = chat.page.locator(".edit textarea")
    expect(edit).to_be_focused()
    method.compose("chun")
    method.press(*KEYS)
    method.commit("春天")
    expect(edit).to_have_value("First春天")
    chat.page.keyboard.press("Escape")
    expect(edit).to_have_count(0)
    entry = chat.page.locator("#conversations .entry", has=chat.page.locator("[aria-current=page]"))
    chat.press("menu", entry)
    title = entry.locator("[name=title]")
    title.fill("")
    method.compose("chun")
    method.press(*KEYS)
    method.commit("春天")
    expect(title).to_have_value("春天")
    title.press("Enter")
    expect(entry.locator("a")).to_have_text("春天")
    chat.press("open-panel")
    system = chat.page.locator("#panel-system")
    expect(system).to_be_visible()
    system.focus()
    method.compose("chun")
    method.press(*KEYS)
    method.commit("春天")
    expect(system).to_have_value("春天")
    chat.page.keyboard.press("Escape")
    expect(chat.page.locator("#panel")).to_be_hidden()


def test_a_touch_keyboard_breaks_lines_and_never_covers_the_field(open_chat: Callable[..., Chat]) -> None:
    chat = open_chat(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    assert chat.field.get_attribute("enterkeyhint") == "enter"
    chat.field.tap()
    chat.field.press_sequentially("One")
    chat.field.press("Enter")
    expect(chat.field).to_have_value("One\n")
    # Chrome and Firefox make the page smaller by the keyboard.
    chat.page.set_viewport_size({"width": 390, "height": 420})
    expect(chat.page.locator("[data-action=send]")).to_be_in_viewport(ratio=1)
    # Safari lays the keyboard over it.
    chat.page.set_viewport_size({"width": 390, "height": 844})
    chat.evaluate(
        """Object.defineProperty(visualViewport, "height", { get: () => 420, configurable: true })
        && visualViewport.dispatchEvent(new Event("resize"))"""
    )
    wait_until(lambda: bottom(chat) <= 420)
    chat.evaluate("delete visualViewport.height && visualViewport.dispatchEvent(new Event('resize'))")
    wait_until(lambda: bottom(chat) > 700)
    chat.press("send")
    chat.ended()


def bottom(chat: Chat) -> float:
    return float(chat.evaluate("document.getElementById('composer').getBoundingClientRect().bottom"))


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


def test_a_draft_belongs_to_its_conversation(chat: Chat) -> None:
    addresses = []
    for name in ("One", "Two"):
        chat.open("/").ask(f"Begin {name}").ended()
        chat.field.fill(f"Half a thought of {name}")
        addresses.append(chat.page.url)
    for name, address in zip(("One", "Two"), addresses, strict=True):
        chat.open(address)
        expect(chat.field).to_have_value(f"Half a thought of {name}")
    chat.open("/")
    expect(chat.field).to_have_value("")


def test_new_conversations_in_two_tabs_have_drafts_of_their_own(chat: Chat) -> None:
    other = Chat(chat.page.context.new_page()).open("/")
    chat.field.fill("In the one tab")
    other.field.fill("In the other tab")
    chat.reload()
    expect(chat.field).to_have_value("In the one tab")
    other.field.press("Enter")
    other.ended()
    chat.reload()
    expect(chat.field).to_have_value("In the one tab")


def test_the_draft_of_a_new_conversation_outlives_its_tab(chat: Chat) -> None:
    other = Chat(chat.page.context.new_page()).open("/")
    other.field.fill("In the other tab")
    chat.field.fill("In the one tab")
    other.field.press("Enter")
    other.ended()
    chat.page.goto("about:blank")
    third = Chat(chat.page.context.new_page()).open("/")
    expect(third.field).to_have_value("In the one tab")


STORED = "JSON.stringify([{ ...localStorage }, { ...sessionStorage }])"


def log_in(page: Page, name: str) -> Chat:
    """Log in by the form that a page without a session leads to."""
    page.goto("/")
    page.locator("[name=login]").fill(name)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password]").press("Enter")
    page.wait_for_selector("#chat")
    return Chat(page).connected()


@pytest.mark.parametrize("address", ["/", "/account/", "/accounts/logout/"])
def test_logging_out_forgets_what_was_written(
    open_chat: Callable[..., Chat], own_login: dict[str, str], address: str
) -> None:
    page = open_chat(cookies=own_login).page
    page.locator("#text").fill("A secret")
    assert "A secret" in page.evaluate(STORED)
    page.goto(address)
    page.locator("form[action$='/accounts/logout/'] button").click()
    page.wait_for_url("**/accounts/login/**")
    assert page.evaluate(STORED) == "[{},{}]"
    expect(log_in(page, "admin").field).to_have_value("")


def test_who_logs_in_next_finds_nothing_of_the_person_before(
    open_chat: Callable[..., Chat], own_login: dict[str, str]
) -> None:
    """A session may end where no page of ours notices."""
    chat = open_chat(cookies=own_login)
    chat.field.fill("A secret")
    other = Chat(chat.page.context.new_page()).open("/")
    other.field.fill("Another secret")
    chat.page.context.clear_cookies()
    log_in(chat.page, "admin")
    for tab in (chat, other.open("/")):
        expect(tab.field).to_have_value("")
        assert "secret" not in tab.evaluate(STORED)


def test_who_logs_in_again_finds_their_draft(
    open_chat: Callable[..., Chat], own_login: dict[str, str]
) -> None:
    chat = open_chat(cookies=own_login)
    chat.field.fill("Half a thought")
    chat.page.context.clear_cookies()
    expect(log_in(chat.page, "anna").field).to_have_value("Half a thought")


def test_a_question_asked_in_two_tabs_at_once_loses_neither(chat: Chat, ollama: ScriptedOllama) -> None:
    chat.ask("Begin").ended()
    other = chat.tab()
    ollama.enqueue("Busy ", hold("both"))
    chat.ask("From the one tab")
    other.field.fill("From the other tab")
    other.field.press("Enter")
    expect(other.page.locator(".waiting-text")).to_have_text("From the other tab")
    ollama.release("both")
    chat.turns(3).ended()
    expect(chat.questions.last.locator(".bubble")).to_have_text("From the other tab")


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
    chat.reload()
    expect(count).to_have_text("-5")


@pytest.mark.parametrize(
    ("locale", "left", "over"),
    [
        ("en-US", "Characters left: 1", "Over the limit of characters by 1."),
        ("zh-CN", "还可输入 1 个字符", "文字超出 1 个字符。"),
    ],
)
def test_the_rest_is_told_in_words(open_chat: Callable[..., Chat], locale: str, left: str, over: str) -> None:
    chat = open_chat(locale=locale)
    count = chat.page.locator(".composer-count")
    chat.field.fill("x" * 31_999)
    expect(count).to_have_attribute("title", left)
    chat.field.fill("x" * 32_001)
    expect(count).to_have_attribute("title", re.compile(f"^{over}"))


def test_the_field_grows_with_its_text_to_half_of_the_window(chat: Chat) -> None:
    def height() -> float:
        return float(chat.evaluate("document.getElementById('text').getBoundingClientRect().height"))

    before = height()
    chat.field.fill("line\n" * 8)
    assert height() > 3 * before
    chat.field.fill("line\n" * 80)
    assert height() == 400
    expect(chat.page.locator("[data-action=send]")).to_be_in_viewport(ratio=1)
    chat.field.fill("")
    assert height() == before


def test_a_very_long_paste_stays_in_the_field_and_is_refused_in_words(chat: Chat) -> None:
    text = "春天 and a few words more. " * 8_000
    chat.field.fill("Before: ")
    chat.page.evaluate(
        """(text) => {
          const source = document.body.appendChild(document.createElement("textarea"));
          source.value = text;
          source.select();
          document.execCommand("cut");
          source.remove();
        }""",
        text,
    )
    chat.field.focus()
    chat.page.keyboard.press("End")
    chat.page.keyboard.press("Control+V")
    expect(chat.field).to_have_value("Before: " + text)
    chat.page.keyboard.type("!")
    chat.page.keyboard.press("Enter")
    expect(chat.refusal).to_contain_text(f"by {len(text) + 9 - 32_000}")
    chat.reload()
    expect(chat.field).to_have_value(f"Before: {text}!")


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
