"""Every generation ends with its text, whatever the parser or the database has against that."""

from datetime import UTC, datetime
from typing import Any

import pytest

from conversations.models import Generation
from conversations.services import generations
from conversations.services.generations import Chunk, Ending
from tests.services.test_queue import ask, people

pytestmark = pytest.mark.django_db(transaction=True)

# PostgreSQL refuses NUL; nothing can write half of a character.
REFUSED = ["\x00", "\udc00"]
TEXT = "**春眠** <b>"
PLAIN = '<div class="plain">**春眠** &lt;b&gt;</div>'


def running() -> Generation:
    return ask(people(1)[0], status="running")


def finished(content: str, thinking: str = "") -> Generation:
    """End a running generation with that text, and return its row."""
    row = generations.finish(running().pk, Ending("completed", "stop", content, thinking))
    assert row is not None
    assert (row.status, row.reason) == ("completed", "stop")
    row.message.refresh_from_db()
    return row


@pytest.mark.parametrize(
    "text", ["<http://a.example/%00>", "&#0; &#x202e;", "<http://a.example/%E2%80%AE%F3%A0%81%81>"]
)
def test_characters_that_a_text_spells_out_keep_no_answer_from_its_end(text: str) -> None:
    message = finished(text).message
    assert message.content == text
    assert not set(message.html) & set("\x00\u202e\U000e0041")
    assert "<p>" in message.html


def test_html_that_the_database_refuses_is_kept_as_plain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generations, "render", lambda _: "<p>\udc00</p>")
    message = finished(TEXT).message
    assert (message.content, message.html) == (TEXT, PLAIN)


@pytest.mark.parametrize("refused", REFUSED)
def test_text_that_the_database_refuses_is_kept_without_what_it_refuses(
    refused: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generations, "render", lambda _: "<p>\udc00</p>")
    message = finished(TEXT + refused, "hm" + refused).message
    assert (message.content, message.thinking) == (TEXT + "\ufffd", "hm\ufffd")
    assert message.html == PLAIN.replace("&gt;", "&gt;\ufffd")


def test_an_answer_that_the_parser_cannot_bear_ends_as_plain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: str) -> Any:
        raise RecursionError

    monkeypatch.setattr(generations, "render", fail)
    assert finished(TEXT).message.html == PLAIN


def test_the_sweep_ends_an_answer_whose_html_the_database_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    beat = datetime(2026, 1, 1, tzinfo=UTC)
    generation = running()
    generations.checkpoint([generation.pk], [Chunk(generation.pk, 0, TEXT, "")], {}, [])
    Generation.objects.filter(pk=generation.pk).update(heartbeat=beat)
    monkeypatch.setattr(generations, "render", lambda _: "<p>\udc00</p>")
    (row,) = generations.sweep({generation.pk: beat})
    row.message.refresh_from_db()
    assert (row.status, row.reason) == ("interrupted", "process_died")
    assert (row.message.content, row.message.html) == (TEXT, PLAIN)
