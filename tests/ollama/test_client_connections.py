"""Waiting, stopping and connecting: what is waited for, how long, and that leaving closes the connection."""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager
from functools import partial
from pathlib import Path

import pytest

from conversations.ollama.client import ChatRequest, OllamaClient
from conversations.ollama.errors import BadAnswer, OllamaStalled, OllamaUnavailable
from conversations.ollama.transport import Timeouts
from tests.scripted_ollama import ScriptedOllama, done, headers, hold, load, model, pause, tokens
from tests.scripted_ollama.server import Server
from tests.site import wait_until

from .conftest import MODEL, QUESTION, read

SOON = 2
"""Seconds, far below every patience of the client; how soon exactly is the benchmark's to tell."""


@pytest.mark.wire(29)
async def test_first_byte_may_take_its_time_and_nothing_is_sent_twice(
    ollama: ScriptedOllama, client: OllamaClient
) -> None:
    ollama.models = [model(MODEL, loaded=False)]
    ollama.enqueue(hold("loading"), load(), hold("reading"), "Hi")
    question = asyncio.create_task(read(client))
    await asyncio.to_thread(ollama.wait_held, "loading")
    assert await client.ps() == []
    ollama.release("loading")
    await asyncio.to_thread(ollama.wait_held, "reading")
    assert [loaded.name for loaded in await client.ps()] == [MODEL]
    assert not question.done()
    ollama.release("reading")
    assert (await question).text == "Hi"
    assert len(ollama.chats) == 1


@pytest.mark.wire(29)
@pytest.mark.parametrize("early", [[], [headers()]], ids=["no headers", "headers"])
async def test_silence_before_the_first_byte_ends_after_its_own_time(
    ollama: ScriptedOllama, early: list[dict[str, bool]]
) -> None:
    ollama.enqueue(*early, hold())
    async with OllamaClient(ollama.base_url, timeouts=Timeouts(first_byte=0.05)) as client:
        stalled = (await read(client)).error
    assert isinstance(stalled, OllamaStalled)
    assert (stalled.phase, stalled.seconds) == ("first_byte", 0.05)
    assert (await asyncio.to_thread(ollama.wait_closed)).closed_by_client


@pytest.mark.wire(30)
async def test_silence_within_an_answer_ends_after_its_own_time_and_keeps_the_text(
    ollama: ScriptedOllama,
) -> None:
    ollama.enqueue(pause(0.1), "kept", hold())
    async with OllamaClient(ollama.base_url, timeouts=Timeouts(stall=0.05)) as client:
        reply = await read(client)
    assert isinstance(reply.error, OllamaStalled)
    assert (reply.text, reply.error.phase) == ("kept", "streaming")
    assert (await asyncio.to_thread(ollama.wait_closed)).closed_by_client


@pytest.mark.wire(6, 30)
@pytest.mark.parametrize("piece", ["x", ""])
async def test_pauses_shorter_than_the_limit_are_no_silence_however_many(
    ollama: ScriptedOllama, piece: str
) -> None:
    ollama.enqueue(*[piece, pause(0.25)] * 5, "end")
    async with OllamaClient(ollama.base_url, timeouts=Timeouts(stall=1)) as client:
        assert (await read(client)).text == piece * 5 + "end"


async def test_slow_consumer_is_no_silence(ollama: ScriptedOllama) -> None:
    ollama.enqueue("a", "b")
    patience = Timeouts(stall=0.15)
    async with (
        OllamaClient(ollama.base_url, timeouts=patience) as client,
        aclosing(client.chat(QUESTION)) as answer,
    ):
        async for _ in answer:
            await asyncio.sleep(0.2)  # longer than the patience with a silent server, which this one is not


async def test_short_requests_do_not_wait_for_long(ollama: ScriptedOllama) -> None:
    async with OllamaClient(ollama.base_url, timeouts=Timeouts(short=0.05, connect=1)) as client:
        for path in ["/api/version", "/api/tags", "/api/ps"]:
            ollama.enqueue(hold(), path=path)
        ollama.enqueue(*[b" ", pause(0.03)] * 100, path="/api/show")
        asks: list[Callable[[], Awaitable[object]]] = [
            client.version,
            client.tags,
            client.ps,
            partial(client.show, MODEL),
        ]
        for ask in asks:
            with pytest.raises(OllamaStalled):
                await ask()


