"""What a page weighs, and what is done so that a long conversation costs no more than a short one."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.site import Site

from .chat import Chat

MESSAGES, PAGE = 120, 50
FILL = f"""
from django.utils import timezone
from conversations.models import Conversation, Message, User
from conversations.rendering import render
now = timezone.now()
row = Conversation.objects.create(owner=User.objects.get(username="anna"), title="Long", updated_at=now)
messages = []
for number in range({MESSAGES}):
    text = f"Number {{number}}.\\n\\n- one\\n- two\\n\\n| a | b |\\n| --- | --- |\\n| 1 | 2 |\\n" * (1 + number % 4)
    if number < {MESSAGES - PAGE // 2}:
        text += "\\n```python\\nreturn 1\\n```\\n"
    messages.append(Message(
        conversation=row, parent=messages[-1] if messages else None, role="assistant" if number % 2 else "user",
        content=text, html=render(text) if number % 2 else "", created_at=now,
    ))
Message.objects.bulk_create(messages)
Conversation.objects.filter(pk=row.pk).update(shown_leaf=messages[-1])
print(row.pk)
"""
SIZES = """[...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
    .map((entry) => [new URL(entry.name).pathname, entry.transferSize, entry.decodedBodySize])"""
HEIGHTS = """[...document.querySelectorAll("#messages .message")]
    .map((article) => article.getBoundingClientRect().height)"""
PASSED_OVER = """[...document.querySelectorAll("#messages .message > *")]
    .filter((part) => !part.hidden && !part.checkVisibility({ contentVisibilityAuto: true })).length"""


@pytest.fixture(scope="module")
def address(site: Site) -> str:
    """The address of a conversation of more messages than a page shows at first."""
    return f"/c/{site.run(FILL).strip()}/"


def up(chat: Chat) -> None:
    """Scroll to the top of what is there."""
    chat.page.locator("#scroller").hover()
    chat.page.mouse.wheel(0, -100_000)


@pytest.mark.parametrize("long", [False, True], ids=["new", "long"])
def test_the_first_load_is_light(open_chat: Callable[..., Chat], address: str, long: bool) -> None:
    """By the browser's own count, with an empty cache."""
    chat = open_chat(address if long else "/", locale="en-GB")
    chat.page.wait_for_load_state("networkidle")
    sizes = chat.evaluate(SIZES)
    assert 0 < sum(wire for _, wire, _ in sizes) <= 150_000, sizes
    own = [(path, size) for path, _, size in sizes if path.startswith("/static/js/")]
    assert 0 < sum(size for _, size in own) <= 40_000, own
    assert [path for path, _, _ in sizes if path.startswith("/static/vendor/")] == []


def test_code_of_a_history_gets_colours_and_button_when_it_comes_near(
    open_chat: Callable[..., Chat], address: str
) -> None:
    chat = open_chat(address, locale="en-GB")
    chat.page.wait_for_load_state("networkidle")
    code = chat.texts.locator("pre.code")
    expect(code).to_have_count(PAGE // 4)
    assert code.locator("button, [class^=hljs]").count() == 0
    first = chat.texts.filter(has=chat.page.locator("pre.code")).first.locator("xpath=ancestor::article")
    code_above = chat.page.locator(f"#{first.get_attribute('id')} pre.code")
    code.last.scroll_into_view_if_needed()
    expect(code.last.locator(".hljs-keyword")).to_have_text("return")
    expect(code.last.get_by_role("button", name="Copy code")).to_be_visible()
    up(chat)
    expect(code_above.locator(".hljs-keyword")).to_be_visible()


def test_messages_out_of_sight_are_passed_over_and_none_changes_its_height(
    open_chat: Callable[..., Chat], address: str
) -> None:
    chat = open_chat(address)
    expect(chat.page.locator("#messages .message:not(:has(.tools))")).to_have_count(0)
    drawn = chat.evaluate(HEIGHTS)
    expect(chat.page.locator("#messages .message:not([data-settled])")).to_have_count(0)
    assert chat.evaluate(PASSED_OVER) > PAGE
    assert chat.evaluate(HEIGHTS) == drawn
    up(chat)
    expect(chat.page.locator("#messages .message")).to_have_count(2 * PAGE)
    assert chat.evaluate(HEIGHTS)[PAGE:] == drawn


def test_what_was_read_above_goes_when_the_reader_asks_on_at_the_end(
    open_chat: Callable[..., Chat], address: str
) -> None:
    chat = open_chat(address)
    messages = chat.page.locator("#messages .message")
    up(chat)
    expect(messages).to_have_count(2 * PAGE)
    up(chat)
    expect(messages).to_have_count(MESSAGES)
    chat.press("jump")
    chat.field.fill("And now?")
    chat.field.press("Enter")
    expect(messages).to_have_count(PAGE + 2)
    chat.phase("idle")
    expect(messages.last).to_be_in_viewport()
    up(chat)
    expect(messages).to_have_count(2 * PAGE + 2)


def test_what_was_read_above_stays_when_another_version_is_shown_below(
    open_chat: Callable[..., Chat], site: Site
) -> None:
    chat = open_chat(f"/c/{site.run(FILL).strip()}/")
    messages = chat.page.locator("#messages .message")
    chat.press("regenerate", chat.answers.last)
    expect(chat.answers.last.locator(".versions-count")).to_have_text("2/2")
    chat.ended()
    up(chat)
    expect(messages).to_have_count(2 * PAGE)
    other = chat.tab()
    other.press("previous", other.answers.last)
    expect(chat.answers.last.locator(".versions-count")).to_have_text("1/2")
    expect(messages).to_have_count(2 * PAGE)
