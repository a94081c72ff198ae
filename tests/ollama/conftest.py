"""What the tests of the client share: a scripted Ollama, a client of it, and reading an answer to its end."""

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from typing import NamedTuple

import pytest

from conversations.ollama.client import ChatRequest, OllamaClient
from conversations.ollama.errors import OllamaError
from conversations.ollama.transport import Pace
from conversations.ollama.wire import Chunk
from tests.scripted_ollama import ScriptedOllama

MODEL = "internlm2:1.8b"
QUESTION = ChatRequest(MODEL, [{"role": "user", "content": "Hello"}])


class Reply(NamedTuple):
    """An answer, read to its end: what came and what ended it."""

    chunks: list[Chunk]
    error: OllamaError | None

    @property
    def text(self) -> str:
        return "".join(chunk.text for chunk in self.chunks)

    @property
    def thinking(self) -> str:
        return "".join(chunk.thinking for chunk in self.chunks)

    @property
    def done(self) -> bool:
        return bool(self.chunks) and self.chunks[-1].done


async def read(client: OllamaClient, request: ChatRequest = QUESTION, pace: Pace | None = None) -> Reply:
    """Ask and read to the end; an error of the tree is part of the reply."""
    chunks: list[Chunk] = []
    try:
        async with aclosing(client.chat(request, pace)) as answer:
            async for chunk in answer:
                chunks.append(chunk)
    except OllamaError as error:
        return Reply(chunks, error)
    return Reply(chunks, None)


@pytest.fixture
def ollama() -> Iterator[ScriptedOllama]:
    with ScriptedOllama() as server:
        yield server


@pytest.fixture
async def client(ollama: ScriptedOllama) -> AsyncIterator[OllamaClient]:
    async with OllamaClient(ollama.base_url) as client:
        yield client
