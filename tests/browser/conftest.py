"""One site, one scripted Ollama and one Chromium for all browser tests; every test has tabs of its own."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Playwright,
    WebError,
    expect,
    sync_playwright,
)

from tests import patience
from tests.faults.proxy import Proxy
from tests.scripted_ollama import ScriptedOllama, model
from tests.site import Site

from .chat import Chat

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# What Chromium complains of when a connection breaks.
BROKEN_CONNECTION = ("WebSocket connection", "Failed to load", "Failed to fetch")
PATIENCE_MS = patience.SECONDS * 1000
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]

expect.set_options(timeout=PATIENCE_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a browser."""
    for item in items:
        if "tests/browser" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    """Playwright's driver. It keeps an event loop running in this thread, which other tests cannot bear."""
    with sync_playwright() as driver:
        yield driver


def find_chromium() -> str:
    """Return the program's path; skip the test where there is none."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if not found:
        pytest.skip(
            "No Chromium here. Install it (Debian, Ubuntu: apt-get install chromium; macOS: brew install chromium; "
            "Windows: winget install Google.Chrome) or name its program in CHROMIUM."
        )
    return found


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Chromium, without a window; one for each module, since contexts are not closed before."""
    chromium = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
    yield chromium
    chromium.close()


@pytest.fixture(scope="session")
def ollama() -> Iterator[ScriptedOllama]:
    """A scripted Ollama that answers one question at a time, as the real one does.

    It has a second model, which is not in memory, a third one that sees pictures, and two that think: one does or does
    not, and sees too, the other more or less.
    """
    with ScriptedOllama() as server:
        eyes = model("eyes:1b", loaded=False, capabilities=["completion", "vision"])
        thinks = ["completion", "thinking"]
        muse = model("muse:1b", capabilities=[*thinks, "vision"])
        steps = model("steps:1b", capabilities=thinks, family="gptoss")
        server.models = [*server.models, model("cold:1b", loaded=False), eyes, muse, steps]
        yield server


@pytest.fixture(scope="session")
def site(ollama: ScriptedOllama, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A running site with an administrator and a person named anna."""
    with Site(tmp_path_factory.mktemp("data"), ollama.base_url) as running:
        running.add_user("admin", admin=True)
        running.add_user("anna")
        yield running


@pytest.fixture(autouse=True)
def _nobody_waits_for_another_test(ollama: ScriptedOllama) -> Iterator[None]:
    """The one answer at a time that the site writes is not one of a test that has failed."""
    yield
    ollama.give_up()


@pytest.fixture
def proxy(site: Site) -> Iterator[Proxy]:
    """The network between the page and the site."""
    with Proxy(site.port) as running:
        yield running


@pytest.fixture
def far(proxy: Proxy, open_chat: Callable[..., Chat]) -> Chat:
    """A chat that reaches the site by that network."""
    return open_chat(base_url=proxy.url)


@pytest.fixture(scope="session")
def login(site: Site) -> dict[str, str]:
    """Anna's cookies, for all tests."""
    return _cookies(site)


@pytest.fixture
def own_login(site: Site) -> dict[str, str]:
    """Anna's cookies of a session that the test may end."""
    return _cookies(site)


def _cookies(site: Site) -> dict[str, str]:
    with closing(site.log_in("anna")) as client:
        return dict(client.cookies.items())


@pytest.fixture
def expected() -> list[str]:
    """Parts of console messages that the test brings about on purpose."""
    return []


@pytest.fixture(autouse=True)
def console(expected: list[str]) -> Iterator[list[str]]:
    """Everything that any tab complains about, CSP violations among it: there must be nothing."""
    complaints: list[str] = []
    yield complaints
    assert [text for text in complaints if not any(part in text for part in expected)] == []


@pytest.fixture(scope="module")
def usual_context(browser: Browser, site: Site) -> BrowserContext:
    """A desktop browser whose cache stays warm from test to test; cookies and storage do not."""
    return _context(browser, site)


def _context(browser: Browser, site: Site, **options: Any) -> BrowserContext:
    usual = {"base_url": site.url, "locale": "en-US", "viewport": {"width": 1280, "height": 800}}
    context = browser.new_context(**usual | options)
    context.set_default_timeout(PATIENCE_MS)
    return context


@pytest.fixture
def new_context(
    browser: Browser, usual_context: BrowserContext, site: Site, login: dict[str, str], console: list[str]
) -> Iterator[Callable[..., BrowserContext]]:
    """Give a browser, logged in as anna; with Playwright's options it is a new one."""
    contexts: set[BrowserContext] = set()

    def note_message(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            console.append(message.text)

    def note_error(error: WebError) -> None:
        console.append(error.error.stack or str(error.error))

    def make(cookies: dict[str, str] = login, **options: Any) -> BrowserContext:
        context = _context(browser, site, **options) if options or cookies is not login else usual_context
        if context not in contexts:
            context.clear_cookies()
            context.add_cookies(
                [{"name": name, "value": value, "url": site.url} for name, value in cookies.items()]
            )
            context.on("console", note_message)
            context.on("weberror", note_error)
            contexts.add(context)
        return context

    yield make
    for context in contexts:
        _leave(context)
        context.remove_listener("console", note_message)
        context.remove_listener("weberror", note_error)


def _leave(context: BrowserContext) -> None:
    """Leave nothing behind for the next test.

    Closing a context was seen to wait for ever, and has no time limit; an empty page keeps no connection.
    """
    for page in context.pages:
        if page.url.startswith("http"):
            page.evaluate("localStorage.clear(); sessionStorage.clear()")
            page.goto("about:blank")


@pytest.fixture
def open_chat(new_context: Callable[..., BrowserContext]) -> Callable[..., Chat]:
    """Open a chat in a new browser: an empty conversation, or the address given."""

    def make(address: str = "/", **options: Any) -> Chat:
        return Chat(new_context(**options).new_page()).open(address)

    return make


@pytest.fixture
def chat(open_chat: Callable[..., Chat]) -> Chat:
    """An empty conversation on a desktop screen."""
    return open_chat()
