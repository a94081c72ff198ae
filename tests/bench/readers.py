"""Readers of streams, a process of their own: of the site's sockets and events, of a bare consumer's, of a relay's
events, and of the scripted Ollama itself through the site's client.

The plan: `kind` (site, api, bare, relay, direct), `targets` (url, headers), `delays` (seconds from the start to each
question), `count` (tokens that an answer has). What they saw is one JSON object: see `summary`.
"""

import asyncio
import contextlib
import json
import re
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import msgspec
from websockets.asyncio.client import ClientConnection, connect

from conversations.ollama.client import ChatRequest, OllamaClient

STAMP = re.compile(rb"(\d{8}) ")
TOKEN_CHARS = 9
# As the page does.
ACK_SECONDS = 0.9
ACK_CHARS = 32_768
AT_ONCE = 20
WRAP = 10**8
SECONDS = 150


class Frame(msgspec.Struct):
    """What of a frame the reader looks at."""

    type: str
    generation: str = ""
    at: tuple[int, int] = (0, 0)
    end: tuple[int, int] = (0, 0)
    status: str = ""
    reason: str = ""
    code: str = ""


class Event(msgspec.Struct):
    """What of the API's events the reader looks at."""

    done: bool
    token: str = ""
    thinking: str = ""
    status: str = ""
    error: dict[str, str] = {}


@dataclass
class Stream:
    """One answer as its reader saw it; ages in 0.1 ms, times in seconds."""

    ages: list[int] = field(default_factory=list)
    asked: float = 0
    first: float = 0
    ended: float = 0
    frames: int = 0
    frame_bytes: int = 0
    end: int = 0
    status: str = "unfinished"
    broken: str = ""

    def take(self, raw: bytes) -> None:
        """Note the ages of the tokens in `raw`."""
        now = time.monotonic()
        self.first = self.first or now
        self.frames += 1
        self.frame_bytes += len(raw)
        stamp = int(now * 10_000) % WRAP
        self.ages += [(stamp - int(found)) % WRAP for found in STAMP.findall(raw)]


DECODE = msgspec.json.Decoder(Frame).decode
DECODE_EVENT = msgspec.json.Decoder(Event).decode


async def read_site(socket: ClientConnection, stream: Stream) -> None:
    """Ask the site and read until the answer has ended."""
    await socket.send(json.dumps({"type": "message.send", "client_id": "bench", "text": "go"}))
    acked, acked_end = time.monotonic(), 0
    while stream.status == "unfinished":
        raw = await socket.recv(decode=False)
        frame = DECODE(raw)
        if frame.type == "generation.delta":
            stream.take(raw)
            if frame.at[0] != stream.end:
                stream.broken = f"a frame begins at {frame.at[0]} after {stream.end}"
            stream.end = frame.end[0]
            if time.monotonic() - acked > ACK_SECONDS or stream.end - acked_end > ACK_CHARS:
                acked, acked_end = time.monotonic(), stream.end
                await socket.send(
                    json.dumps({"type": "ack", "generation": frame.generation, "end": frame.end})
                )
        elif frame.type == "generation.finished":
            stream.status = frame.status
        elif frame.type == "error":
            stream.status = f"error {frame.code}"


async def read_api(target: dict[str, Any], stream: Stream) -> None:
    """Ask the site as a program does, and read its events until the answer has ended."""
    parts = urlsplit(target["url"])
    body = json.dumps({"prompt": "go"})
    sent = {"Host": parts.netloc, "Content-Type": "application/json", "Content-Length": len(body)}
    head = "".join(f"{name}: {value}\r\n" for name, value in (sent | target["headers"]).items())
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        writer.write(f"POST {parts.path} HTTP/1.1\r\n{head}\r\n{body}".encode())
        answer = await reader.readuntil(b"\r\n\r\n")
        if not answer.startswith(b"HTTP/1.1 200 "):
            raise RuntimeError(f"{answer.splitlines()[0]!r} {await reader.read(500)!r}")
        async for raw in events(reader):
            take_event(raw, stream)
    finally:
        writer.close()


