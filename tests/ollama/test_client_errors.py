"""What the client raises: each failure has its class and a harmless text, and keeps what came before it."""

import asyncio
import json
import socket
from collections.abc import Callable
from contextlib import aclosing

import pytest

from conversations.ollama.client import OllamaClient
from conversations.ollama.errors import (
    MAX_TEXT,
    BadAnswer,
    OllamaError,
    OllamaRefused,
    OllamaUnavailable,
    StreamBroken,
    readable,
)
from tests.scripted_ollama import (
    Piece,
    ScriptedOllama,
    cut,
    error,
    headers,
    hold,
    line,
    reset,
)

from .conftest import QUESTION, read

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(text: str) -> bytes:
    """One line of an answer in a chunk of HTTP's own."""
    line = json.dumps({"message": {"content": text}, "done": False}).encode() + b"\n"
    return b"%x\r\n%s\r\n" % (len(line), line)


@pytest.mark.wire(18)
@pytest.mark.parametrize("ending", [cut(), reset()], ids=["cut", "reset"])
async def test_connection_lost_within_an_answer_keeps_the_text(
    ollama: ScriptedOllama, client: OllamaClient, ending: dict[str, str]
) -> None:
    ollama.enqueue("kept", hold(), ending)
    question = asyncio.create_task(read(client))
    await asyncio.to_thread(ollama.wait_held)
    ollama.release()
    reply = await question
    assert (reply.text, type(reply.error)) == ("kept", StreamBroken)


@pytest.mark.wire(18)
@pytest.mark.parametrize("ending", [cut(), reset(), b"no size\r\n"], ids=["cut", "reset", "framing"])
async def test_text_that_came_just_before_the_connection_was_lost_is_kept(
    ollama: ScriptedOllama, client: OllamaClient, ending: Piece
) -> None:
    async def rest_until_it_is_lost(resume: Callable[[], None]) -> None:
        ollama.release()
        await asyncio.to_thread(ollama.wait_closed)
        resume()
        for _ in range(4):
            await asyncio.sleep(0)  # the loop hears of the text, and then of the loss

    ollama.enqueue(CHUNKED + chunk("kept "), hold(), chunk("too"), ending, framing="none")
    text = ""
    async with aclosing(client.chat(QUESTION, rest_until_it_is_lost)) as answer:
        with pytest.raises(StreamBroken):  # noqa: PT012 -- only the loop shows what came before
            async for piece in answer:
                text += piece.text
    assert text == "kept too"


@pytest.mark.wire(18)
async def test_broken_framing_is_a_lost_connection_and_not_waited_for(
    ollama: ScriptedOllama, client: OllamaClient
) -> None:
    ollama.enqueue(CHUNKED + chunk("kept"), hold(), b"no size\r\n", hold(), framing="none")
    async with aclosing(client.chat(QUESTION)) as answer:
        assert (await anext(answer)).text == "kept"
        ollama.release()
        with pytest.raises(StreamBroken):
            await anext(answer)
    assert (await asyncio.to_thread(ollama.wait_closed)).closed_by_client


@pytest.mark.wire(18)
@pytest.mark.parametrize("ending", [cut(), reset()], ids=["cut", "reset"])
async def test_connection_lost_before_the_answer_is_not_sent_again(
    ollama: ScriptedOllama, client: OllamaClient, ending: dict[str, str]
) -> None:
    ollama.enqueue(ending)
    assert type((await read(client)).error) is StreamBroken
    assert len(ollama.chats) == 1


@pytest.mark.wire(42)
async def test_body_shorter_than_announced_is_a_lost_connection(
    ollama: ScriptedOllama, client: OllamaClient
) -> None:
    first = json.dumps({"message": {"content": "kept"}, "done": False}).encode() + b"\n"
    ollama.enqueue(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + first, framing="none")
    reply = await read(client)
    assert (reply.text, type(reply.error)) == ("kept", StreamBroken)


@pytest.mark.wire(19)
@pytest.mark.parametrize("before", [[], ["kept"]])
async def test_error_line_ends_the_answer_and_keeps_the_text(
    ollama: ScriptedOllama, client: OllamaClient, before: list[str]
) -> None:
    ollama.enqueue(*before, error("model runner has unexpectedly stopped"))
    reply = await read(client)
    assert isinstance(reply.error, OllamaRefused)
    assert (reply.text, reply.error.status) == ("".join(before), 200)
    assert str(reply.error) == "model runner has unexpectedly stopped"


