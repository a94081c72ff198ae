"""The bytes of an answer over a real connection: cut anywhere, written in any way, and far too many of them."""

import asyncio
import json
import random
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conversations.ollama.client import OllamaClient
from conversations.ollama.errors import BadAnswer, EndlessAnswer
from conversations.ollama.transport import Bounds, Pace
from conversations.ollama.wire import Chunk, Stats
from tests.scripted_ollama import ScriptedOllama, done, hold, tokens

from .conftest import Reply, read

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n"
FEW = Bounds(lines=1000, bytes=200_000)


def line_of(content: bytes) -> bytes:
    """A line whose content is written exactly so."""
    return b'{"message":{"content":"%s"},"done":false}\n' % content


@pytest.mark.wire(8)
@pytest.mark.parametrize(
    "text", ["汉字，标点。", "👨‍👩‍👧 🇨🇳 ☺️", "e\u0301 a\u0308\u0323", "\u202eright\u2066to\u2069left"]
)
async def test_characters_cut_at_every_byte_arrive_exactly(
    ollama: ScriptedOllama, client: OllamaClient, text: str
) -> None:
    body = line_of(text.encode())
    ollama.enqueue(*[body[place : place + 1] for place in range(len(body))])
    assert (await read(client)).text == text


@pytest.mark.wire(9, 11, 12)
@pytest.mark.parametrize(
    ("written", "text"),
    [
        (rb"\u003cb\u003e \u0026 \u2028", "<b> & \u2028"),
        (rb"\ud83d\ude00", "😀"),
        (rb"a\u0000b", "a\ufffdb"),
        (rb"\ud83d", "\ufffd"),
        (rb"\ude00\ud83d x", "\ufffd\ufffd x"),
        (b"\xff\xe4\xb8 ok", "\ufffd\ufffd ok"),
    ],
)
async def test_escapes_and_bytes_that_are_no_text_come_out_storable(
    ollama: ScriptedOllama, client: OllamaClient, written: bytes, text: str
) -> None:
    ollama.enqueue(line_of(written), "!")
    reply = await read(client)
    assert (reply.text, reply.error) == (text + "!", None)
    reply.text.encode()


@pytest.mark.wire(33)
@pytest.mark.parametrize("size", [1_000_000, 7_999_000])
async def test_long_line_is_read_whole(ollama: ScriptedOllama, client: OllamaClient, size: int) -> None:
    ollama.enqueue("x" * size)
    reply = await read(client)
    assert (len(reply.text), reply.done) == (size, True)


@pytest.mark.wire(35)
async def test_deep_nesting_costs_an_error_and_no_crash(ollama: ScriptedOllama, client: OllamaClient) -> None:
    ollama.enqueue("kept", b'{"message":' * 10_000 + b"\n")
    reply = await read(client)
    assert (reply.text, type(reply.error)) == ("kept", BadAnswer)


@pytest.mark.wire(34, 38, 39)
async def test_odd_values_beside_the_text_cost_only_themselves(
    ollama: ScriptedOllama, client: OllamaClient
) -> None:
    odd = b'{"model":7,"created_at":"%s","message":{"content":"a"},"done":false,"eval_count":1e400}\n'
    times = [b"2026-08-21T10:00:00Z", b"2026-08-21T12:00:00.5+02:00", b"", b"long ago"]
    ollama.enqueue(
        *[odd % time for time in times], done(model="another:7b", remote_model="x", eval_duration=1.5)
    )
    reply = await read(client)
    assert (reply.text, reply.error) == ("aaaa", None)
    assert reply.chunks[-1].stats is not None
    assert reply.chunks[-1].stats.output_ns == 1


@pytest.mark.wire(37)
async def test_figures_may_be_missing_or_zero(ollama: ScriptedOllama, client: OllamaClient) -> None:
    ollama.enqueue("a", b'{"done":true,"eval_count":0,"eval_duration":0}\n', finish=False)
    last = (await read(client)).chunks[-1]
    assert last == Chunk(done=True, stats=Stats(output_tokens=0, output_ns=0))
    assert last.stats is not None
    assert last.stats.tokens_per_second is None


