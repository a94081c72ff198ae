"""The embedded model's HTTP side alone, before an engine of the test: what must hold at moments that a real
model cannot be held in."""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, cast

import pytest

pytest.importorskip("aiohttp", reason="the embedded model's packages are missing: run `make test`")

from aiohttp import web

from conversations.ollama.embedded.engine import Engine, Piece
from conversations.ollama.embedded.model import NAME, ModelFile
from conversations.ollama.embedded.web import Service

FINAL = {
    "stop_type": "eos",
    "tokens_evaluated": 1,
    "tokens_predicted": 2,
    "timings": {"prompt_ms": 1, "predicted_ms": 1},
}
QUESTION = json.dumps({"model": NAME, "messages": [{"role": "user", "content": "Hello"}]}).encode()
REQUEST = b"POST /api/chat HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(QUESTION), QUESTION)


class EngineWhoseClientLeaves:
    """Writes one piece, and the next one (or its end) in the moment in which the client's connection is
    known to be closing and the handler is not yet cancelled."""

    def __init__(self, leaves_before_the_end: bool) -> None:
        self.leaves_before_the_end = leaves_before_the_end
        self.connection: asyncio.BaseTransport | None = None
        self.reached = False

    async def tokenize(self, text: str, special: bool = False) -> list[int]:
        return [len(text)] if special else [1]

    async def complete(self, _prompt: list[int], _parameters: dict[str, Any]) -> AsyncGenerator[Piece, None]:
        yield Piece("Hello")
        if not self.leaves_before_the_end:
            yield Piece(" you", FINAL)
        assert self.connection is not None
        while not self.connection.is_closing():  # noqa: ASYNC110  the state lasts one turn of the loop
            await asyncio.sleep(0)  # one turn
        self.reached = True
        if self.leaves_before_the_end:
            yield Piece(" you", FINAL)


@pytest.mark.parametrize("leaves_before_the_end", [True, False])
async def test_a_client_that_leaves_at_the_end_of_its_answer_is_no_error(leaves_before_the_end, caplog):
    engine = EngineWhoseClientLeaves(leaves_before_the_end)
    service = Service(cast("Engine", engine))
    service.ready.set_result(cast("ModelFile", Path()))

    async def remember(request: web.Request, _response: web.StreamResponse) -> None:
        engine.connection = request.transport

    application = service.application()
    application.on_response_prepare.append(remember)
    runner = web.AppRunner(application, handler_cancellation=True, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        reader, writer = await asyncio.open_connection(*runner.addresses[0])
        writer.write(REQUEST)
        with caplog.at_level(logging.INFO):
            await reader.readuntil(b"Hello" if leaves_before_the_end else b'"done":true')
            writer.close()
            await writer.wait_closed()
            async with asyncio.timeout(10):
                while runner.server and runner.server.connections:  # noqa: ASYNC110  aiohttp has no event for it
                    await asyncio.sleep(0.01)  # between two looks at it
    finally:
        await runner.cleanup()
    assert engine.reached
    assert [record.getMessage() for record in caplog.records] == []