@contextmanager
def deaf_server(*, accepting: bool) -> Iterator[str]:
    """An address where nobody reads; connections come about (`accepting`) or wait for ever."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        fillers = []
        for _ in range(0 if accepting else 4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(address)
            fillers.append(filler)
        try:
            yield f"http://127.0.0.1:{address[1]}"
        finally:
            for filler in fillers:
                filler.close()


@pytest.mark.wire(43)
async def test_connection_that_does_not_come_about_is_nobody_there() -> None:
    with deaf_server(accepting=False) as address:
        async with OllamaClient(address, timeouts=Timeouts(connect=0.1)) as client:
            failure = (await read(client)).error
    assert isinstance(failure, OllamaUnavailable)
    assert failure.kind == "timeout"


async def test_server_that_does_not_take_the_question_is_told() -> None:
    request = ChatRequest(MODEL, [{"role": "user", "content": "x" * 20_000_000}])
    with deaf_server(accepting=True) as address:
        async with OllamaClient(address, timeouts=Timeouts(write=0.2)) as client:
            failure = (await read(client, request)).error
    assert isinstance(failure, OllamaStalled)
    assert failure.phase == "sending"


@pytest.mark.wire(29, 30, 31)
@pytest.mark.parametrize(
    "script", [[hold()], [headers(), hold()], ["text", hold()]], ids=["before", "headers", "in"]
)
async def test_cancelling_the_reader_closes_the_connection_at_once(
    ollama: ScriptedOllama, client: OllamaClient, script: list[str | dict[str, str]]
) -> None:
    ollama.enqueue(*script)
    question = asyncio.create_task(read(client))
    await asyncio.to_thread(ollama.wait_held)
    stopped = time.monotonic()
    question.cancel()
    with pytest.raises(asyncio.CancelledError):
        await question
    chat = await asyncio.to_thread(ollama.wait_closed)
    assert chat.closed_by_client
    assert chat.closed
    assert chat.closed - stopped < SOON


async def test_cancelling_between_two_tokens_of_a_fast_answer_closes_the_connection(
    ollama: ScriptedOllama, client: OllamaClient
) -> None:
    ollama.enqueue(tokens(1_000_000, rate=5000))
    question = asyncio.create_task(read(client))
    chat = await asyncio.to_thread(ollama.wait_chat)
    await asyncio.to_thread(ollama.wait_for, lambda: chat.lines > 100)
    question.cancel()
    await asyncio.to_thread(ollama.wait_closed)
    assert chat.closed_by_client


@pytest.mark.wire(31)
async def test_leaving_in_the_middle_closes_the_connection(
    ollama: ScriptedOllama, client: OllamaClient
) -> None:
    ollama.enqueue("a", hold())
    async with aclosing(client.chat(QUESTION)) as answer:
        assert (await anext(answer)).text == "a"
    assert (await asyncio.to_thread(ollama.wait_closed)).closed_by_client


@pytest.mark.wire(31)
async def test_closing_after_the_end_is_harmless(ollama: ScriptedOllama, client: OllamaClient) -> None:
    ollama.enqueue("a", done(), hold())
    async with aclosing(client.chat(QUESTION)) as answer:
        assert [chunk.done async for chunk in answer] == [False, True]
    # The end of the answer is its final line; the client does not wait for the server to close.
    assert (await asyncio.to_thread(ollama.wait_closed)).closed_by_client


async def test_cancelling_while_connecting_returns_at_once() -> None:
    with deaf_server(accepting=False) as address:
        async with OllamaClient(address) as client:
            question = asyncio.create_task(read(client))
            await asyncio.sleep(0.05)  # nobody answers, so nothing tells that connecting has begun
            stopped = time.monotonic()
            question.cancel()
            with pytest.raises(asyncio.CancelledError):
                await question
            assert time.monotonic() - stopped < SOON


def open_files() -> int:
    """Descriptors of this process, sockets among them, where the system tells; else always 0."""
    listing = Path("/proc/self/fd")
    return len(list(listing.iterdir())) if listing.exists() else 0


@pytest.mark.wire(31)
async def test_many_cancels_even_doubled_leave_nothing_open(
    ollama: ScriptedOllama, client: OllamaClient
) -> None:
    await read(client)
    before = open_files()
    for number in range(30):
        ollama.enqueue(*["text"] * (number % 2), hold())
        question = asyncio.create_task(read(client))
        await asyncio.to_thread(ollama.wait_chat, number + 2)
        question.cancel()
        await asyncio.sleep(0)  # one turn, in which the first one begins to take effect
        question.cancel()
        await asyncio.wait([question])
    await asyncio.to_thread(ollama.wait_for, lambda: ollama.open_connections == 0)
    # A connection that is only half closed would still hold its descriptor; the loop closes the last one in its turn.
    await asyncio.to_thread(wait_until, lambda: open_files() <= before)
    assert (await read(client)).done


async def test_no_hidden_limit_of_connections(ollama: ScriptedOllama, client: OllamaClient) -> None:
    ollama.always("a", hold())
    questions = [asyncio.create_task(read(client)) for _ in range(150)]
    await asyncio.to_thread(ollama.wait_for, lambda: sum(chat.lines for chat in ollama.chats) == 150)
    ollama.release(count=150)
    assert {(await question).text for question in questions} == {"a"}


@pytest.mark.wire(44)
async def test_connection_closed_by_the_server_between_requests_does_no_harm(
    ollama: ScriptedOllama, client: OllamaClient
) -> None:
    for _ in range(3):
        ollama.enqueue("a", framing="close")
        assert (await read(client)).text == "a"
    # No connection is kept, so none can be met that has just been closed.
    assert [chat.headers["connection"] for chat in ollama.chats] == ["close"] * 3


@pytest.mark.wire(43)
@pytest.mark.parametrize("base", ["", "/", "/ollama", "/ollama/"])
async def test_path_of_the_address_is_a_prefix(ollama: ScriptedOllama, base: str) -> None:
    path = base.rstrip("/") + "/api/chat"
    ollama.enqueue("found", path=path)
    async with OllamaClient(ollama.base_url + base) as client:
        assert (await read(client)).text == "found"
    assert [request.path for request in ollama.requests] == [path]


@pytest.mark.wire(43)
async def test_address_of_ipv6_works() -> None:
    server = Server()
    try:
        await server.start("::1")
    except OSError:
        pytest.skip("this machine has no IPv6")
    async with OllamaClient(f"http://[::1]:{server.port}") as client:
        assert await client.version() == "0.33.0"
    await server.stop()


async def test_key_goes_out_as_bearer_token(ollama: ScriptedOllama) -> None:
    async with OllamaClient(ollama.base_url, "the-key") as client:
        await client.version()
    assert ollama.requests[0].headers["authorization"] == "Bearer the-key"


@pytest.mark.wire(24)
async def test_move_within_the_origin_is_followed_with_the_question(ollama: ScriptedOllama) -> None:
    ollama.enqueue(status=307, headers={"Location": "/clean/api/chat"}, framing="length")
    ollama.enqueue("found", path="/clean/api/chat")
    async with OllamaClient(ollama.base_url, "the-key") as client:
        assert (await read(client)).text == "found"
    first, second = ollama.requests
    assert first.body == second.body
    assert second.headers["authorization"] == "Bearer the-key"


@pytest.mark.wire(24)
async def test_endless_moves_are_not_followed(ollama: ScriptedOllama, client: OllamaClient) -> None:
    ollama.always(status=307, headers={"Location": "/api/chat"}, framing="length")
    assert isinstance((await read(client)).error, BadAnswer)
    assert len(ollama.chats) == 2


@pytest.mark.wire(24)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_question_and_key_never_follow_to_another_origin(ollama: ScriptedOllama, status: int) -> None:
    with ScriptedOllama() as other:
        target = f"{other.base_url}/api/chat"
        ollama.enqueue(status=status, headers={"Location": target}, framing="length")
        async with OllamaClient(ollama.base_url, "the-key") as client:
            failure = (await read(client)).error
        assert other.requests == []
    assert isinstance(failure, BadAnswer)
    assert target in str(failure)


async def test_proxies_of_the_environment_are_not_used(
    ollama: ScriptedOllama, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ["http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"]:
        monkeypatch.setenv(name, "socks5://127.0.0.1:1")
    async with OllamaClient(ollama.base_url) as client:
        assert (await read(client)).done


async def test_client_works_again_after_it_was_closed(ollama: ScriptedOllama, client: OllamaClient) -> None:
    await client.version()
    await client.aclose()
    assert await client.version() == "0.33.0"


def test_client_belongs_to_one_event_loop(ollama: ScriptedOllama) -> None:
    client = OllamaClient(ollama.base_url)
    with asyncio.Runner() as first:
        first.run(client.version())
        with asyncio.Runner() as second, pytest.raises(RuntimeError, match="event loop"):
            second.run(client.version())
        first.run(client.aclose())
