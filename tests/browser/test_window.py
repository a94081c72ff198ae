"""Reading in a long conversation: upwards to its beginning, and from one of its messages both ways."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import pytest
from playwright.sync_api import Locator, Route, expect

from tests.scripted_ollama import ScriptedOllama, hold
from tests.site import Site

from .chat import Chat
from .conftest import BROKEN_CONNECTION

MESSAGES, PAGE = 300, 50
FILL = f"""
import json
from datetime import timedelta
from django.utils import timezone
from conversations.models import Conversation, Message, User
from conversations.rendering import render
from conversations.search import index
now = timezone.now() - timedelta(days=1)
row = Conversation.objects.create(owner=User.objects.get(username="anna"), title="Long", updated_at=now)

def grow(parent, count, word):
    rows = []
    for number in range(count):
        above = rows[-1] if rows else parent
        text = f"{{word}} {{number}}.\\n\\n" + "A line of text. " * (5 + 20 * (number % 4))
        if number % 6 == 5:
            text += "\\n\\n$$\\\\sum_{{k=0}}^{{n}} \\\\frac{{1}}{{k!}}$$\\n"
        is_answer = above is not None and above.role == "user"
        rows.append(Message(
            conversation=row, parent=above, role="assistant" if is_answer else "user", content=text,
            html=render(text) if is_answer else "", created_at=now + timedelta(seconds=number),
        ))
    Message.objects.bulk_create(rows)
    return rows

