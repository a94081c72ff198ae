"""What the client makes of an answer that is no answer: refused by Ollama, or given by something else in its place."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from conversations.ollama.client import OllamaClient
from conversations.ollama.errors import BadAnswer, ModelMissing, OllamaRefused
from conversations.ollama.transport import Timeouts
from tests.scripted_ollama import ScriptedOllama, cut, hold, json_error

from .conftest import MODEL, read


@pytest.mark.wire(22)
@pytest.mark.parametrize("status", [400, 401, 403, 429, 499, 500, 502, 503])
async def test_refusal_tells_status_and_text(
    ollama: ScriptedOllama, client: OllamaClient, status: int
) -> None:
    ollama.play(json_error(status, "no, because"))
    refused = (await read(client)).error
    assert type(refused) is OllamaRefused
    assert (refused.status, str(refused), refused.retry_after) == (status, "no, because", None)


@pytest.mark.wire(22)
@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        ("7", 7, 7),
        (format_datetime(datetime.now(UTC) + timedelta(days=1), usegmt=True), 80_000, 86_400),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0, 0),
    ],
    ids=["seconds", "date", "past"],
)
async def test_refusal_tells_when_to_come_back(
    ollama: ScriptedOllama, client: OllamaClient, header: str, least: float, most: float
) -> None:
    script = json_error(503, "server busy, please try again.  maximum pending requests exceeded")
    script.headers["Retry-After"] = header
    ollama.play(script)
    refused = (await read(client)).error
    assert isinstance(refused, OllamaRefused)
    assert refused.retry_after is not None
    assert least <= refused.retry_after <= most


@pytest.mark.wire(22)
@pytest.mark.parametrize("header", ["", "soon", "-1", "٣"])
async def test_refusal_without_a_time_tells_none(
    ollama: ScriptedOllama, client: OllamaClient, header: str
) -> None:
    script = json_error(429, "slow down")
    script.headers["Retry-After"] = header
    ollama.play(script)
    refused = (await read(client)).error
    assert isinstance(refused, OllamaRefused)
    assert refused.retry_after is None


@pytest.mark.wire(22)
async def test_refusal_that_wants_a_login_keeps_its_address(
    ollama: ScriptedOllama, client: OllamaClient
) -> None:
    body = json.dumps({"error": "unauthorized", "signin_url": "https://ollama.example/connect?key=1"})
    ollama.enqueue(body.encode(), status=401, framing="length", finish=False)
    refused = (await read(client)).error
    assert isinstance(refused, OllamaRefused)
    assert refused.record == "denied: unauthorized (sign in at https://ollama.example/connect?key=1)"


@pytest.mark.wire(32)
async def test_compressed_refusal_is_read(ollama: ScriptedOllama, client: OllamaClient) -> None:
    body = gzip.compress(b'{"error":"no memory"}')
    ollama.enqueue(body, status=500, headers={"Content-Encoding": "gzip"}, framing="length", finish=False)
    assert str((await read(client)).error) == "no memory"


@pytest.mark.wire(22)
async def test_refusal_without_a_text_names_its_status(ollama: ScriptedOllama, client: OllamaClient) -> None:
    ollama.enqueue(status=403, framing="length", content_type="", finish=False)
    refused = (await read(client)).error
    assert type(refused) is OllamaRefused
    assert (refused.status, str(refused)) == (403, "HTTP 403")


async def test_refusal_that_breaks_off_is_told_with_what_came(
    ollama: ScriptedOllama, client: OllamaClient
) -> None:
    ollama.enqueue(b'{"error":"lost"}', cut(), status=500)
    refused = (await read(client)).error
    assert isinstance(refused, OllamaRefused)
    assert (refused.status, str(refused)) == (500, "lost")


async def test_refusal_that_does_not_end_is_not_waited_for(ollama: ScriptedOllama) -> None:
    ollama.enqueue(b'{"error":"slow', hold(), status=500)
    async with OllamaClient(ollama.base_url, timeouts=Timeouts(short=0.05)) as client:
        assert isinstance((await read(client)).error, BadAnswer)


@pytest.mark.wire(22)
async def test_missing_model_is_named(ollama: ScriptedOllama, client: OllamaClient) -> None:
    ollama.models = ["other:7b"]
    missing = (await read(client)).error
    assert isinstance(missing, ModelMissing)
    assert (missing.model, missing.status) == (MODEL, 404)
    with pytest.raises(ModelMissing):
        await client.show(MODEL)


@pytest.mark.wire(23, 28)
@pytest.mark.parametrize(
    ("status", "kind", "body"),
    [
        (200, "text/html", b"<!DOCTYPE html>\n<title>Log in</title>\n"),
        (200, "application/json", b"<html><body>no newline</body></html>"),
        (200, "text/event-stream", b'data: {"choices":[]}\n\ndata: [DONE]\n\n'),
        (200, "application/json", b'{"choices":[{"delta":{"content":"x"}}]}\n'),
        (200, "text/plain", b"It works"),
        (204, "", b""),
        (404, "text/plain", b"404 page not found"),
        (404, "application/json", b'{"detail":"Not Found"}'),
        (405, "text/plain", b"405 method not allowed"),
        (502, "text/html", b"<html><h1>502 Bad Gateway</h1></html>"),
        (504, "text/html", b"<html>\n" * 20_000),
    ],
)
async def test_what_is_not_ollama_is_told_with_its_status_and_never_shown_as_text(
    ollama: ScriptedOllama, client: OllamaClient, status: int, kind: str, body: bytes
) -> None:
    ollama.enqueue(body, status=status, content_type=kind, framing="length", finish=False)
    reply = await read(client)
    assert isinstance(reply.error, BadAnswer)
    assert (reply.error.status, reply.text) == (status, "")