@pytest.mark.wire(32)
async def test_compression_that_nobody_can_undo_is_never_shown(
    ollama: ScriptedOllama, client: OllamaClient
) -> None:
    ollama.enqueue(random.Random(5).randbytes(500) + b"\n", headers={"Content-Encoding": "br"}, finish=False)
    reply = await read(client)
    assert (reply.text, type(reply.error)) == ("", BadAnswer)


@pytest.mark.wire(6, 14)
@pytest.mark.parametrize(
    "pieces",
    [
        [b"\n" * 2000],
        [b" \r\n" * 2000],
        [b'{"done":false}\n' * 2000],
        [tokens(2000, 0, "")],
        [b'{"message":{"content":"","tool_calls":[{}]}}\n' * 2000],
        [b'{"message":{"content":""},"padding":"%s"}\n' % (b"x" * 50_000)] * 5,
    ],
    ids=["blank", "blanks", "bare", "empty", "calls", "bytes"],
)
async def test_lines_without_text_and_without_end_are_left(
    ollama: ScriptedOllama, pieces: list[bytes]
) -> None:
    ollama.enqueue("kept", *pieces, hold())
    async with OllamaClient(ollama.base_url, bounds=FEW) as client:
        reply = await read(client)
    assert (reply.text, type(reply.error)) == ("kept", EndlessAnswer)
    assert (await asyncio.to_thread(ollama.wait_closed)).closed_by_client


@pytest.mark.wire(30)
async def test_answer_that_only_drips_ends_after_its_time(ollama: ScriptedOllama) -> None:
    ollama.enqueue(tokens(10**9, 1000, "x"))
    async with OllamaClient(ollama.base_url, bounds=Bounds(seconds=0.1)) as client:
        reply = await read(client)
    assert isinstance(reply.error, EndlessAnswer)
    assert set(reply.text) == {"x"}


# Any stream that is valid, cut into any pieces.

TRAPS = '\n\r\u0085\u2028\u2029\x1c字😀\u0301\ufeff"\\<&'
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0") | st.sampled_from(TRAPS), max_size=30)
LINES = st.lists(st.tuples(TEXT, TEXT), max_size=6)


@st.composite
def streams(draw: st.DrawFn) -> tuple[str, str, list[bytes]]:
    """Text, thinking, and the pieces that the bytes of an answer come in, its last line with or without text."""
    lines = draw(LINES)
    last = draw(st.just(("", "")) | st.tuples(TEXT, TEXT))
    end = draw(st.sampled_from([b"\n", b"\r\n", b"\n\n"]))
    body = b""
    for number, (text, thought) in enumerate([*lines, last]):
        message = {"role": "assistant", "content": text} | ({"thinking": thought} if thought else {})
        fields = {"message": message, "done": number == len(lines)}
        body += json.dumps(fields, ensure_ascii=draw(st.booleans())).encode() + end
    cuts = sorted(draw(st.sets(st.integers(0, len(body)), max_size=12)))
    pieces = [body[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    text, thinking = ("".join(entry[kind] for entry in [*lines, last]) for kind in (0, 1))
    return text, thinking, [piece for piece in pieces if piece]


async def rest(resume: Callable[[], None]) -> None:
    """Let the connection rest for a moment, as the site does between two frames."""
    await asyncio.sleep(0.001)  # what the site does
    resume()
    await asyncio.sleep(0)  # one turn of the loop, in which it reads on


@pytest.mark.wire(1, 2, 3, 8, 10, 13)
@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(stream=streams(), framing=st.sampled_from(["chunked", "close"]), pace=st.sampled_from([None, rest]))
def test_any_answer_cut_at_any_bytes_gives_the_same_text(
    ollama: ScriptedOllama, stream: tuple[str, str, list[bytes]], framing: str, pace: Pace | None
) -> None:
    text, thinking, pieces = stream
    ollama.enqueue(*pieces, framing=framing, finish=False)

    async def ask() -> Reply:
        async with OllamaClient(ollama.base_url) as client:
            return await read(client, pace=pace)

    reply = asyncio.run(ask())
    assert (reply.text, reply.thinking, reply.done, reply.error) == (text, thinking, True, None)
