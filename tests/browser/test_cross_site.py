"""A page of somebody else, opened in the browser in which a person is logged in.

It stands on another port of the same machine: browsers call that the same site, and send the cookies along.
"""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Frame, Page, expect

from tests.site import Site

from .chat import Chat
from .elsewhere import Elsewhere

pytestmark = pytest.mark.fault(36)

SOCKET = """(address) => new Promise((resolve) => {
  const socket = new WebSocket(address);
  socket.onopen = () => resolve("opened");
  socket.onerror = () => resolve("refused");
})"""
READ = """(address) => fetch(address, { credentials: "include" }).then((answer) => answer.text(), () => "refused")"""
POST = """(address) => {
  const form = document.createElement("form");
  form.method = "post";
  form.action = address;
  document.body.append(form);
  form.submit();
}"""
FRAME = """(address) => new Promise((resolve) => {
  const frame = document.createElement("iframe");
  frame.src = address;
  frame.onload = resolve;
  document.body.append(frame);
})"""


@pytest.fixture
def expected() -> list[str]:
    """What browsers say of requests that they or the site refuse."""
    return [
        "WebSocket connection",
        "CORS",
        "Failed to load resource",
        "frame-ancestors",
        "X-Frame-Options",
        "Framing",
    ]


@pytest.fixture
def stranger(new_context: Callable[..., BrowserContext]) -> Iterator[Page]:
    """The stranger's page in anna's browser."""
    with Elsewhere() as server:
        page = new_context().new_page()
        page.goto(server.url)
        yield page
        page.close()


@pytest.fixture
def conversation(chat: Chat) -> str:
    """The address of a conversation of anna's."""
    chat.ask("Mine").ended()
    return chat.page.url


def test_a_strangers_page_opens_no_socket(
    stranger: Page, conversation: str, happened: Callable[..., None]
) -> None:
    socket = conversation.replace("http", "ws").replace("/c/", "/ws/conversations/")
    assert stranger.evaluate(SOCKET, socket) == "refused"
    happened("the handshake, sent with the person's cookies, is refused")


def test_a_strangers_page_reads_nothing(stranger: Page, conversation: str) -> None:
    assert stranger.evaluate(READ, conversation) == "refused"


def test_a_strangers_form_changes_nothing(stranger: Page, conversation: str, site: Site) -> None:
    own_page = stranger.url
    rows = f"list(Conversation.objects.filter(pk={conversation.rstrip('/')[-36:]!r}).values())"
    before = site.query(rows)
    for address in (f"{conversation}delete", f"{conversation}rename", f"{site.url}/accounts/logout/"):
        stranger.goto(own_page)
        # The answer is a page: the next one is opened when it is there.
        with stranger.expect_navigation(), stranger.expect_response(address) as answer:
            stranger.evaluate(POST, address)
        assert answer.value.status == 403
        assert "sessionid" in (answer.value.request.header_value("cookie") or "")
    assert site.query(rows) == before


def test_a_strangers_page_frames_nothing(stranger: Page, conversation: str, site: Site) -> None:
    for address in (conversation, f"{site.url}/accounts/login/"):
        stranger.evaluate(FRAME, address)
    framed: list[Frame] = stranger.frames[1:]
    assert len(framed) == 2
    for frame in framed:
        expect(frame.locator("#chat, [name=login]")).to_have_count(0)