other = grow(None, 200, "Other")
now += timedelta(hours=1)
shown = grow(other[19], {MESSAGES - 20}, "Number")
Conversation.objects.filter(pk=row.pk).update(shown_leaf=shown[-1])
found = [other[0], *shown[10:20], *shown[200:210], shown[-1]]
index.add([index.message_entry(one, row.owner_id, "") for one in found])
rows = other[:20] + shown
print(json.dumps([str(row.pk), [str(one.pk) for one in rows], [str(one.pk) for one in other]]))
"""
# The first message whose beginning is in sight: its id, and how far down it stands.
SEEN = """(() => {
    const top = document.getElementById("scroller").getBoundingClientRect().top;
    const place = (one) => one.getBoundingClientRect().top;
    const first = [...document.querySelectorAll("#messages .message")].find((one) => place(one) >= top);
    return [first.dataset.id, place(first)];
})()"""
PLACE = "document.getElementById('m-%s').getBoundingClientRect().top"
# Formulas make messages higher when they come.
DRAWN = (
    """() => [...document.querySelectorAll("#messages .math")].every((one) => one.querySelector(".katex"))"""
)
# Every answer grows by less than half a pixel, each for itself.
GROW_A_LITTLE = """(async () => {
    for (const text of document.querySelectorAll("#messages .message > .markdown")) {
        text.style.blockSize = `${text.getBoundingClientRect().height + 0.4}px`;
        await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    }
})()"""
IDS = "[...document.querySelectorAll('#messages .message')].map((one) => one.dataset.id)"


class Long(NamedTuple):
    """A long conversation: its address, the ids of the shown branch, and of another one."""

    address: str
    ids: list[str]
    other: list[str]

    def at(self, message: str) -> str:
        """The address that opens it at a message."""
        return f"{self.address}?m={message}"


@pytest.fixture
def long(site: Site) -> Long:
    """A conversation of some hundred messages with formulas, and another branch."""
    pk, ids, other = json.loads(site.run(FILL).strip().splitlines()[-1])
    return Long(f"/c/{pk}/", ids, other)


def messages(chat: Chat) -> Locator:
    return chat.page.locator("#messages .message")


def message(chat: Chat, pk: str) -> Locator:
    return chat.page.locator(f"#m-{pk}")


def wheel(chat: Chat, pixels: int) -> None:
    chat.page.locator("#scroller").hover()
    chat.page.mouse.wheel(0, pixels)


@contextmanager
def held(chat: Chat, address: str = "**/messages?*") -> Iterator[None]:
    """What is read from `address` while this lasts, parts of the conversation else, comes at its end."""
    routes: list[Route] = []

    def hold_back(route: Route) -> None:
        routes.append(route)

    chat.page.route(address, hold_back)
    yield
    for route in routes:
        route.continue_()
    chat.page.unroute(address, hold_back)


def at_rest(chat: Chat) -> None:
    """Wait until nothing scrolls any more."""
    chat.page.wait_for_function("""() => new Promise((done) => {
        const place = () => document.getElementById("scroller").scrollTop;
        const before = place();
        setTimeout(() => done(place() === before), 200);
    })""")


def test_scrolling_up_to_the_first_message_moves_nothing_that_is_read(
    open_chat: Callable[..., Chat], long: Long
) -> None:
    chat = open_chat(long.address)
    chat.page.wait_for_function(DRAWN)
    for count in range(2 * PAGE, MESSAGES + 1, PAGE):
        with held(chat), chat.page.expect_request("**/messages?before=*"):
            wheel(chat, -100_000)
            at_rest(chat)
            seen, before = chat.evaluate(SEEN)
        expect(messages(chat)).to_have_count(count)
        chat.page.wait_for_function(DRAWN)
        assert chat.evaluate(PLACE % seen) == pytest.approx(before, abs=1)
    assert chat.evaluate(IDS) == long.ids
    expect(chat.page.locator(".earlier")).to_have_count(0)
    chat.press("jump").at_end()


def test_formulas_that_come_late_move_nothing_that_is_read(
    open_chat: Callable[..., Chat], long: Long
) -> None:
    chat = open_chat(long.address)
    with held(chat, "**/katex*.js"):
        with chat.page.expect_request("**/katex*.js"):
            chat.page.reload()
        chat.connected()
        wheel(chat, -3000)
        at_rest(chat)
        seen, before = chat.evaluate(SEEN)
        assert chat.page.locator(".katex").count() == 0
    chat.page.wait_for_function(DRAWN)
    assert chat.evaluate(PLACE % seen) == pytest.approx(before, abs=1)


def test_many_small_changes_add_up_to_no_move(open_chat: Callable[..., Chat], long: Long) -> None:
    chat = open_chat(long.address)
    chat.page.wait_for_function(DRAWN)
    with chat.page.expect_request("**/messages?before=*"):
        wheel(chat, -100_000)
    expect(messages(chat)).to_have_count(2 * PAGE)
    chat.page.wait_for_function(DRAWN)
    at_rest(chat)
    seen, before = chat.evaluate(SEEN)
    chat.evaluate(GROW_A_LITTLE)
    assert chat.evaluate(PLACE % seen) == pytest.approx(before, abs=1)


def test_nothing_is_put_in_while_a_finger_is_down(open_chat: Callable[..., Chat], long: Long) -> None:
    chat = open_chat(long.address, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    touch = chat.page.context.new_cdp_session(chat.page)

    def finger(kind: str, y: int = 0) -> None:
        points = [] if kind == "touchEnd" else [{"x": 180, "y": y}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    finger("touchStart", 200)
    for y in range(200, 600, 40):
        finger("touchMove", y)
    with chat.page.expect_event("requestfinished", lambda request: "/messages?before=" in request.url):
        chat.evaluate("document.getElementById('scroller').scrollTop = 1000")
        finger("touchMove", 620)
    at_rest(chat)
    assert messages(chat).count() == PAGE
    seen, before = chat.evaluate(SEEN)
    finger("touchEnd")
    expect(messages(chat)).to_have_count(2 * PAGE)
    assert chat.evaluate(PLACE % seen) == pytest.approx(before, abs=1)


def test_the_link_reads_on_where_nothing_came_by_itself(
    open_chat: Callable[..., Chat], long: Long, expected: list[str]
) -> None:
    expected += BROKEN_CONNECTION
    chat = open_chat(long.address)
    chat.page.route("**/messages?*", lambda route: route.abort())
    with chat.page.expect_event("requestfailed"):
        wheel(chat, -100_000)
    chat.page.unroute("**/messages?*")
    chat.press("earlier")
    expect(messages(chat)).to_have_count(2 * PAGE)


def test_it_opens_at_a_message_and_reads_on_to_both_ends(open_chat: Callable[..., Chat], long: Long) -> None:
    chat = open_chat(long.at(long.ids[140]))
    found = message(chat, long.ids[140])
    expect(found).to_have_attribute("aria-current", "true")
    expect(found).to_be_focused()
    expect(found).to_be_in_viewport()
    chat.page.wait_for_function(DRAWN)
    expect(found).to_be_in_viewport()
    expect(chat.main).to_have_attribute("data-apart", "")
    chat.field.focus()
    expect(found).not_to_have_attribute("aria-current", "true")
    assert chat.evaluate(IDS) == long.ids[116:166]
    for count in (100, 150, 184):
        with held(chat), chat.page.expect_request("**/messages?after=*"):
            wheel(chat, 100_000)
            at_rest(chat)
            seen, before = chat.evaluate(SEEN)
        expect(messages(chat)).to_have_count(count)
        chat.page.wait_for_function(DRAWN)
        assert chat.evaluate(PLACE % seen) == pytest.approx(before, abs=1)
    assert chat.evaluate(IDS) == long.ids[116:]
    expect(chat.main).not_to_have_attribute("data-apart", "")
    expect(chat.page).to_have_url(re.compile(f"{long.address}$"))
    # From here on it is as any other.
    chat.ask("And at the end?").ended()
    chat.at_end()


def test_what_is_answered_meanwhile_is_not_put_where_it_does_not_belong(
    open_chat: Callable[..., Chat], long: Long, ollama: ScriptedOllama
) -> None:
    chat = open_chat(long.at(long.ids[140]))
    other = open_chat(long.address)
    ollama.enqueue("One ", hold("half"), "two.")
    other.ask("Asked at the end")
    chat.phase("writing")
    assert chat.evaluate(IDS) == long.ids[116:166]
    chat.press("jump")
    expect(chat.answers.last.locator(".markdown")).to_contain_text("One")
    expect(chat.main).not_to_have_attribute("data-apart", "")
    ollama.release("half")
    expect(chat.ended()).to_contain_text("One two.")
    assert chat.evaluate(IDS) == other.evaluate(IDS)[-PAGE:]
    chat.at_end()


def test_who_asks_from_there_is_at_the_end(open_chat: Callable[..., Chat], long: Long) -> None:
    chat = open_chat(long.at(long.ids[140]))
    chat.field.fill("Asked from the middle")
    chat.field.press("Enter")
    expect(chat.questions.last).to_contain_text("Asked from the middle")
    expect(chat.answers.last).to_have_attribute("data-status", "completed")
    chat.at_end()
    assert chat.evaluate(IDS)[: PAGE - 2] == long.ids[-PAGE + 2 :]


def test_another_answer_to_a_question_in_the_middle_is_shown_there(
    open_chat: Callable[..., Chat], long: Long
) -> None:
    chat = open_chat(long.at(long.ids[141]))
    chat.press("regenerate", message(chat, long.ids[141]))
    expect(chat.answers.last.locator(".versions-count")).to_have_text("2/2")
    expect(chat.answers.last).to_have_attribute("data-status", "completed")
    assert chat.evaluate(IDS)[:-1] == long.ids[117:141]
    expect(chat.main).not_to_have_attribute("data-apart", "")


def test_a_message_on_another_branch_shows_that_branch_in_every_tab(
    open_chat: Callable[..., Chat], long: Long
) -> None:
    other = open_chat(long.address)
    chat = open_chat(long.at(long.other[100]))
    expect(message(chat, long.other[100])).to_be_in_viewport()
    expect(message(other, long.other[-1])).to_have_count(1)
    assert chat.evaluate(IDS) == long.other[76:126]
    chat.press("jump").at_end()
    expect(message(chat, long.other[-1])).to_be_in_viewport()
    assert chat.evaluate(IDS) == other.evaluate(IDS) == long.other[-PAGE:]


def test_a_message_on_another_branch_waits_for_the_answer_that_is_written(
    open_chat: Callable[..., Chat], long: Long, ollama: ScriptedOllama
) -> None:
    other = open_chat(long.address)
    ollama.enqueue("One ", hold("half"), "two.")
    other.ask("Asked at the end").phase("writing")
    chat = open_chat(long.at(long.other[190]))
    chat.phase("writing")
    expect(message(chat, long.other[190])).to_be_in_viewport()
    assert chat.evaluate(IDS) == long.other[-PAGE:]
    ollama.release("half")
    chat.phase("idle")
    expect(message(other, long.other[-1])).to_have_count(1)
    expect(chat.main).not_to_have_attribute("data-apart", "")


def test_a_hit_of_the_search_in_the_open_conversation_loads_no_page(
    open_chat: Callable[..., Chat], long: Long, expected: list[str]
) -> None:
    expected += BROKEN_CONNECTION
    chat = open_chat(long.address)
    chat.evaluate("window.kept = true")
    dialog = chat.page.locator(".search-dialog")
    # Far above, one that is on the page already, far away again, the very first and the last.
    hits = [
        ("Number 13", 33),
        ("Number 15", 35),
        ("Number 205", 225),
        ("Other 0", 0),
        ("Number 279", MESSAGES - 1),
    ]
    for words, place in hits:
        found = long.ids[place]
        chat.press("search")
        dialog.locator("[name=q]").fill(words)
        hit = dialog.locator(f"[data-message='{found}']")
        if words == "Number 13":
            chat.page.route("**/messages?m=*", lambda route: route.abort())
            hit.click()
            expect(dialog.locator(".results-none")).to_be_visible()
            assert chat.evaluate(IDS) == long.ids[-PAGE:]
            chat.page.unroute("**/messages?m=*")
            dialog.locator("[name=q]").press("Enter")
        hit.click()
        expect(dialog).to_be_hidden()
        expect(message(chat, found)).to_be_focused()
        expect(message(chat, found)).to_have_attribute("aria-current", "true")
        expect(message(chat, found)).to_be_in_viewport()
        expect(chat.page.locator("#messages [aria-current]")).to_have_count(1)
    assert chat.evaluate("window.kept")
    expect(chat.main).not_to_have_attribute("data-apart", "")
    chat.ask("At the end again").ended()


def test_what_is_found_far_up_is_shown_without_loading_the_page(
    open_chat: Callable[..., Chat], long: Long
) -> None:
    chat = open_chat(long.address)
    chat.evaluate("window.kept = true")
    chat.press("find")
    expect(chat.page.locator(".find input")).to_be_focused()
    chat.page.keyboard.type("Number 13")
    expect(chat.page.locator(".find-count")).to_have_text("1 / 1")
    expect(message(chat, long.ids[33])).to_be_in_viewport()
    expect(chat.page.locator(".find input")).to_be_focused()
    assert chat.evaluate("[...CSS.highlights.get('found')].map(String).join()") == "Number,13"
    assert chat.evaluate("window.kept")
    chat.press("find-close")
    chat.press("jump").at_end()
    assert chat.evaluate(IDS) == long.ids[-PAGE:]
