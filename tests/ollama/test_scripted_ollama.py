"""The scripted Ollama does what its users rely on: scripts, holds, a log, also from another process."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.scripted_ollama import Script, ScriptedOllama, done, hold, load, model, reset, thinking, tokens

BUILDERS: list[Any] = [
    "text",
    b"\x00\xff",
    thinking("hm", "so"),
    tokens(2),
    hold("x"),
    load(),
    done("!"),
    reset(),
]


def ask(base_url: str, path: str, body: object | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(base_url + path, data, timeout=5) as response:  # noqa: S310  (our own address)
        return [json.loads(line) for line in response.read().splitlines()]


def chat(base_url: str, question: str = "Hi") -> str:
    body = {"model": "internlm2:1.8b", "messages": [{"role": "user", "content": question}]}
    return "".join(line["message"]["content"] for line in ask(base_url, "/api/chat", body))


@pytest.fixture
def process() -> Iterator[str]:
    command = [sys.executable, "-m", "tests.scripted_ollama"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout
        try:
            yield started.stdout.readline().split()[-1]
        finally:
            started.terminate()


def test_answers_like_a_small_ollama_without_a_script() -> None:
    with ScriptedOllama() as ollama:
        ollama.models = [model("internlm2:1.8b", loaded=False), "other:7b"]
        assert [entry["name"] for entry in ask(ollama.base_url, "/api/ps")[0]["models"]] == ["other:7b"]
        assert chat(ollama.base_url, "你好") == "Echo: 你好 答案"
        assert len(ask(ollama.base_url, "/api/ps")[0]["models"]) == 2
        assert [request.path for request in ollama.requests] == ["/api/ps", "/api/chat", "/api/ps"]


def test_scripts_are_played_in_order_and_then_the_standing_one() -> None:
    with ScriptedOllama() as ollama:
        ollama.always("standing")
        ollama.enqueue("first")
        ollama.enqueue("sec", "ond")
        assert [chat(ollama.base_url) for _ in range(4)] == ["first", "second", "standing", "standing"]


def test_release_may_come_before_the_hold() -> None:
    with ScriptedOllama() as ollama:
        ollama.release("gate")
        ollama.enqueue(hold("gate"), "passed")
        assert chat(ollama.base_url) == "passed"


def test_what_is_given_up_passes_and_later_holds_of_its_name_hold() -> None:
    with ScriptedOllama() as ollama, ThreadPoolExecutor() as threads:
        ollama.enqueue(hold("gate"), "passed")
        ollama.enqueue("forgotten")
        held = threads.submit(chat, ollama.base_url)
        ollama.wait_held("gate")
        ollama.release("nobody's")
        ollama.give_up()
        assert held.result() == "passed"
        for name in ("gate", "nobody's"):
            ollama.enqueue(hold(name), "next")
            again = threads.submit(chat, ollama.base_url)
            ollama.wait_held(name)
            ollama.release(name)
            assert again.result() == "next"


def test_waiting_in_vain_fails_with_the_log() -> None:
    with ScriptedOllama() as ollama, pytest.raises(AssertionError, match="log"):
        ollama.wait_chat(timeout=0.02)


def test_script_survives_the_way_through_json() -> None:
    script = Script(BUILDERS, status=418, headers={"X": "y"}, delay=0.5)
    assert Script(**json.loads(json.dumps(script.as_json()))) == Script(**script.as_json())
    assert Script(**script.as_json()).pieces == script.pieces


def test_another_process_can_be_steered(process: str) -> None:
    ask(process, "/_script", {"pieces": [{"hold": "gate"}, "scripted"]})
    ask(process, "/_script", {"pieces": ["standing"], "always": True})
    ask(process, "/_models", {"models": [{"name": "internlm2:1.8b"}, {"name": "x", "loaded": False}]})
    ask(process, "/_release", {"name": "gate"})
    assert [chat(process), chat(process)] == ["scripted", "standing"]
    assert len(ask(process, "/api/tags")[0]["models"]) == 2
    log = ask(process, "/_log")[0]
    assert [entry["path"] for entry in log] == ["/api/chat", "/api/chat", "/api/tags"]
    assert log[0]["json"]["messages"] == [{"role": "user", "content": "Hi"}]
    assert (log[0]["lines"], log[0]["closed_by_client"]) == (2, False)
