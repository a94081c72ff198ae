"""Reading at the pace of frames: the same text as without it."""

import asyncio
from contextlib import aclosing, suppress

from conversations.generation.clocks import FrameClock
from conversations.ollama.client import ChatRequest, OllamaClient
from tests.scripted_ollama import ScriptedOllama, tokens

FLOOD = 25_000


async def read_paced(client: OllamaClient, clock: FrameClock) -> tuple[int, str]:
    """Return how many lines came, and their text."""
    count, text = 0, ""
    async with aclosing(client.chat(ChatRequest("internlm2:1.8b", []), clock.tick)) as chunks:
        async for chunk in chunks:
            count += 1
            text += chunk.text
    return count, text


async def test_a_flood_arrives_whole_where_its_connection_rests_between_frames() -> None:
    """So much at once that aiohttp stops to parse, with the end of the connection behind it."""
    clock, running = FrameClock({}), asyncio.Event()
    running.set()
    ticking = asyncio.create_task(clock.run(running))
    with ScriptedOllama() as ollama:
        ollama.always(tokens(FLOOD, 0, ""), "found")
        async with OllamaClient(ollama.base_url) as client:
            answers = [await read_paced(client, clock) for _ in range(2)]
    ticking.cancel()
    with suppress(asyncio.CancelledError):
        await ticking
    assert answers == [(FLOOD + 2, "found")] * 2
