"""The engine: llama.cpp's server inside this process (package `xllamacpp`), reached over its own loopback
HTTP.

That HTTP (https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md) is used instead of the
package's Python calls for two reasons: only it can tokenise without parsing special tokens, and a generation
ends when its connection is closed, also while the prompt is being read. A random key keeps other users of the
machine out of it.
"""

import asyncio
import json
import os
import secrets
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp

from .errors import ApiError
from .model import CONTEXT_LENGTH

SLOTS = 4
"""Answers written side by side; further questions wait for their turn."""

_BATCH = 64
"""Prompt tokens between two looks at whether the client is still there, about 0.4 s. Measured with 512: the
processor stayed busy for up to 2.5 s after the client had gone, and reading was only a tenth faster."""

_MAX_THREADS = 8
_LONGEST_EVENT = 2**20
_WANTED = ["content", "stop", "stop_type", "timings", "tokens_evaluated", "tokens_predicted"]


class Piece(NamedTuple):
    """A part of an answer; `final` (llama.cpp's counts and timings) comes with the last one."""

    text: str
    final: dict[str, Any] | None = None


class EngineError(ApiError):
    """llama.cpp refused or broke; the text is its own."""


class Engine:
    """One loaded model. `load()` first; `close()` at the end."""

    def __init__(self) -> None:
        self._server: Any = None
        self._http: aiohttp.ClientSession | None = None

    async def load(self, path: Path) -> None:
        """Loads the model file in a thread (0.7 s). Raises RuntimeError when the engine refuses it."""
        key = secrets.token_urlsafe()
        self._server = await asyncio.to_thread(_start_server, path, key)
        self._http = aiohttp.ClientSession(
            self._server.listening_address,
            headers={"Authorization": f"Bearer {key}"},
            # llama.cpp closes idle connections after 5 s; a request on one that is just closing would fail.
            connector=aiohttp.TCPConnector(limit=0, force_close=True),
            timeout=aiohttp.ClientTimeout(total=None),
            read_bufsize=_LONGEST_EVENT,
        )

    async def close(self) -> None:
        """Gives back the connections; the engine itself ends with the process."""
        if self._http is not None:
            await self._http.close()

    async def tokenize(self, text: str, *, special: bool = False) -> list[int]:
        """The tokens of `text`; only with `special` do marks such as `<|im_end|>` become their own tokens."""
        asked = {"content": text, "add_special": False, "parse_special": special}
        async with self._session.post("/tokenize", json=asked) as response:
            await _raise_for_error(response)
            return (await response.json())["tokens"]

    async def complete(self, prompt: list[int], parameters: dict[str, Any]) -> AsyncGenerator[Piece, None]:
        """Writes an answer to `prompt`. Closing the iterator ends the generation. Raises EngineError.

        Asking for progress makes llama.cpp produce an event per batch of the prompt, and only between two
        events does it notice a closed connection; else it looks once a second.
        """
        asked = {
            "prompt": prompt, "stream": True, "return_progress": True, "response_fields": _WANTED,
        } | parameters  # fmt: skip
        try:
            async with self._session.post("/completion", json=asked) as response:
                await _raise_for_error(response)
                done = False
                async for event in _events(response):
                    done = event.get("stop", False)
                    yield Piece(event["content"], event if done else None)
        except aiohttp.ClientError as error:
            raise EngineError(500, f"an error was encountered while running the model: {error}") from error
        if not done:
            raise EngineError(500, "an error was encountered while running the model: the answer broke off")

    @property
    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            raise EngineError(500, "the model is not loaded")
        return self._http


def _start_server(path: Path, key: str) -> Any:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.api_keys = [key]
    params.n_parallel = SLOTS
    params.n_ctx = SLOTS * CONTEXT_LENGTH
    params.n_batch = params.n_ubatch = _BATCH
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = _threads()
    # The prompt cache beside the slots may grow to gigabytes, and reading a prompt again costs seconds at
    # most.
    params.cache_ram_mib = 0
    params.ui = False
    params.verbosity = 0
    return xllamacpp.Server(params)


def _threads() -> int:
    """One core stays free for the site and the browser, and not for their sake alone.

    llama.cpp's threads wait for each other by spinning, so with as many threads as cores any other load makes
    each wait for one that is not scheduled. Measured on two cores with other work on them: 1–8 tokens/s with
    two threads, 15–38 with one; two on an idle machine gave 75.
    """
    return max(1, min((os.cpu_count() or 1) - 1, _MAX_THREADS))


async def _events(response: aiohttp.ClientResponse) -> AsyncGenerator[dict[str, Any], None]:
    async for line in response.content:
        name, _, data = line.partition(b":")
        if name == b"error":
            raise EngineError(500, _error_text(data))
        if name == b"data":
            event = json.loads(data)
            if "error" in event:
                raise EngineError(500, _error_text(data))
            yield event


async def _raise_for_error(response: aiohttp.ClientResponse) -> None:
    if response.status != 200:
        raise EngineError(response.status, _error_text(await response.read()))


def _error_text(raw: bytes) -> str:
    try:
        error = json.loads(raw)
        return str(error.get("error", error)["message"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return raw.decode("utf-8", "replace")
