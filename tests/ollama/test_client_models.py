"""What the client learns about models, from complete answers and from poor ones."""

import json
from typing import Any

import pytest

from conversations.ollama.catalogue import LoadedModel, ModelDetails, ModelInfo
from conversations.ollama.client import OllamaClient, PullStep
from conversations.ollama.errors import BadAnswer, OllamaRefused
from tests.scripted_ollama import ScriptedOllama, json_error, line, model

from .conftest import MODEL


def answer(ollama: ScriptedOllama, path: str, content: Any) -> None:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    ollama.enqueue(body, path=path, content_type="application/json", framing="length", finish=False)


async def test_installed_models_are_listed(ollama: ScriptedOllama, client: OllamaClient) -> None:
    ollama.models = [model(MODEL, capabilities=["completion", "tools"]), "embed:latest"]
    assert await client.tags() == [
        ModelInfo(
            name=MODEL,
            size=1_200_000_000,
            capabilities=frozenset({"completion", "tools"}),
            family="internlm2",
            parameter_size="1.9B",
            quantization="Q4_0",
            digest="a" * 64,
            modified_at="2026-08-21T10:00:00.1234Z",
        ),
        (await client.tags())[1],
    ]


async def test_loaded_models_are_told_with_their_window(ollama: ScriptedOllama, client: OllamaClient) -> None:
    ollama.models = [model(MODEL, context_length=8192), model("other:7b", loaded=False)]
    assert await client.ps() == [
        LoadedModel(name=MODEL, context_length=8192, expires_at="2318-01-01T00:00:00Z", size_vram=0)
    ]


async def test_details_of_a_model(ollama: ScriptedOllama, client: OllamaClient) -> None:
    assert await client.show(MODEL) == ModelDetails(
        name=MODEL,
        capabilities=frozenset({"completion"}),
        context_length=32_768,
        parameters={"stop": ["<|im_end|>"]},
        family="internlm2",
        system="",
        template="{{ .Prompt }}",
    )
    assert ollama.requests[0].json == {"model": MODEL}


async def test_parameters_of_a_model_are_typed(ollama: ScriptedOllama, client: OllamaClient) -> None:
    text = 'stop   "<|im_start|>"\nnum_ctx  4096\nstop   "a b"\ntemperature  0.7\nuse_mmap false\n\nodd\n'
    answer(ollama, "/api/show", {"parameters": text})
    assert (await client.show("m")).parameters == {
        "stop": ["<|im_start|>", "a b"],
        "num_ctx": 4096,
        "temperature": 0.7,
        "use_mmap": False,
    }


@pytest.mark.wire(45)
@pytest.mark.parametrize(
    ("content", "names"),
    [
        ({"models": []}, []),
        ({"models": None}, []),
        ({}, []),
        ({"models": "odd"}, []),
        (
            {
                "models": [
                    None,
                    7,
                    {},
                    {"name": ""},
                    {"name": "a"},
                    {"model": "b"},
                    {"name": "c", "size": "big"},
                ]
            },
            ["a", "b", "c"],
        ),
        (
            {"models": [{"name": f"m{number}"} for number in range(500)]},
            [f"m{number}" for number in range(500)],
        ),
        ({"models": [{"name": "a", "details": None, "capabilities": None, "modified_at": 3}]}, ["a"]),
        (b'\xef\xbb\xbf{"models":[{"name":"a"}]}\r\n', ["a"]),
    ],
)
async def test_poor_lists_give_what_they_have(
    ollama: ScriptedOllama, client: OllamaClient, content: Any, names: list[str]
) -> None:
    answer(ollama, "/api/tags", content)
    answer(ollama, "/api/ps", content)
    assert [entry.name for entry in await client.tags()] == names
    assert [entry.name for entry in await client.ps()] == names


@pytest.mark.wire(45)
async def test_unknown_capabilities_are_none_and_known_ones_a_set(
    ollama: ScriptedOllama, client: OllamaClient
) -> None:
    answer(ollama, "/api/tags", {"models": [{"name": "a"}, {"name": "b", "capabilities": ["vision", 3]}]})
    assert [entry.capabilities for entry in await client.tags()] == [None, frozenset({"vision"})]


@pytest.mark.wire(45)
@pytest.mark.parametrize(
    "content",
    [
        {},
        {"model_info": None, "details": []},
        {"model_info": {"general.architecture": 3, "None.context_length": 1}},
    ],
)
async def test_poor_details_give_what_they_have(
    ollama: ScriptedOllama, client: OllamaClient, content: Any
) -> None:
    answer(ollama, "/api/show", content)
    assert await client.show("m") == ModelDetails("m", None, None, {}, "", "", "")


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b'"text"', b"[" * 100_000])
async def test_what_is_no_object_is_not_ollama(
    ollama: ScriptedOllama, client: OllamaClient, content: bytes
) -> None:
    answer(ollama, "/api/tags", content)
    with pytest.raises(BadAnswer):
        await client.tags()


async def test_refused_lists_raise(ollama: ScriptedOllama, client: OllamaClient) -> None:
    script = json_error(401, "unauthorized")
    script.path = "/api/tags"
    ollama.play(script)
    with pytest.raises(OllamaRefused):
        await client.tags()


async def test_version_may_be_missing(ollama: ScriptedOllama, client: OllamaClient) -> None:
    answer(ollama, "/api/version", {})
    assert await client.version() == ""


@pytest.mark.wire(46)
@pytest.mark.parametrize(
    ("fields", "step"),
    [
        ({"status": "pulling manifest"}, PullStep("pulling manifest")),
        ({"status": "pulling a", "total": 100}, PullStep("pulling a", 0, 100)),
        ({"status": "pulling a", "total": 0, "completed": 7}, PullStep("pulling a")),
        ({"status": "pulling a", "total": 100, "completed": 250}, PullStep("pulling a", 100, 100)),
        ({"status": "pulling a", "total": -1, "completed": "x"}, PullStep("pulling a")),
        ({"status": None, "total": 10, "completed": 5}, PullStep("", 5, 10)),
    ],
)
async def test_progress_of_a_pull_is_never_more_than_all(
    ollama: ScriptedOllama, client: OllamaClient, fields: dict[str, Any], step: PullStep
) -> None:
    ollama.enqueue(line(**fields), line(**fields), line(status="success"), path="/api/pull", finish=False)
    assert [one async for one in client.pull(MODEL)] == [step, step, PullStep("success")]


@pytest.mark.wire(46)
async def test_pull_that_fails_behind_its_first_line_says_why(
    ollama: ScriptedOllama, client: OllamaClient
) -> None:
    failure = "pull model manifest: file does not exist"
    ollama.enqueue(line(status="pulling manifest"), line(error=failure), path="/api/pull", finish=False)
    with pytest.raises(OllamaRefused, match=failure):
        [one async for one in client.pull(MODEL)]