async def events(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Take the events out of the chunks of an answer's body."""
    left = b""
    while size := int(await reader.readline(), 16):
        *whole, left = (left + (await reader.readexactly(size + 2))[:-2]).split(b"\n\n")
        for raw in whole:
            yield raw


def take_event(raw: bytes, stream: Stream) -> None:
    """Note an event, and what is wrong with its place in the answer."""
    fields = dict(line.split(b": ", 1) for line in raw.split(b"\n") if not line.startswith(b":"))
    if b"data" not in fields:
        return
    event = DECODE_EVENT(fields[b"data"])
    if stream.status != "unfinished":
        stream.broken = "an event after the last one"
    elif event.done:
        stream.status = f"error {event.error['code']}" if event.error else event.status
    if event.token:
        stream.take(raw + b"\n\n")
    if b"id" in fields:
        end = stream.end + len(event.token)
        if fields[b"id"] != f"{end}:0".encode():
            stream.broken = (
                f"an event with {len(event.token)} characters after {stream.end} has {fields[b'id']!r}"
            )
        stream.end = end


async def read_bare(socket: ClientConnection, stream: Stream) -> None:
    """Ask a consumer that sends a token a frame."""
    await socket.send("go")
    while (raw := await socket.recv(decode=False)) != b"end":
        stream.take(raw)
    stream.status = "completed"


async def read_relay(url: str, stream: Stream) -> None:
    """Ask a relay that sends a token an event."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        writer.write(
            f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n".encode()
        )
        while raw := await reader.readline():
            if raw.startswith(b"data: end"):
                stream.status = "completed"
            elif raw.startswith(b"data: "):
                stream.take(raw)
    finally:
        writer.close()


async def read_direct(client: OllamaClient, stream: Stream) -> None:
    """Read the scripted Ollama as the site does, and nothing else."""
    request = ChatRequest("internlm2:1.8b", [{"role": "user", "content": "go"}])
    async with contextlib.aclosing(client.chat(request)) as chunks:
        async for chunk in chunks:
            if chunk.text:
                stream.take(chunk.text.encode())
            if chunk.done:
                stream.status = "completed"


@contextlib.asynccontextmanager
async def opened(plan: dict[str, Any]) -> AsyncIterator[list[Any]]:
    """What each target is read from, ready for the question."""
    async with contextlib.AsyncExitStack() as stack:
        if plan["kind"] == "direct":
            client = await stack.enter_async_context(OllamaClient(plan["targets"][0]["url"]))
            yield [client] * len(plan["targets"])
        elif plan["kind"] == "relay":
            yield [target["url"] for target in plan["targets"]]
        elif plan["kind"] == "api":
            yield plan["targets"]
        else:
            gate = asyncio.Semaphore(AT_ONCE)
            sockets = await asyncio.gather(*(joined(target, gate) for target in plan["targets"]))
            for socket in sockets:
                stack.push_async_callback(leave, socket)
            yield sockets


async def joined(target: dict[str, Any], gate: asyncio.Semaphore) -> ClientConnection:
    """A socket on which everything that comes first has come."""
    async with gate:
        headers = target.get("headers", {})
        socket = await connect(
            target["url"],
            additional_headers=headers,
            proxy=None,
            compression=None,
            ping_interval=None,
            open_timeout=60,
            close_timeout=1,
        )
        if headers:
            await socket.recv()
        return socket


async def leave(socket: ClientConnection) -> None:
    """Go without waiting for a good-bye."""
    socket.transport.abort()


READ: dict[str, Callable[[Any, Stream], Awaitable[None]]] = {
    "site": read_site,
    "api": read_api,
    "bare": read_bare,
    "relay": read_relay,
    "direct": read_direct,
}


async def read_one(kind: str, source: Any, delay: float) -> Stream:
    """One question and its answer."""
    stream = Stream()
    await asyncio.sleep(delay)  # the load: when each question is asked
    stream.asked = time.monotonic()
    try:
        async with asyncio.timeout(SECONDS):
            await READ[kind](source, stream)
    except Exception as error:  # noqa: BLE001 - a reader that fails is one of the figures
        stream.broken = f"{type(error).__name__}: {error}"
    stream.ended = time.monotonic()
    return stream


def percentile(values: list[Any], share: float) -> Any:
    """The value below which that share lies; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0


def summary(streams: list[Stream], count: int) -> dict[str, Any]:
    """What all readers saw; milliseconds and bytes."""
    ages = [age for stream in streams for age in stream.ages]
    firsts = [(stream.first - stream.asked) * 1000 for stream in streams if stream.first]
    frames = sum(stream.frames for stream in streams)
    seconds = [max(0.001, stream.ended - stream.first) for stream in streams]
    return {
        "streams": len(streams),
        "tokens": len(ages),
        "lost": sum(abs(count - len(stream.ages)) for stream in streams),
        "failed": sum(stream.status != "completed" for stream in streams),
        "states": dict(Counter(stream.status for stream in streams)),
        "broken": sorted({stream.broken for stream in streams if stream.broken})[:5],
        "age_ms": {f"p{share:g}": percentile(ages, share / 100) / 10 for share in (50, 90, 99, 99.9, 100)},
        "first_ms": {f"p{share:g}": round(percentile(firsts, share / 100), 1) for share in (50, 90, 99, 100)},
        "frames": frames,
        "bytes_per_frame": round(sum(stream.frame_bytes for stream in streams) / max(1, frames), 1),
        "bytes_per_token": round(sum(stream.frame_bytes for stream in streams) / max(1, len(ages)), 2),
        "frames_per_s": round(
            max(stream.frames / took for stream, took in zip(streams, seconds, strict=True)), 1
        ),
        "last_first_s": round(
            max(stream.first for stream in streams) - min(stream.asked for stream in streams), 3
        ),
    }


async def main() -> None:
    """Prepare, wait for the word, read, tell."""
    plan = json.loads(await asyncio.to_thread(sys.stdin.readline))
    async with opened(plan) as sources:
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        before = time.process_time()
        pairs = zip(sources, plan["delays"], strict=True)
        streams = await asyncio.gather(*(read_one(plan["kind"], source, delay) for source, delay in pairs))
        result = summary(streams, plan["count"]) | {"cpu_s": time.process_time() - before}
        print(json.dumps(result), flush=True)
        await asyncio.to_thread(sys.stdin.readline)


if __name__ == "__main__":
    asyncio.run(main())
