"""Ollama's HTTP API (https://github.com/ollama/ollama/blob/main/docs/api.md) in front of the engine.

An answer is a JSON object per line, one write per line. Everything beyond ASCII is escaped, because clients
that split lines as Unicode does (the official Python one) would break at a raw U+0085 or U+2028. As with
Ollama nothing at all is sent before the first token, and a closed connection cancels the request wherever it
is: aiohttp cancels the handler's task, and the engine's connection is closed with it.
"""

import asyncio
import importlib.metadata
import json
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from . import requests
from .engine import SLOTS, Engine, EngineError, Piece
from .errors import ApiError
from .model import NAME, ModelFile, rfc3339
from .prompt import chat_tokens, cut_middle
from .requests import Question

MAX_BODY = 16 * 2**20

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_Lines = AsyncGenerator[dict[str, Any], None]
_Shape = Callable[[str], dict[str, Any]]
_DONE_REASONS = {"limit": "length"}


class Service:
    """The handlers and what they share: the engine, the model's description, and the turns to answer.

    `ready` is set by the starter once the engine has loaded; until then questions wait, as they do with
    Ollama.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._turns = asyncio.Semaphore(SLOTS)
        self.ready: asyncio.Future[ModelFile] = asyncio.get_running_loop().create_future()

    def application(self) -> web.Application:
        """The routes, with errors answered the way Ollama does."""
        app = web.Application(middlewares=[_answer_errors], client_max_size=MAX_BODY)
        app.router.add_get("/", _greet)
        app.router.add_get("/api/version", _version)
        app.router.add_get("/api/tags", self._tags)
        app.router.add_get("/api/ps", self._ps)
        app.router.add_post("/api/show", self._show)
        app.router.add_post("/api/chat", self._chat)
        app.router.add_post("/api/generate", self._generate)
        return app

    async def _tags(self, _request: web.Request) -> web.Response:
        return _json({"models": [(await self._model()).tag()]})

    async def _ps(self, _request: web.Request) -> web.Response:
        return _json({"models": [self.ready.result().running()] if self.ready.done() else []})

    async def _show(self, request: web.Request) -> web.Response:
        body = requests.read_body(await request.read())
        requests.known_model(body, missing=ApiError(400, "model is required"))
        return _json((await self._model()).show())

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        started = time.monotonic_ns()
        question = requests.chat_question(requests.read_body(await request.read()))
        return await self._respond(request, question, _chat_shape, started)

    async def _generate(self, request: web.Request) -> web.StreamResponse:
        started = time.monotonic_ns()
        question = requests.generate_question(requests.read_body(await request.read()))
        return await self._respond(request, question, _generate_shape, started)

    async def _respond(
        self, request: web.Request, question: Question, shape: _Shape, started: int
    ) -> web.StreamResponse:
        await self._model()
        if not (question.messages or question.raw):
            reason = "unload" if question.unload else "load"
            return _json(_line(shape("")) | {"done": True, "done_reason": reason})
        async with self._turns:
            loaded = time.monotonic_ns()
            lines = _lines(self._pieces(question), shape, started, loaded - started)
            async with aclosing(lines):
                return await (_stream(request, lines) if question.stream else _collect(lines, shape))

    async def _pieces(self, question: Question) -> AsyncGenerator[Piece, None]:
        if question.raw:
            prompt = cut_middle(await self._engine.tokenize(question.raw, special=True))
        else:
            prompt = await chat_tokens(question.messages, self._engine.tokenize)
        async with aclosing(self._engine.complete(prompt, question.parameters)) as pieces:
            async for piece in pieces:
                yield piece

    async def _model(self) -> ModelFile:
        # Shielded: a client that goes away while the model loads must not cancel the loading for the others.
        return await asyncio.shield(self.ready)


async def _lines(pieces: AsyncGenerator[Piece, None], shape: _Shape, started: int, load_ns: int) -> _Lines:
    """The objects of one answer, the last one with the counts. `started` is a monotonic time in
    nanoseconds."""
    async with aclosing(pieces):
        async for piece in pieces:
            if piece.final is not None:
                total = time.monotonic_ns() - started
                yield _line(shape(piece.text)) | _final(piece.final, total, load_ns)
            elif piece.text:
                yield _line(shape(piece.text))


async def _stream(request: web.Request, lines: _Lines) -> web.StreamResponse:
    first = await anext(lines)
    response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
    response.enable_chunked_encoding()
    # A client may leave between two writes, or with the last line in hand: nobody is there to be told.
    with suppress(ConnectionResetError):
        await response.prepare(request)
        await response.write(_encoded(first))
        try:
            async for line in lines:
                await response.write(_encoded(line))
        except EngineError as error:
            await response.write(_encoded({"error": str(error)}))
        await response.write_eof()
    return response


async def _collect(lines: _Lines, shape: _Shape) -> web.Response:
    texts, last = [], {}
    async for line in lines:
        texts.append(line["message"]["content"] if "message" in line else line["response"])
        last = line
    return _json(last | shape("".join(texts)))


def _chat_shape(text: str) -> dict[str, Any]:
    return {"message": {"role": "assistant", "content": text}}


def _generate_shape(text: str) -> dict[str, Any]:
    return {"response": text}


def _line(shaped: dict[str, Any]) -> dict[str, Any]:
    return {"model": NAME, "created_at": rfc3339(datetime.now(UTC)), **shaped, "done": False}


def _final(counts: dict[str, Any], total_ns: int, load_ns: int) -> dict[str, Any]:
    timings = counts["timings"]
    return {
        "done": True,
        "done_reason": _DONE_REASONS.get(counts["stop_type"], "stop"),
        "total_duration": total_ns,
        "load_duration": load_ns,
        "prompt_eval_count": counts["tokens_evaluated"],
        "prompt_eval_duration": round(timings["prompt_ms"] * 1e6),
        "eval_count": counts["tokens_predicted"],
        "eval_duration": round(timings["predicted_ms"] * 1e6),
    }


@web.middleware
async def _answer_errors(request: web.Request, handler: _Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except ApiError as error:
        return _json({"error": str(error)}, status=error.status)
    except web.HTTPNotFound:
        return web.Response(status=404, text="404 page not found")
    except web.HTTPMethodNotAllowed as error:
        allowed = ", ".join(sorted(error.allowed_methods))
        return web.Response(status=405, text="405 method not allowed", headers={"Allow": allowed})


async def _greet(_request: web.Request) -> web.Response:
    return web.Response(text="Ollama is running")


async def _version(_request: web.Request) -> web.Response:
    engine = importlib.metadata.version("xllamacpp")
    return _json({"version": f"0.0.0-embedded+{engine}"})


def _json(value: dict[str, Any], status: int = 200) -> web.Response:
    return web.json_response(value, status=status)


def _encoded(line: dict[str, Any]) -> bytes:
    return json.dumps(line, separators=(",", ":")).encode("ascii") + b"\n"
