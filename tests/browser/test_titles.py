"""The title of a tab says what is going on in it."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.faults.proxy import Proxy
from tests.scripted_ollama import ScriptedOllama, error, hold
from tests.site import Site

from .chat import Chat
from .conftest import BROKEN_CONNECTION

# Playwright makes every page believe that somebody looks at it.
LOOKED_AT = "(yes) => { document.hasFocus = () => yes; dispatchEvent(new Event(yes ? 'focus' : 'blur')); }"


def look_away(page: Page) -> None:
    page.evaluate(LOOKED_AT, False)


def test_an_answer_that_ends_in_the_background_says_so_until_somebody_looks(
    chat: Chat, ollama: ScriptedOllama
) -> None:
    expect(chat.page).to_have_title("New conversation · chatsite")
    ollama.enqueue("One", hold("end"), " two.")
    chat.ask("Count to two").phase("writing")
    expect(chat.page).to_have_title("Answering… · Count to two · chatsite")
    look_away(chat.page)
    ollama.release("end")
    chat.ended()
    expect(chat.page).to_have_title("Answer ready · Count to two · chatsite")
    chat.page.evaluate(LOOKED_AT, True)
    expect(chat.page).to_have_title("Count to two · chatsite")


def test_an_answer_that_fails_in_the_background_says_so(chat: Chat, ollama: ScriptedOllama) -> None:
    look_away(chat.page)
    ollama.enqueue("One", error("model runner has unexpectedly stopped"))
    chat.ask("Fail for me").ended("failed")
    expect(chat.page).to_have_title("Answer failed · Fail for me · chatsite")


def test_whoever_watches_an_answer_gets_no_news_of_its_end(chat: Chat, ollama: ScriptedOllama) -> None:
    ollama.enqueue("One", hold("never"))
    chat.ask("Watched").phase("writing")
    expect(chat.page).to_have_title("Answering… · Watched · chatsite")
    chat.press("stop").ended("stopped")
    expect(chat.page).to_have_title("Watched · chatsite")


def test_an_end_that_came_while_there_was_no_connection_is_told_afterwards(
    far: Chat, proxy: Proxy, site: Site, ollama: ScriptedOllama, expected: list[str]
) -> None:
    expected += BROKEN_CONNECTION
    ollama.enqueue("One", hold("away"), " two.")
    far.ask("Far away").phase("writing")
    look_away(far.page)
    proxy.refuse()
    proxy.cut()
    expect(far.main).to_have_attribute("data-connection", "lost")
    near = Chat(far.page.context.new_page()).open(far.page.url.replace(proxy.url, site.url))
    ollama.release("away")
    near.ended()
    proxy.accept()
    far.evaluate("dispatchEvent(new Event('online'))")
    far.ended()
    expect(far.page).to_have_title("Answer ready · Far away · chatsite")


def test_titles_are_in_the_language_of_the_page(
    open_chat: Callable[..., Chat], ollama: ScriptedOllama
) -> None:
    chat = open_chat(locale="zh-CN")
    expect(chat.page).to_have_title("新对话 · chatsite")
    ollama.enqueue("一", hold("zh"), "二")
    chat.ask("数到二").phase("writing")
    expect(chat.page).to_have_title("正在回答… · 数到二 · chatsite")
    look_away(chat.page)
    ollama.release("zh")
    chat.ended()
    expect(chat.page).to_have_title("回答好了 · 数到二 · chatsite")