@pytest.mark.wire(20)
async def test_text_beside_an_error_is_kept(ollama: ScriptedOllama, client: OllamaClient) -> None:
    ollama.enqueue(line(message={"content": "kept"}, error={"message": "no more"}, done=False), finish=False)
    reply = await read(client)
    assert (reply.text, str(reply.error)) == ("kept", "no more")


@pytest.mark.wire(21)
async def test_text_of_an_error_line_is_made_short_and_harmless(
    ollama: ScriptedOllama, client: OllamaClient
) -> None:
    inner = json.dumps({"error": {"code": 400, "message": "too\nlong \x1b[31m\u202e" + "x" * 100_000}})
    ollama.enqueue(error(inner))
    text = str((await read(client)).error)
    assert text.startswith("too long xxx")
    assert len(text) == MAX_TEXT


@pytest.mark.wire(40)
async def test_garbage_between_good_lines_keeps_what_came(
    ollama: ScriptedOllama, client: OllamaClient
) -> None:
    ollama.enqueue("kept", b"gar\x00bage\n", "never shown")
    reply = await read(client)
    assert (reply.text, type(reply.error)) == ("kept", BadAnswer)


@pytest.mark.wire(33)
async def test_endless_line_is_refused_and_the_connection_closed(
    ollama: ScriptedOllama, client: OllamaClient
) -> None:
    ollama.enqueue("kept", b'{"message":{"content":"', *[b"x" * 1_000_000] * 9, hold())
    reply = await read(client)
    assert (reply.text, type(reply.error)) == ("kept", BadAnswer)
    assert (await asyncio.to_thread(ollama.wait_closed)).closed_by_client


async def test_answer_that_is_not_http_is_told(ollama: ScriptedOllama, client: OllamaClient) -> None:
    ollama.enqueue(b"SSH-2.0-OpenSSH_9.2\r\n", framing="none")
    assert isinstance((await read(client)).error, BadAnswer)


async def test_stop_after_early_headers_is_a_lost_connection(
    ollama: ScriptedOllama, client: OllamaClient
) -> None:
    ollama.enqueue(headers(), cut())
    reply = await read(client)
    assert (reply.chunks, type(reply.error)) == ([], StreamBroken)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.wire(43)
@pytest.mark.parametrize(
    ("address", "kind"),
    [
        (f"http://127.0.0.1:{free_port()}", "refused"),
        (f"http://localhost:{free_port()}", "refused"),
        ("http://nobody.invalid:11434", "dns"),
    ],
    ids=["address", "localhost", "unknown-host"],
)
async def test_nobody_there_is_told_by_its_cause(address: str, kind: str) -> None:
    async with OllamaClient(address) as client:
        reply = await read(client)
        with pytest.raises(OllamaUnavailable):
            await client.version()
    assert isinstance(reply.error, OllamaUnavailable)
    assert reply.error.kind == kind


@pytest.mark.wire(43)
async def test_server_without_tls_is_told_apart() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTPS request?")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with OllamaClient(f"https://127.0.0.1:{port}") as client:
            failure = (await read(client)).error
    assert isinstance(failure, OllamaUnavailable)
    assert failure.kind == "tls"


@pytest.mark.parametrize(
    "address", ["", "127.0.0.1:11434", "ftp://host", "http://", "http://me:secret@host", "http://host:port"]
)
def test_address_that_cannot_be_one_is_refused_at_once(address: str) -> None:
    with pytest.raises(ValueError, match="address"):
        OllamaClient(address)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (
            '{"error":{"code":400,"message":"the request exceeds the context"}}',
            "the request exceeds the context",
        ),
        ({"error": '{"error":"inner"}'}, "inner"),
        ("two\nlines\r\n  and\ttabs", "two lines and tabs"),
        ("\x1b[31mred\x1b[0m \x1b]0;title\x07plain", "red plain"),
        ("nul\x00 bidi\u202e tag\U000e0041 lone\ud800 end", "nul bidi tag lone end"),
        ("{not json", "{not json"),
        (7, "7"),
        (None, "None"),
    ],
)
def test_error_texts_are_unwrapped_and_made_harmless(value: object, text: str) -> None:
    assert readable(value) == text


def test_error_texts_are_bounded_and_an_empty_one_names_its_class() -> None:
    assert len(str(OllamaError("x" * 1_000_000))) == MAX_TEXT
    assert len(str(BadAnswer(502, "x" * 1_000_000))) == MAX_TEXT
    assert str(StreamBroken()) == "StreamBroken"
