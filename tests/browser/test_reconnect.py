"""The page on a bad network: cuts, sockets that lead nowhere, several devices, a server that many lose at once."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.faults.proxy import Proxy
from tests.scripted_ollama import ScriptedOllama, hold, tokens
from tests.site import Site

from .chat import Chat
from .conftest import BROKEN_CONNECTION
from .test_screens import PHONE

# A socket that seemed to be open is given up after 2.5 s; without being asked it would be after 35.
BACK_MS = 10_000
CLIENTS = 200
# The page's own rule, asked as if so many pages had lost their server in the same moment.
WAITS = """async (clients) => {
  const names = performance.getEntriesByType("resource").map((entry) => entry.name);
  const { Connection } = await import(names.find((url) => /connection/.test(url)));
  const draw = (failures) => Array.from({ length: clients }, () => Connection.prototype.wait.call({ failures }, 4012));
  return [1, 2, 3, 9].map(draw);
}"""


@pytest.fixture
def expected() -> list[str]:
    """These connections break."""
    return [*BROKEN_CONNECTION]


def _shown(chat: Chat) -> str:
    """The text of the last answer, character by character, without the line break that ends a paragraph in HTML."""
    return str(chat.text().text_content()).removesuffix("\n")


def _saved(site: Site, chat: Chat) -> str:
    conversation = chat.page.url.rstrip("/").rsplit("/", 1)[1]
    return str(site.query(f"Message.objects.get(conversation_id={conversation!r}, role='assistant').content"))


@pytest.mark.fault(2)
def test_a_line_that_breaks_again_and_again_leaves_no_gap_and_no_repeat(
    far: Chat, proxy: Proxy, site: Site, ollama: ScriptedOllama, happened: Callable[..., None]
) -> None:
    words = [f"w{number} " for number in range(200)]
    ollama.enqueue(*words[:100], hold("half"), tokens(1, text="middle "), *words[100:], hold("end"), "over")
    far.ask("Count").phase("writing")
    expect(far.text()).to_contain_text("w99")
    # In the answer to the handshake, behind it, in the snapshot.
    cuts = [20, 190, 600]
    for number, count in enumerate(cuts):
        proxy.cut_after(count, reset=number % 2 == 1)
        proxy.cut(reset=number % 2 == 0)
        expect(far.main).to_have_attribute("data-connection", "lost")
        if count == cuts[1]:
            ollama.release("half")
        far.evaluate("dispatchEvent(new Event('online'))")
    proxy.cut_after(None)
    far.evaluate("dispatchEvent(new Event('online'))")
    # After several losses in a row a page may well wait for ten seconds.
    expect(far.text()).to_contain_text("w199", timeout=3 * BACK_MS)
    proxy.cut()
    ollama.release("end")
    far.ended()
    assert _shown(far) == "".join([*words[:100], "middle ", *words[100:], "over"]) == _saved(site, far)
    happened("in Chromium: cut in handshake, snapshot, text and before the end", cuts=len(cuts) + 1)


def _network_comes_back(chat: Chat, proxy: Proxy) -> None:
    chat.page.context.set_offline(True)
    proxy.let_through()
    chat.page.context.set_offline(False)


def _screen_is_unlocked(chat: Chat, proxy: Proxy) -> None:
    proxy.let_through()
    chat.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


@pytest.mark.fault(2, 21)
@pytest.mark.parametrize("wake", [_network_comes_back, _screen_is_unlocked])
def test_a_socket_that_leads_nowhere_is_noticed_when_the_phone_wakes(
    proxy: Proxy, open_chat: Callable[..., Chat], ollama: ScriptedOllama, wake: Callable[[Chat, Proxy], None]
) -> None:
    phone = open_chat(base_url=proxy.url, **PHONE)
    ollama.enqueue("Before. ", hold("asleep"), "After.")
    phone.field.fill("A long question")
    phone.press("send").phase("writing")
    expect(phone.text()).to_contain_text("Before.")
    proxy.black_hole()
    ollama.release("asleep")
    expect(phone.main).to_have_attribute("data-connection", "open")
    wake(phone, proxy)
    expect(phone.text()).to_have_text("Before. After.", timeout=BACK_MS)
    phone.ended()


@pytest.mark.fault(2)
def test_the_list_has_what_happened_while_the_line_was_broken(far: Chat, proxy: Proxy, chat: Chat) -> None:
    proxy.refuse()
    proxy.cut()
    expect(far.main).to_have_attribute("data-connection", "lost")
    chat.ask("Asked meanwhile").ended()
    expect(far.entry("Asked meanwhile")).to_have_count(0)
    proxy.accept()
    far.evaluate("dispatchEvent(new Event('online'))")
    expect(far.entry("Asked meanwhile")).to_have_count(1)


@pytest.mark.fault(2)
@pytest.mark.parametrize("module", ["relist", "patch"])
def test_a_module_that_broke_off_in_its_headers_and_so_came_empty_leaves_the_list_alone(
    chat: Chat, module: str
) -> None:
    address = f"**/js/{module}*.js"
    chat.page.route(address, lambda route: route.fulfill(content_type="text/javascript", body=""))
    before = chat.entries.all_inner_texts()
    with chat.page.expect_response(address):
        chat.evaluate("dispatchEvent(new Event('focus'))")
    # By the end of an answer, what came of it would have been complained of.
    chat.ask("And the rest goes on").ended()
    assert chat.entries.all_inner_texts() == before


@pytest.mark.fault(4)
def test_two_devices_show_the_same_and_either_stops(
    chat: Chat, open_chat: Callable[..., Chat], ollama: ScriptedOllama, site: Site
) -> None:
    ollama.enqueue("One ", "two ", hold("half"), "three ", hold("never"))
    chat.ask("Count").phase("writing")
    expect(chat.text()).to_contain_text("two")
    phone = open_chat(chat.page.url, **PHONE)
    second = chat.tab()
    ollama.release("half")
    for view in (chat, phone, second):
        expect(view.text()).to_have_text("One two three")
    phone.press("stop")
    for view in (chat, phone, second):
        view.ended("stopped")
        assert _shown(view) == "One two three"
    assert _saved(site, chat) == "One two three "


@pytest.mark.fault(13)
def test_two_hundred_pages_come_back_over_more_than_two_seconds(
    chat: Chat, happened: Callable[..., None]
) -> None:
    first, *later = chat.evaluate(f"({WAITS})({CLIENTS})")
    assert max(first) - min(first) >= 2000
    assert max(first) <= 2600
    # A quarter of a second never sees more than a herd's fourth, and the last ones are not put off for ever.
    steps = [int(wait // 250) for wait in first]
    assert max(map(steps.count, steps)) <= CLIENTS / 4
    assert [max(waits) <= 15_100 for waits in later] == [True] * 3
    happened(
        "the page's own waits, drawn two hundred times",
        first_ms=round(min(first)),
        last_ms=round(max(first)),
        median_ms=round(sorted(first)[CLIENTS // 2]),
    )
