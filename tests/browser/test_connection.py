"""What the page does when the connection breaks, the server restarts, or the session ends."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.scripted_ollama import ScriptedOllama, hold
from tests.site import PASSWORD, Site, wait_until

from .chat import Chat

RECONNECT_MS = 25_000
# Where several processes may share a database, one that has gone is known by its heartbeat only.
SWEPT_MS = 60_000


@pytest.fixture(scope="module")
def own_ollama() -> Iterator[ScriptedOllama]:
    """Another Ollama, for a site that is restarted."""
    with ScriptedOllama() as server:
        yield server


@pytest.fixture(scope="module")
def own_site(own_ollama: ScriptedOllama, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site that may be restarted."""
    with Site(Path(tmp_path_factory.mktemp("restarted")), own_ollama.base_url) as running:
        running.add_user("otto", admin=True)
        yield running


@pytest.fixture
def own_chat(own_site: Site, new_context: Callable[..., BrowserContext]) -> Chat:
    """A chat on it, logged in by the form."""
    page = new_context(base_url=own_site.url).new_page()
    page.goto("/accounts/login/")
    page.locator("[name=login]").fill("otto")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password]").press("Enter")
    page.wait_for_selector("#chat")
    return Chat(page).connected()


@pytest.fixture
def expected() -> list[str]:
    """Browsers complain of every handshake that fails, and the page of what it could not load meanwhile."""
    away = ["WebSocket connection", "ERR_CONNECTION_REFUSED", "Failed to fetch dynamically imported module"]
    return [*away, "401", "403"]


@pytest.mark.fault(11)
def test_after_a_restart_the_page_comes_back_by_itself(
    own_chat: Chat, own_site: Site, own_ollama: ScriptedOllama
) -> None:
    own_ollama.enqueue("Half of ", hold("never"), "it")
    own_chat.ask("Will you survive?").phase("writing")
    expect(own_chat.text()).to_contain_text("Half of")
    own_site.stop()
    expect(own_chat.main).to_have_attribute("data-connection", "lost")
    expect(own_chat.status).to_contain_text("Connection lost")
    own_chat.field.fill("Asked while the server was away")
    own_chat.field.press("Enter")
    own_site.start()
    expect(own_chat.main).to_have_attribute("data-connection", "open", timeout=RECONNECT_MS)
    expect(own_chat.answers.first).to_have_attribute("data-status", "interrupted")
    expect(own_chat.answers.first.locator(".markdown")).to_have_text("Half of")


@pytest.mark.fault(12)
def test_a_killed_server_interrupts_the_answer_and_retry_asks_again(
    own_chat: Chat, own_site: Site, own_ollama: ScriptedOllama
) -> None:
    own_ollama.enqueue("Lost ", hold("gone"), "words")
    own_chat.ask("Are you there?").phase("writing")
    expect(own_chat.text()).to_contain_text("Lost")
    wait_until(lambda: own_site.query("GenerationChunk.objects.filter(text__gt='').count()"))
    own_site.kill()
    own_site.start()
    expect(own_chat.main).to_have_attribute("data-connection", "open", timeout=RECONNECT_MS)
    expect(own_chat.answers.last).to_have_attribute("data-status", "interrupted", timeout=SWEPT_MS)
    answer = own_chat.ended("interrupted")
    expect(answer.locator(".outcome-text")).to_contain_text("server")
    expect(answer.locator("[data-action=continue]")).to_be_visible()
    own_ollama.enqueue("Found again")
    own_chat.press("regenerate", answer.locator(".outcome"))
    expect(own_chat.text()).to_have_text("Found again")
    own_chat.ended()


def test_a_logout_elsewhere_ends_the_page(own_chat: Chat) -> None:
    other = own_chat.tab()
    other.page.locator("form[action*=logout] button").click()
    expect(own_chat.main).to_have_attribute("data-connection", "ended")
    expect(own_chat.status).to_contain_text("logged out")
    own_chat.field.fill("Kept")
    own_chat.field.press("Enter")
    expect(own_chat.refusal).to_contain_text("Log in again")
    expect(own_chat.field).to_have_value("Kept")
    own_chat.page.locator(".status-login").click()
    own_chat.page.wait_for_url("**/accounts/login/?next=%2F")
