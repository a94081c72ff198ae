"""Messages as a page shows them, and what a page says to the browser beside them."""

from collections.abc import Callable

import pytest
from django.test import Client

from conversations.models import Conversation, Message
from conversations.text import language_of
from conversations.views.transcript import ShownMessage

Converse = Callable[..., Conversation]


def answer(**columns: object) -> ShownMessage:
    return ShownMessage(Message(role="assistant", **columns))


@pytest.mark.parametrize(
    "path", ["/", "/accounts/login/", "/c/00000000-0000-4000-8000-000000000000/", "/admin/"]
)
def test_no_page_lets_the_browser_look_up_the_names_in_its_links(client: Client, path: str) -> None:
    assert client.get(path).headers["X-DNS-Prefetch-Control"] == "off"


def test_a_page_of_an_answer_lets_the_browser_look_up_no_names(client: Client, converse: Converse) -> None:
    page = client.get(converse().get_absolute_url(), headers={"Accept-Encoding": "gzip"})
    assert page.headers["X-DNS-Prefetch-Control"] == "off"
    assert page.headers["Content-Encoding"] == "gzip"


def test_thoughts_are_shown_without_characters_that_a_page_must_not_show(
    client: Client, converse: Converse
) -> None:
    conversation = converse()
    Message.objects.filter(role="assistant").update(thinking="a\x1b[31mb\u202ec\U000e0041d")
    html = client.get(conversation.get_absolute_url()).content.decode()
    assert ">ab⟨U+202E⟩cd</div>" in html


def test_thoughts_have_a_language_of_their_own(client: Client, converse: Converse) -> None:
    shown = answer(content="春眠不觉晓", thinking="The person asks for a poem.")
    assert (shown.lang, shown.thinking_lang) == ("zh-Hans", "en")
    conversation = converse()
    Message.objects.filter(role="assistant").update(thinking="好的，用户问的是诗。")
    html = client.get(conversation.get_absolute_url()).content.decode()
    assert '<div class="thinking-text" lang="zh-Hans" dir="auto">' in html
    assert '<div class="markdown" lang="en" dir="auto">' in html


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("a" * 600 + "春" * 600, "en"),
        ("a" * 599 + "か", "ja"),
        ("😀" * 599 + "か", "ja"),
        ("①②③④⑤⑥⑦⑧⑨⑩" * 5 + "春眠", "zh-Hans"),
        ("a" * 20 + "春", "en"),
    ],
)
def test_the_first_600_characters_tell_the_language(text: str, language: str) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [
        (0, "Thoughts"),
        (999, "Thought for a moment"),
        (61_999, "Thought for 61 s"),
        (1_234_567, "Thought for 1,234 s"),
    ],
)
def test_the_time_of_thoughts_is_written_as_the_browser_writes_it(milliseconds: int, words: str) -> None:
    assert answer(thinking_ms=milliseconds).thought == words
