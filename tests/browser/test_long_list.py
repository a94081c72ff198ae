"""A list of many conversations: it grows as one scrolls, and what was read stays."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tests.site import Site

from .chat import Chat
from .conftest import BROKEN_CONNECTION

# More than are read again at once.
ROWS = 620
FILL = f"""
from datetime import timedelta
from django.utils import timezone
from conversations.models import Conversation, User
now = timezone.now()
owner = User.objects.get(username="anna")
Conversation.objects.bulk_create(
    Conversation(owner=owner, title=f"Old {{number:05}}", updated_at=now - timedelta(days=400, minutes=number))
    for number in range({ROWS})
)
"""
EMPTY = """
from conversations.models import Conversation
Conversation.objects.filter(title__startswith="Old ").delete()
"""
TITLES = """[...document.querySelectorAll("#conversations .entry > a")].map((link) => link.textContent)
    .filter((title) => title.startsWith("Old "))"""
ALL = [f"Old {number:05}" for number in range(ROWS)]
# Nothing more is wanted at this place, and nothing on its way.
QUIET = """() => {
    const more = document.querySelector("#conversations .more");
    if (document.querySelector("#conversations[aria-busy]")) return false;
    return !more || more.getBoundingClientRect().top > innerHeight + 600;
}"""
# How far down an entry stands.
PLACE = """[...document.querySelectorAll("#conversations .entry")].find((entry) => entry.textContent.includes("%s"))
    .getBoundingClientRect().top"""


@pytest.fixture
def chat(site: Site, open_chat: Callable[..., Chat]) -> Iterator[Chat]:
    """A page beside which there are many conversations."""
    site.run(FILL)
    chat = open_chat()
    chat.ask("The newest").ended()
    expect(chat.page.locator("#conversations [aria-current=page]")).to_have_text("The newest")
    yield chat
    site.run(EMPTY)


def scroll(chat: Chat, title: str) -> None:
    """Scroll down until a title is in the middle of the list."""
    entry = chat.entry(title)
    while not entry.count():
        count = chat.entries.count()
        chat.page.locator("#conversations").hover()
        chat.page.mouse.wheel(0, 100_000)
        expect(chat.entries).not_to_have_count(count)
    entry.evaluate("(element) => element.scrollIntoView({ block: 'center' })")
    chat.page.wait_for_function(QUIET)


def reread(chat: Chat) -> None:
    """Have the list read again, and wait until it has been."""
    with chat.page.expect_event("requestfinished", lambda request: "/conversations?size=" in request.url):
        chat.evaluate("dispatchEvent(new Event('focus'))")
    chat.page.wait_for_function(QUIET)


def test_the_next_pages_come_as_one_scrolls_without_a_gap(chat: Chat) -> None:
    assert chat.evaluate(TITLES) == ALL[: len(chat.evaluate(TITLES))]
    scroll(chat, ALL[-1])
    assert chat.evaluate(TITLES) == ALL
    expect(chat.page.locator("#conversations .more")).to_have_count(0)
    names = chat.page.locator("#conversations h2").all_text_contents()
    assert len(names) == len(set(names))


def test_what_is_read_again_keeps_what_was_loaded_and_the_place(chat: Chat) -> None:
    scroll(chat, ALL[120])
    count, before = chat.entries.count(), chat.evaluate(PLACE % ALL[120])
    reread(chat)
    assert chat.entries.count() == count
    assert chat.evaluate(PLACE % ALL[120]) == pytest.approx(before, abs=1)
    # Another tab adds one above.
    other = chat.tab()
    other.page.locator(".sidebar-new").click()
    other.connected().ask("Asked over there").ended()
    expect(chat.entry("Asked over there")).to_have_count(1)
    assert chat.entries.count() == count + 1
    assert chat.evaluate(PLACE % ALL[120]) == pytest.approx(before, abs=1)


def test_what_changed_far_down_is_shown_where_it_belongs(chat: Chat, site: Site) -> None:
    scroll(chat, ALL[-1])
    site.run(f"""
from conversations.models import Conversation
rows = Conversation.objects.filter(title__startswith="Old ")
rows.filter(title="{ALL[20]}").delete()
rows.filter(title__in=["{ALL[30]}", "{ALL[600]}"]).update(pinned=True)
""")
    reread(chat)
    gone = {20, 30, 600}
    assert chat.evaluate(TITLES) == [ALL[30], ALL[600], *(one for n, one in enumerate(ALL) if n not in gone)]
    assert chat.page.locator("#conversations h2").first.text_content() == "Pinned"


def test_the_link_is_there_where_the_page_could_not_be_read(chat: Chat, expected: list[str]) -> None:
    expected += BROKEN_CONNECTION
    chat.page.route("**/conversations?before=*", lambda route: route.abort())
    with chat.page.expect_event("requestfailed"):
        chat.page.locator("#conversations").hover()
        chat.page.mouse.wheel(0, 100_000)
    chat.page.unroute("**/conversations?before=*")
    more = chat.page.locator("#conversations .more")
    more.focus()
    count = chat.entries.count()
    chat.page.keyboard.press("Enter")
    expect(chat.entries).not_to_have_count(count)
    # Where the link had the focus, the first of what it led to has it.
    expect(chat.entries.nth(count).locator("a")).to_be_focused()
