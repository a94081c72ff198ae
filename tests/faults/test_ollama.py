"""Ollamas that are silent, fall silent, have lost the model or no memory for it; more questions than may run."""

import html
import time
from collections.abc import Iterator

import pytest

from tests.scripted_ollama import ScriptedOllama, headers, hold, json_error, tokens
from tests.site import Site
from tests.tab import Tab

from .conftest import quiet
from .people import logged_in

pytestmark = pytest.mark.process

SILENT_SECONDS = 1
RUNNING = 2
NO_MEMORY = "model requires more system memory (5.6 GiB) than is available (3.1 GiB)"


@pytest.fixture(scope="module")
def ollama() -> Iterator[ScriptedOllama]:
    """A scripted Ollama with two models."""
    with ScriptedOllama() as server:
        server.models = ["internlm2:1.8b", "qwen3:8b"]
        yield server


@pytest.fixture(scope="module")
def limits() -> dict[str, str]:
    """Return settings under which patience and room soon end."""
    return {
        "OLLAMA_FIRST_BYTE_TIMEOUT": str(SILENT_SECONDS),
        "OLLAMA_STALL_TIMEOUT": str(SILENT_SECONDS),
        "MAX_RUNNING": str(RUNNING),
        "MAX_RUNNING_PER_USER": "0",
        "OLLAMA_NUM_PARALLEL": "64",
    }


def told(client, tab: Tab) -> str:
    """Return the text of a conversation's page."""
    return html.unescape(client.get(f"/c/{tab.conversation}/").text)


@pytest.mark.fault(14)
def test_an_ollama_that_is_not_there_is_told_soon_and_the_question_is_kept(tmp_path, limits, happened):
    with ScriptedOllama() as first:
        port = first.port
    with (
        Site(tmp_path, f"http://127.0.0.1:{port}", **limits) as site,
        quiet(site),
        logged_in(site, "小明") as [client],
        Tab(site, client) as tab,
    ):
        assert tab.wait("snapshot")["ollama"]["state"] == "down"
        asked = time.monotonic()
        tab.ask("Anybody there?")
        finished = tab.wait("generation.finished", 6)
        told_after = time.monotonic() - asked
        assert (finished["status"], finished["reason"]) == ("failed", "ollama_down")
        page = told(client, tab)
        assert "Anybody there?" in page
        assert "Ollama does not answer. Start it, then retry." in page
        with ScriptedOllama(port):
            # The next attempt looks for itself; it does not wait until Ollama is looked for again.
            tab.send("answer.regenerate", client_id="retry", message=finished["message"])
            tab.wait("ollama.status", state="ready")
            assert tab.wait("generation.finished")["status"] == "completed"
    happened("Told with what to do, the question kept; answered when Ollama was there.", told_s=told_after)


@pytest.mark.fault(15)
@pytest.mark.parametrize(
    ("pieces", "text", "sentence"),
    [
        ([hold("silent")], "", "did not begin to answer in time"),
        ([headers(), hold("silent")], "", "did not begin to answer in time"),
        (["half of ", hold("silent")], "half of ", "fell silent in mid-answer"),
    ],
    ids=["says nothing", "sends headers", "writes a little"],
)
def test_an_ollama_that_falls_silent_is_given_up_and_its_place_is_free(
    site, client, ollama, happened, pieces, text, sentence
):
    number = len(ollama.chats)
    for _ in range(RUNNING):
        ollama.enqueue(*pieces)
    ollama.enqueue("at last")
    tabs = [Tab(site, client) for _ in range(RUNNING + 1)]
    asked = time.monotonic()
    for tab in tabs:
        tab.open()
        tab.ask("Anybody there?")
    assert tabs[-1].wait("generation.status", phase="queued")["ahead"] == 1
    for tab in tabs[:-1]:
        finished = tab.wait("generation.finished")
        assert (finished["status"], finished["reason"]) == ("failed", "stalled")
        assert tab.text == text
    given_up = time.monotonic() - asked
    assert tabs[-1].wait("generation.finished")["status"] == "completed"
    for tab in tabs:
        tab.close()
    for silent in range(RUNNING):
        assert ollama.wait_closed(number + silent + 1).closed_by_client
    assert sentence in told(client, tabs[0])
    assert "Anybody there?" in told(client, tabs[0])
    happened("Failed as stalled, with the text so far; whoever waited had their turn.", given_up_s=given_up)


@pytest.mark.fault(17)
def test_a_model_that_is_gone_is_named_and_leaves_the_list(site, client, ollama, happened):
    assert "qwen3:8b" in client.get("/").text
    with Tab(site, client) as tab:
        ollama.play(json_error(404, "model 'qwen3:8b' not found"))
        tab.ask("Are you there?", model="qwen3:8b")
        finished = tab.wait("generation.finished")
        ollama.models = ["internlm2:1.8b"]
        assert (finished["status"], finished["reason"]) == ("failed", "model_missing")
        assert tab.wait("ollama.status")["state"] == "missing"
        assert "Run “ollama pull qwen3:8b”" in told(client, tab)
        assert "qwen3:8b" not in client.get("/").text
        tab.send("answer.regenerate", client_id="retry", message=finished["message"], model="internlm2:1.8b")
        assert tab.wait("generation.finished")["status"] == "completed"
    happened("The sentence names the model and how to get it; the list is without it; another model answers.")


@pytest.mark.fault(17)
def test_what_ollama_says_of_its_memory_is_told(site, client, ollama, happened):
    with Tab(site, client) as tab:
        ollama.play(json_error(500, NO_MEMORY))
        tab.ask("Do you fit?")
        finished = tab.wait("generation.finished")
        assert (finished["status"], finished["reason"]) == ("failed", "ollama_error")
        assert NO_MEMORY in told(client, tab)
        tab.send("answer.regenerate", client_id="retry", message=finished["message"])
        assert tab.wait("generation.finished")["status"] == "completed"
    happened("Failed with Ollama's own words; the next attempt answered.")


@pytest.mark.fault("more questions than MAX_RUNNING")
def test_no_more_answers_run_at_once_than_the_site_allows(site, client, eve, ollama, happened):
    number = len(ollama.chats)
    ollama.always(tokens(10**6, 20, "on and on "))
    tabs = [Tab(site, person) for person in (client, eve, client, eve)]
    for tab in tabs:
        tab.open()
    generations = [tab.ask("Go on")["generation"] for tab in tabs]
    for tab in tabs[:RUNNING]:
        tab.wait_text("on and on ")
    places = [tab.wait("generation.status", phase="queued")["ahead"] for tab in tabs[RUNNING:]]
    assert places == [1, 2]
    most = 0
    for tab, generation in zip(tabs, generations, strict=True):
        tab.wait_text("on and on ")
        most = max(most, sum(not chat.closed for chat in ollama.chats[number:]))
        tab.stop(generation)
        assert tab.wait("generation.finished")["status"] == "stopped"
        tab.close()
    assert most == RUNNING
    assert len(ollama.chats) == number + len(tabs)
    ollama.always("done")
    happened(
        "The others waited, were told their place and had their turn.", asked=len(tabs), most_at_once=most
    )
