"""The figures of an answer: told while it is written, with its end, and again by the page that is loaded later."""

import html
import json
import re

import pytest

from tests.scripted_ollama import done, hold, pause, thinking, tokens
from tests.tab import Tab

pytestmark = pytest.mark.process


def facts_of(page: str, message: str) -> dict:
    """Return what the page holds of an answer's call."""
    found = re.search(rf'data-id="{message}".*?data-facts="([^"]*)"', page, re.DOTALL)
    assert found
    return json.loads(html.unescape(found[1]))


def test_tokens_are_told_once_a_second_and_to_who_joins_later(site, client, ollama):
    ollama.enqueue(tokens(60, 40), hold("end"))
    with Tab(site, client) as tab:
        tab.ask("Count")
        tab.wait("generation.status", phase="writing")
        counted = tab.wait("generation.status", phase="writing")
        assert 0 < counted["tokens"] <= 60
        tab.wait_text("token " * 60)
        with tab.twin() as twin:
            twin.open()
            joined = twin.wait("snapshot")["generation"]
            assert joined["tokens"] == 60
            assert joined["phase_ms"] > 0
        ollama.release("end")
        tab.wait("generation.finished")


def test_time_of_thinking_is_told_and_kept(site, client, ollama):
    ollama.enqueue(thinking("Hm. "), pause(0.3), thinking("So."), "Spring.")
    with Tab(site, client) as tab:
        tab.ask("Why?")
        writing = tab.wait("generation.status", phase="writing")
        # The pause, but for what the machine makes of it.
        assert writing["thinking_ms"] >= 100
        finished = tab.wait("generation.finished")
    assert finished["stats"]["thinking_ms"] == writing["thinking_ms"]
    page = client.get(f"/c/{tab.conversation}/").text
    assert facts_of(page, finished["message"])["thinking_ms"] == writing["thinking_ms"]


def test_time_of_thinking_goes_on_where_an_answer_is_continued(site, client, ollama):
    ollama.enqueue(thinking("Hm. "), pause(0.2), thinking("So. "), hold("more"))
    with Tab(site, client) as tab:
        started = tab.ask("Why?")
        while tab.thinking != "Hm. So. ":
            tab.receive()
        tab.stop(started["generation"])
        first = tab.wait("generation.finished")
        ollama.enqueue(thinking("So. "), pause(0.2), "Spring.")
        tab.send("answer.continue", client_id="on", message=first["message"])
        again = tab.wait("generation.status", phase="thinking")
        second = tab.wait("generation.finished")
    before = first["stats"]["thinking_ms"]
    assert 100 <= before == again["thinking_ms"] < second["stats"]["thinking_ms"]


def test_stop_tells_how_many_tokens_came_and_when_the_model_was_released(site, client, ollama):
    ollama.enqueue(tokens(7), hold("more"))
    with Tab(site, client) as tab:
        started = tab.ask("Count")
        tab.wait_text("token " * 7)
        tab.stop(started["generation"])
        stats = tab.wait("generation.finished")["stats"]
    assert stats["output_tokens"] == 7
    assert 0 <= stats["released_ms"] < 5000


def test_window_of_the_model_is_told_with_the_end(site, client, ollama):
    ollama.enqueue("Spring.", done(prompt_eval_count=30, eval_count=5))
    with Tab(site, client) as tab:
        tab.ask("Which?", options={"num_ctx": 2048})
        stats = tab.wait("generation.finished")["stats"]
    assert (stats["window"], stats["prompt_tokens"], stats["output_tokens"]) == (2048, 30, 5)
