"""The whole site under a path, over HTTPS, behind the nginx of deploy/: in Chromium, where nothing is missing."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, FilePayload, Response, expect

from tests.attachments import samples
from tests.nginx import Nginx
from tests.scripted_ollama import ScriptedOllama, hold
from tests.site import PASSWORD, Site

from .chat import Chat

pytestmark = [pytest.mark.services, pytest.mark.process, pytest.mark.fault("nginx")]

PATH = "/chat/"


@pytest.fixture(scope="module")
def nginx(ollama: ScriptedOllama, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    """An nginx before a site that is shown under a path."""
    settings = {"HTTPS": "on", "TRUSTED_PROXY_COUNT": "1", "SITE_PATH": PATH}
    with Site(tmp_path_factory.mktemp("data"), ollama.base_url, **settings) as site:
        site.add_user("admin", admin=True)
        with Nginx(tmp_path_factory.mktemp("nginx"), [site], https=True, path=PATH) as running:
            yield running


@pytest.fixture
def context(browser: Browser, nginx: Nginx, console: list[str]) -> Iterator[BrowserContext]:
    """A browser that complains about whatever is missing or not allowed."""
    new = browser.new_context(base_url=nginx.url + PATH, locale="en-US", ignore_https_errors=True)

    def note(answer: Response) -> None:
        if answer.status >= 400 or not answer.url.startswith(nginx.url + PATH):
            console.append(f"{answer.status} {answer.url}")

    def note_message(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            console.append(message.text)

    new.on("response", note)
    new.on("console", note_message)
    yield new
    for page in new.pages:
        page.goto("about:blank")


def log_in(context: BrowserContext) -> Chat:
    """Log in through the form, and arrive at a new conversation."""
    page = context.new_page()
    page.goto("./")
    page.fill("[name=login]", "admin")
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    return Chat(page).connected()


def test_a_person_asks_sees_the_answer_come_and_stops_it(context, nginx, ollama, happened):
    chat = log_in(context)
    assert chat.page.url == nginx.url + PATH
    ollama.enqueue("```python\nx = 1\n```\n\n$a^2$\n\nand some", hold("more"), " more")
    chat.ask("Hello").phase("writing")
    expect(chat.text()).to_contain_text("and some")
    # Highlighting and mathematics are modules of their own, one of them with the ending .mjs.
    expect(chat.text().locator(".hljs-number, .hljs-keyword").first).to_be_visible()
    expect(chat.text().locator(".katex").first).to_be_visible()
    chat.press("stop").ended("stopped")
    address = chat.page.url
    assert address.startswith(f"{nginx.url}{PATH}c/")
    expect(chat.reload().text()).to_contain_text("and some")
    happened("asked, streamed and stopped under a path behind nginx over HTTPS")


def test_a_large_picture_passes_the_proxy_and_is_shown(context, nginx, happened):
    chat = log_in(context)
    picture = samples.noise(1200)
    chosen: FilePayload = {"name": "noise.png", "mimeType": "image/png", "buffer": picture}
    chat.page.locator("#attach").set_input_files([chosen])
    expect(chat.page.locator(".chip[data-state=ready] img")).to_have_js_property("naturalWidth", 1200)
    happened("It was taken, though it is larger than any other form may be.", bytes=len(picture))


def test_the_administrator_reads_the_log_and_each_cookie_is_for_the_path(context, nginx, happened):
    chat = log_in(context)
    page = chat.page
    page.goto("admin/conversations/conversation/")
    expect(page.locator("#content h1")).to_be_visible()
    assert page.url == f"{nginx.url}{PATH}admin/conversations/conversation/"
    page.goto("account/")
    page.locator("button[name=language][value=zh-hans]").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    cookies = {cookie["name"]: cookie for cookie in context.cookies()}
    assert {"__Secure-sessionid", "__Secure-csrftoken"} <= set(cookies)
    assert {cookie["path"] for cookie in cookies.values()} == {PATH}
    assert all(cookie["secure"] for cookie in cookies.values()), cookies
    happened("the admin's pages under a path behind nginx over HTTPS", cookies=", ".join(sorted(cookies)))
