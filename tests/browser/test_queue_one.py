"""One question may wait for the end of the running answer; it lies in the browser until its turn."""

from collections.abc import Callable

import pytest
from playwright.sync_api import FilePayload, Locator, Route, expect

from tests.scripted_ollama import ScriptedOllama, cut, hold
from tests.site import wait_until

from .chat import Chat
from .test_settings import choose


def card(chat: Chat) -> Locator:
    return chat.page.locator("#waiting")


@pytest.fixture
def busy(chat: Chat, ollama: ScriptedOllama) -> Chat:
    """A chat with an answer that is being written until `busy` is released, and "Second", which waits for it."""
    ollama.enqueue("Still ", hold("busy"), "writing")
    chat.ask("First").phase("writing")
    chat.field.fill("Second")
    chat.field.press("Enter")
    expect(card(chat).locator(".waiting-text")).to_have_text("Second")
    expect(chat.field).to_have_value("")
    return chat


def test_a_question_that_waits_is_sent_once_at_the_end_in_all_tabs(
    busy: Chat, ollama: ScriptedOllama
) -> None:
    other = busy.tab()
    expect(card(other)).to_contain_text("Second")
    busy.reload().phase("writing")
    expect(card(busy)).to_contain_text("Second")
    ollama.enqueue("To the second")
    ollama.release("busy")
    for tab in (busy, other):
        tab.turns(2).ended()
        expect(tab.text()).to_have_text("To the second")
        expect(card(tab)).to_be_hidden()
    assert ollama.chats[-1].json["messages"][-1]["content"] == "Second"
    busy.reload()
    expect(busy.questions).to_have_count(2)
    expect(card(busy)).to_be_hidden()


def test_one_question_waits_and_no_more(busy: Chat, ollama: ScriptedOllama) -> None:
    busy.field.fill("Third")
    busy.press("send")
    expect(busy.refusal).to_contain_text("One question waits already")
    expect(busy.field).to_have_value("Third")
    other = busy.tab()
    other.press("edit-waiting")
    expect(other.field).to_have_value("Second\n\nThird")
    expect(card(busy)).to_be_hidden()
    busy.field.press("Enter")
    expect(card(busy)).to_contain_text("Third")
    expect(card(other)).to_contain_text("Third")
    expect(busy.refusal).to_be_hidden()
    busy.press("remove-waiting")
    expect(card(other)).to_be_hidden()
    ollama.release("busy")
    busy.ended()
    expect(busy.questions).to_have_count(1)


# The first that listens hears of it first.
DEAF = "addEventListener('storage', (event) => window.deaf && event.stopImmediatePropagation())"


def test_a_tab_that_has_not_heard_of_it_yet_lets_no_second_one_wait(
    busy: Chat, ollama: ScriptedOllama
) -> None:
    other = Chat(busy.page.context.new_page())
    other.page.add_init_script(DEAF)
    other.open(busy.page.url)
    busy.press("remove-waiting")
    expect(card(other)).to_be_hidden()
    other.evaluate("void (window.deaf = true)")
    busy.field.fill("From the one tab")
    busy.field.press("Enter")
    expect(card(busy)).to_contain_text("From the one tab")
    expect(card(other)).to_be_hidden()
    other.field.fill("From the other tab")
    other.field.press("Enter")
    expect(other.refusal).to_contain_text("One question waits already")
    expect(other.field).to_have_value("From the other tab")
    for tab in (busy, other):
        expect(card(tab)).to_contain_text("From the one tab")
    ollama.release("busy")
    busy.turns(2).ended()


def test_after_a_stop_it_waits_until_it_is_sent(busy: Chat) -> None:
    busy.page.keyboard.press("Escape")
    busy.ended("stopped")
    expect(card(busy)).to_contain_text("The answer was stopped")
    expect(busy.questions).to_have_count(1)
    busy.reload()
    expect(card(busy)).to_contain_text("The answer was stopped")
    busy.press("send-waiting")
    expect(busy.questions).to_have_count(2)
    expect(card(busy)).to_be_hidden()
    busy.ended()


def test_a_stop_while_the_card_is_loading_holds_it_too(chat: Chat, ollama: ScriptedOllama) -> None:
    loading: list[Route] = []
    chat.page.route("**/js/waiting*.js", lambda route: loading.append(route))  # noqa: PLW0108 -- playwright wants a function
    ollama.enqueue("Still ", hold("never"))
    chat.ask("First").phase("writing")
    chat.field.fill("Second")
    with chat.page.expect_request("**/js/waiting*.js"):
        chat.field.press("Enter")
    chat.page.keyboard.press("Escape")
    chat.ended("stopped")
    loading[0].continue_()
    expect(card(chat)).to_contain_text("The answer was stopped")
    expect(chat.field).to_have_value("")
    expect(chat.questions).to_have_count(1)


