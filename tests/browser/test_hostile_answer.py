"""An answer that attacks the page: while it is written, from history, as a title, and in the administrator's log."""

import re
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.rendering.drawing import CORPUS
from tests.scripted_ollama import ScriptedOllama, hold
from tests.site import Site

from .chat import Chat
from .elsewhere import Elsewhere
from .test_markdown import HOSTILE_FORMULAS

pytestmark = pytest.mark.fault(38)

STRANGERS = re.compile(r"https?://(?:beacon|evil|ok)\.example")
WIDE_TABLE = "| a " * 300 + "|\n" + "|---" * 300 + "|\n" + ("| `x` " * 300 + "|\n") * 30
# What takes the grammars of some languages long: each is a shape of its own.
BOMBS = {
    "javascript": "/*" * 4000 + "`${" * 4000,
    "java": "_" * 20_480,
    "typescript": "_" * 20_480,
    "csharp": "a b " * 5120,
    "c": "A a\n" * 5120,
    "ini": "a.\n" * 6800,
    "bash": "if true; then ls; fi",  # with which terminals' texts are drawn, too
    "shell": ("${" * 4 + "\n") * 2200,
}
BOMB = "".join(f"```{language}\n{text}\n```\n\n" for language, text in BOMBS.items())
LAST = "The last words."
# What the browser would run, and where it would ask: nothing but a link may name a stranger.
BAD = """[...document.querySelectorAll("main *")].filter((element) =>
  [...element.attributes].some(({ name, value }) =>
    /^on/.test(name) || /^\\s*(javascript:|vbscript:|data:text)/i.test(value))
  || element.matches("iframe, object, embed, base, main style, link, main script:not([type='application/json'])")
).map((element) => element.outerHTML.slice(0, 100))"""


@pytest.fixture
def stranger() -> Iterator[Elsewhere]:
    """A server that must hear nothing."""
    with Elsewhere() as server:
        yield server
        assert server.asked == []


@pytest.fixture
def answer(stranger: Elsewhere) -> str:
    """Everything that is hostile, with the stranger's real address."""
    formulas = "\n\n".join(f"$$\n{one.strip()}\n$$" for one in HOSTILE_FORMULAS)
    text = "\n\n".join([CORPUS["hostile"], formulas, WIDE_TABLE, BOMB, LAST])
    return STRANGERS.sub(stranger.url, text)


def _is_inert(page: Page) -> None:
    assert page.evaluate("window.pwned") is None
    assert page.evaluate(BAD) == []


def _pieces(text: str) -> list[str]:
    """Characters one by one where the attacks are, then larger pieces: a page draws 25 times a second only."""
    return [*text[:2000], *(text[start : start + 500] for start in range(2000, len(text), 500))]


def test_a_hostile_answer_is_inert_live_and_from_history(
    chat: Chat, ollama: ScriptedOllama, answer: str, happened: Callable[..., None]
) -> None:
    ollama.enqueue(*_pieces(answer), hold("look"), "\n\nReally.")
    title = "<img src=x onerror='window.pwned=1'> {{ 7|add:7 }}"
    chat.ask(title)
    expect(chat.text()).to_contain_text(LAST)
    _is_inert(chat.page)
    # The page answers a person while the answer stands there.
    chat.field.fill("next")
    chat.press("open-panel")
    expect(chat.page.locator("#panel")).to_be_visible()  # before it is, Esc stops the answer
    chat.page.keyboard.press("Escape")
    ollama.release("look")
    chat.ended()
    _is_inert(chat.page)
    expect(chat.entry(title)).to_have_count(1)
    chat.reload()
    expect(chat.text()).to_contain_text("Really.")
    _is_inert(chat.page)
    assert chat.too_wide() == []
    happened("written, reloaded and as a title: nothing ran, nobody was asked", characters=len(answer))


def test_a_hostile_answer_is_inert_in_the_administrators_log(
    chat: Chat, ollama: ScriptedOllama, answer: str, new_context: Callable[..., BrowserContext], site: Site
) -> None:
    ollama.enqueue(answer)
    chat.ask("<script>window.pwned = 1</script>").ended()
    with closing(site.log_in("admin")) as client:
        page = new_context(dict(client.cookies.items())).new_page()
    conversation = chat.page.url.rstrip("/").rsplit("/", 1)[1]
    for path in ("", f"{conversation}/change/", "?q=%3Cscript%3E"):
        page.goto(f"/admin/conversations/conversation/{path}")
        expect(page.locator("main")).to_contain_text("<script>")
        _is_inert(page)
