"""What is asked without a connection goes out with the next one, unless it is taken back before."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from tests.faults.proxy import Proxy
from tests.scripted_ollama import ScriptedOllama, hold

from .chat import Chat
from .conftest import BROKEN_CONNECTION


@pytest.fixture
def expected() -> list[str]:
    """These connections break."""
    return [*BROKEN_CONNECTION]


@pytest.fixture
def far(proxy: Proxy, open_chat: Callable[..., Chat]) -> Chat:
    """A chat that reaches the site by that network, with one answer."""
    chat = open_chat(base_url=proxy.url)
    chat.ask("First").ended()
    return chat


@pytest.fixture
def held(proxy: Proxy, open_chat: Callable[..., Chat], ollama: ScriptedOllama) -> Chat:
    """Another, with "Second", which waits since the first answer was stopped."""
    chat = open_chat(base_url=proxy.url)
    ollama.enqueue("Still ", hold("never"))
    chat.ask("First").phase("writing")
    chat.field.fill("Second")
    chat.field.press("Enter")
    expect(card(chat)).to_contain_text("Second")
    chat.page.keyboard.press("Escape")
    chat.ended("stopped")
    expect(card(chat)).to_contain_text("The answer was stopped")
    return chat


def card(chat: Chat) -> Locator:
    return chat.page.locator("#waiting")


def lose(chat: Chat, proxy: Proxy) -> None:
    proxy.refuse()
    proxy.cut()
    expect(chat.main).to_have_attribute("data-connection", "lost")


def come_back(chat: Chat, proxy: Proxy) -> None:
    proxy.accept()
    chat.evaluate("dispatchEvent(new Event('online'))")
    chat.connected()


def asked(chat: Chat) -> list[str]:
    return chat.questions.locator(".bubble").all_inner_texts()


def test_a_question_asked_without_a_connection_goes_out_by_itself(far: Chat, proxy: Proxy) -> None:
    lose(far, proxy)
    far.field.fill("Second")
    far.field.press("Enter")
    come_back(far, proxy)
    far.turns(2).ended()
    assert asked(far) == ["First", "Second"]
    expect(far.field).to_have_value("")


def test_a_question_that_is_changed_before_it_goes_out_is_asked_as_it_was_sent_last(
    far: Chat, proxy: Proxy
) -> None:
    lose(far, proxy)
    far.field.fill("Old words")
    far.field.press("Enter")
    far.field.fill("New words")
    far.field.press("Enter")
    come_back(far, proxy)
    far.turns(2).ended()
    assert asked(far) == ["First", "New words"]
    expect(far.field).to_have_value("")


def test_a_question_that_is_taken_back_before_it_goes_out_is_not_asked(far: Chat, proxy: Proxy) -> None:
    lose(far, proxy)
    far.field.fill("Better not")
    far.field.press("Enter")
    far.field.fill("")
    come_back(far, proxy)
    far.ask("Second").ended()
    assert asked(far) == ["First", "Second"]


@pytest.mark.parametrize("action", ["edit-waiting", "remove-waiting"])
def test_a_waiting_question_can_be_taken_back_until_it_goes_out(
    held: Chat, proxy: Proxy, action: str
) -> None:
    lose(held, proxy)
    held.press("send-waiting").press(action)
    expect(card(held)).to_be_hidden()
    expect(held.field).to_have_value("Second" if action == "edit-waiting" else "")
    come_back(held, proxy)
    held.ask("Third").ended()
    assert asked(held) == ["First", "Third"]


def test_a_waiting_question_that_another_tab_takes_back_does_not_go_out(held: Chat, proxy: Proxy) -> None:
    other = held.tab()
    lose(held, proxy)
    held.press("send-waiting")
    other.press("remove-waiting")
    expect(card(held)).to_be_hidden()
    come_back(held, proxy)
    held.ask("Third").ended()
    assert asked(held) == ["First", "Third"]


def wake(chat: Chat, proxy: Proxy) -> None:
    """The network is good again, and the socket that led nowhere is given up."""
    proxy.let_through()
    chat.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def test_a_waiting_question_that_has_gone_out_cannot_be_taken_back(held: Chat, proxy: Proxy) -> None:
    proxy.black_hole()
    held.press("send-waiting")
    for action in ("edit", "remove"):
        expect(card(held).locator(f"[data-action={action}-waiting]")).to_be_disabled()
    wake(held, proxy)
    held.turns(2).ended()
    expect(card(held)).to_be_hidden()
    assert asked(held) == ["First", "Second"]


def test_one_more_question_waits_while_the_server_has_not_confirmed_the_last(
    held: Chat, proxy: Proxy
) -> None:
    held.press("remove-waiting")
    proxy.black_hole()
    held.field.fill("Second")
    held.field.press("Enter")
    held.field.fill("Third")
    held.field.press("Enter")
    expect(card(held)).to_contain_text("Third")
    for action in ("edit", "remove"):
        expect(card(held).locator(f"[data-action={action}-waiting]")).to_be_enabled()
    wake(held, proxy)
    held.turns(3).ended()
    assert asked(held) == ["First", "Second", "Third"]
