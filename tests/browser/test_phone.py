"""A phone on the same network: the page over plain http at an address that is not this machine's loopback."""

from collections.abc import Callable, Iterator

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright, expect

from tests.scripted_ollama import ScriptedOllama, hold
from tests.site import PASSWORD, Site

from .chat import Chat
from .conftest import ARGUMENTS, find_chromium
from .phones import Network, joined
from .test_screens import PHONE

pytestmark = pytest.mark.fault("phone")


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    """The network that both are in."""
    with joined() as made:
        yield made


@pytest.fixture(scope="module")
def open_site(
    network: Network, ollama: ScriptedOllama, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A site that listens on it."""
    host = {"CHATSITE_HOST": "0.0.0.0"}  # noqa: S104 -- what is tested
    with Site(tmp_path_factory.mktemp("open"), ollama.base_url, PYTHONIOENCODING="ascii", **host) as running:
        running.add_user("anna", admin=True)
        yield running


@pytest.fixture(scope="module")
def browser(
    playwright: Playwright, network: Network, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    """Chromium on the phone."""
    program = network.program(find_chromium(), tmp_path_factory.mktemp("phone"))
    chromium = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
    yield chromium
    chromium.close()


@pytest.fixture
def phone(open_site: Site, network: Network, new_context: Callable[..., BrowserContext]) -> Chat:
    """A chat there, logged in by the form."""
    base = f"http://{network.address}:{open_site.port}"
    page = new_context({}, base_url=base, **PHONE).new_page()
    page.goto("/accounts/login/")
    page.locator("[name=login]").fill("anna")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password]").press("Enter")
    page.wait_for_selector("#chat")
    return Chat(page).connected()


@pytest.fixture
def expected() -> list[str]:
    """Browsers tell that this header has no effect on plain http."""
    return ["Cross-Origin-Opener-Policy"]


def test_send_stop_and_copy_work_without_a_secure_context(
    phone: Chat, ollama: ScriptedOllama, happened: Callable[..., None]
) -> None:
    assert phone.evaluate("[isSecureContext, typeof navigator.clipboard, typeof crypto.randomUUID]") == [
        False,
        "undefined",
        "undefined",
    ]
    ollama.enqueue("Spring ", "has come", hold("never"))
    phone.field.fill("Has spring come?")
    phone.press("send")
    expect(phone.text()).to_have_text("Spring has come")
    phone.press("stop")
    answer = phone.ended("stopped")
    phone.press("copy", answer)
    expect(phone.page.locator("#announcer")).to_have_text("Copied")
    phone.field.press("Control+V")
    expect(phone.field).to_have_value("Spring has come")
    happened("sent, stopped, copied and pasted over plain http, at an address that is not loopback")


def test_every_address_is_told_and_no_other_host_is_served(open_site: Site, network: Network) -> None:
    own = f"http://{network.address}:{open_site.port}/"
    assert f"\n  {own}\n" in open_site.log()
    # A pipe gets addresses only, and one without the characters of a code ends nothing.
    assert "\x1b" not in open_site.log()
    assert httpx.get(f"{own}accounts/login/", trust_env=False).status_code == httpx.codes.OK
    for host in ("evil.example", "10.99.0.99", f"{network.address}.evil.example"):
        answer = httpx.get(f"{own}accounts/login/", headers={"Host": host}, trust_env=False)
        assert answer.status_code == httpx.codes.BAD_REQUEST
