"""Which model answers, and what the page is told about it."""

import asyncio

import pytest
from django.test import override_settings

from conversations.generation.backend import Backend
from conversations.services.errors import Refused
from tests.scripted_ollama import ScriptedOllama, hold, model


def looked(ollama: ScriptedOllama, *, embedded: ScriptedOllama | None = None) -> Backend:
    """Return a backend that has just looked at the scripted Ollama, once."""

    async def look() -> Backend:
        with override_settings(OLLAMA_BASE_URL=ollama.base_url):
            backend = Backend()
        if embedded:
            backend.use_embedded(embedded.base_url)
        await backend.refresh()
        await backend.aclose()
        return backend

    return asyncio.run(look())


@pytest.fixture
def ollama():
    """A scripted Ollama."""
    with ScriptedOllama() as server:
        yield server


def test_default_model_answers_where_it_is_there(ollama):
    ollama.models = ["qwen3:8b", "internlm2:1.8b"]
    backend = looked(ollama)
    assert backend.choose("") == "internlm2:1.8b"
    assert backend.choose("qwen3:8b") == "qwen3:8b"
    assert backend.state("").wanted == ""


def test_another_model_stands_in_a_loaded_one_before_others_and_the_page_is_told(ollama):
    ollama.models = [model("mistral:7b", loaded=False), model("qwen3:8b", loaded=True)]
    state = looked(ollama).state("")
    assert (state.state, state.model, state.wanted) == ("ready", "qwen3:8b", "internlm2:1.8b")


def test_silent_latest_tag_is_understood(ollama):
    ollama.models = ["mistral:latest"]
    backend = looked(ollama)
    assert backend.choose("mistral") == "mistral:latest"
    assert backend.state("mistral").wanted == ""


def test_only_models_that_can_complete_are_offered(ollama):
    ollama.models = [
        model("bge-m3:latest", capabilities=["embedding"]),
        model("internlm2:1.8b", capabilities=["completion"]),
    ]
    backend = looked(ollama)
    assert [offered.name for offered in backend.offered()] == ["internlm2:1.8b"]
    with pytest.raises(Refused, match="bge-m3:latest"):
        backend.choose("bge-m3:latest")


def test_what_a_model_can_do_is_told_with_it(ollama):
    ollama.models = [
        model("qwen3:8b", capabilities=["completion", "thinking"]),
        model("gpt-oss:20b", capabilities=["completion", "thinking"], family="gptoss"),
        model("llava:7b", capabilities=["completion", "vision"]),
    ]
    backend = looked(ollama)
    offered = [(offer.name, offer.vision, offer.thinking) for offer in backend.offered()]
    assert offered == [
        ("qwen3:8b", False, "switch"),
        ("gpt-oss:20b", False, "levels"),
        ("llava:7b", True, ""),
    ]
    state = backend.state("llava:7b")
    assert (state.vision, state.thinking) == (True, "")
    assert (backend.sees("llava:7b"), backend.sees("qwen3:8b"), backend.sees("unheard-of")) == (
        True,
        False,
        None,
    )


def test_an_old_ollama_tells_by_show_what_a_model_can_do_or_nobody_knows(ollama):
    ollama.models = [model("qwen3:8b", capabilities=None)]
    state = looked(ollama).state("qwen3:8b")
    assert (state.vision, state.thinking) == (None, "")
    show = b'{"model_info": {}, "capabilities": ["completion", "thinking", "vision"]}'
    ollama.enqueue(show, path="/api/show", framing="length", finish=False)
    state = looked(ollama).state("qwen3:8b")
    assert (state.vision, state.thinking) == (True, "switch")


def test_no_model_is_asked_to_think_in_a_way_that_it_cannot(ollama):
    thinks = ["completion", "thinking"]
    ollama.models = [
        model("switch", capabilities=thinks),
        model("levels", capabilities=thinks, family="gptoss"),
        model("plain"),
        model("unknown", capabilities=None),
    ]
    backend = looked(ollama)
    words = ("", "on", "off", "low", "high")
    assert [backend.think("switch", word) for word in words] == [None, True, False, True, True]
    assert [backend.think("levels", word) for word in words] == [None, None, None, "low", "high"]
    assert {backend.think(name, word) for name in ("plain", "unknown") for word in words} == {None}


def test_states_are_told_apart(ollama):
    ollama.models = [model("internlm2:1.8b", loaded=False)]
    backend = looked(ollama)
    assert backend.state("").state == "unloaded"
    missing = backend.state("qwen3:8b")
    assert (missing.state, missing.model) == ("missing", "qwen3:8b")
    ollama.models = []
    empty = looked(ollama).state("")
    assert (empty.state, empty.model) == ("empty", "internlm2:1.8b")
    with ScriptedOllama() as gone:
        pass
    down = looked(gone).state("")
    assert down.state == "down"
    assert down.since is not None


def test_embedded_model_answers_while_nobody_else_does(ollama):
    ollama.models = ["smollm2:135m"]
    with ScriptedOllama() as gone:
        pass
    backend = looked(gone, embedded=ollama)
    state = backend.state("internlm2:1.8b")
    assert (state.model, state.demonstration, backend.num_parallel) == ("smollm2:135m", True, 4)
    assert looked(ollama, embedded=ollama).picture.demonstration is False


def test_an_ollama_that_appears_is_seen_by_the_next_question_and_told_to_the_page():
    """Also when a look is under way that began before it did."""

    async def appear(embedded: ScriptedOllama, port: int) -> None:
        told: list[str] = []
        with override_settings(OLLAMA_BASE_URL=f"http://127.0.0.1:{port}"):
            backend = Backend()
        backend.use_embedded(embedded.base_url)
        watching = asyncio.create_task(backend.watch(lambda: told.append(backend.state("").model)))
        try:
            await asyncio.to_thread(embedded.wait_held, "look")
            with ScriptedOllama(port) as ollama:
                ollama.models = ["internlm2:1.8b"]
                preparing = asyncio.create_task(backend.prepare())
                await asyncio.sleep(0)  # one turn, in which it joins the look that is under way
                embedded.release("look")
                await preparing
                assert backend.choose("") == "internlm2:1.8b"
                assert told == ["smollm2:135m", "internlm2:1.8b"]
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            await backend.aclose()

    with ScriptedOllama() as gone:
        port = gone.port
    with ScriptedOllama() as embedded:
        embedded.models = ["smollm2:135m"]
        embedded.enqueue(
            hold("look"),
            b'{"models": [{"name": "smollm2:135m"}]}',
            framing="length",
            finish=False,
            path="/api/tags",
        )
        asyncio.run(appear(embedded, port))


def test_an_address_that_cannot_be_one_is_an_ollama_that_is_down():
    async def look() -> Backend:
        with override_settings(OLLAMA_BASE_URL="http://a..b:11434"):
            backend = Backend()
        await backend.refresh()
        await backend.aclose()
        return backend

    assert asyncio.run(look()).state("").state == "down"