def test_after_a_failure_it_waits_too(chat: Chat, ollama: ScriptedOllama) -> None:
    ollama.enqueue("Half an ", hold("cut"), cut())
    chat.ask("First").phase("writing")
    chat.field.fill("Second")
    chat.field.press("Enter")
    expect(card(chat)).to_contain_text("Second")
    ollama.release("cut")
    chat.ended("failed")
    expect(card(chat)).to_contain_text("did not come to its end")
    expect(chat.questions).to_have_count(1)


def test_a_page_that_was_closed_meanwhile_does_not_send_by_itself(busy: Chat, ollama: ScriptedOllama) -> None:
    address = busy.page.url
    busy.page.goto("about:blank")
    ollama.release("busy")
    wait_until(lambda: 'data-status="completed"' in busy.page.request.get(address).text())
    busy.open(address)
    expect(card(busy)).to_contain_text("while this page was closed")
    expect(busy.questions).to_have_count(1)


def test_settings_go_along_with_it(chat: Chat, ollama: ScriptedOllama) -> None:
    ollama.enqueue("Still ", hold("busy"), "writing")
    chat.ask("First").phase("writing")
    choose(chat, seed="7")
    chat.field.fill("Second")
    chat.field.press("Enter")
    expect(card(chat)).to_contain_text("Second")
    chat.reload().phase("writing")
    chat.press("edit-waiting")
    chat.field.press("Enter")
    expect(card(chat)).to_contain_text("Second")
    ollama.release("busy")
    chat.turns(2).ended()
    assert ollama.chats[-1].json["options"]["seed"] == 7


def test_its_files_stay_with_it_where_what_shows_them_cannot_be_loaded(
    chat: Chat, ollama: ScriptedOllama, expected: list[str]
) -> None:
    ollama.enqueue("Still ", hold("busy"), "writing")
    chat.ask("First").phase("writing")
    note: FilePayload = {"name": "note.txt", "mimeType": "text/plain", "buffer": b"Words of a file"}
    chat.page.locator("#attach").set_input_files(note)
    chip = chat.page.locator("#files .chip[data-state=ready]")
    expect(chip).to_have_count(1)
    chat.field.fill("Second")
    chat.press("send")
    expect(card(chat)).to_contain_text("Files: 1")
    chat.reload().phase("writing")
    expected += ["net::ERR_FAILED", "Failed to fetch dynamically imported module"]
    chat.page.route("**/js/attachments*.js", lambda route: route.abort())
    chat.press("edit-waiting")
    expect(chat.field).to_have_value("Second")
    expect(chat.refusal).to_contain_text("There is no connection now")
    chat.page.unroute_all()
    chat.reload()
    expect(chip).to_have_count(1)
    ollama.release("busy")
    chat.ended()
    chat.press("send").turns(2).ended()
    assert "Words of a file" in ollama.chats[-1].json["messages"][-1]["content"]


def test_a_question_that_comes_second_waits(chat: Chat, ollama: ScriptedOllama) -> None:
    ollama.enqueue("Still ", hold("busy"), "writing")
    chat.ask("First").phase("writing")
    # As if this tab had not heard of the answer yet.
    chat.evaluate("void (document.getElementById('chat').dataset.phase = 'idle')")
    chat.field.fill("Second")
    chat.field.press("Enter")
    expect(card(chat)).to_contain_text("Second")
    expect(chat.field).to_have_value("")
    ollama.release("busy")
    chat.turns(2).ended()
    expect(chat.questions.last.locator(".bubble")).to_have_text("Second")


def test_in_chinese_too_it_is_called_the_next_question(
    open_chat: Callable[..., Chat], ollama: ScriptedOllama
) -> None:
    chat = open_chat(locale="zh-CN")
    ollama.enqueue("还在", hold("busy"), "写")
    chat.ask("第一个").phase("writing")
    chat.field.fill("第二个")
    chat.field.press("Enter")
    expect(card(chat).locator(".waiting-label")).to_have_text("下一个问题")
    ollama.release("busy")
    chat.turns(2).ended()


def test_logging_out_forgets_it(
    open_chat: Callable[..., Chat], own_login: dict[str, str], ollama: ScriptedOllama
) -> None:
    chat = open_chat(cookies=own_login)
    ollama.enqueue("Still ", hold("busy"), "writing")
    chat.ask("First").phase("writing")
    chat.field.fill("A secret")
    chat.field.press("Enter")
    expect(card(chat)).to_contain_text("A secret")
    chat.page.locator("form[action*=logout] button").click()
    chat.page.wait_for_url("**/accounts/login/**")
    assert chat.evaluate("localStorage.length") == 0
    ollama.release("busy")
