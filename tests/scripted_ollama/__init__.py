"""A scripted Ollama: a real HTTP server whose answers are written down beforehand, in one line each.

    with ScriptedOllama() as ollama:
        ollama.enqueue("Hel", hold(), "lo")
        ...                                  # ask http at ollama.base_url
        ollama.wait_held()
        ollama.release()

It runs in a thread of its own, so synchronous tests and other event loops may use it; all methods are
thread-safe. The waiting ones block, so asynchronous tests call them by `await asyncio.to_thread(…)`. Without
a script it answers like a small Ollama: the text is then `Echo: <question> 答案`. As a process: `python -m
tests.scripted_ollama`, steered by `POST /_script` (the fields of Script, and `always`), `POST /_release`,
`POST /_models` and `GET /_log`.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any, Self, TypeVar

from tests import patience

from .answers import json_error, model
from .script import (
    Piece,
    Script,
    cut,
    done,
    error,
    headers,
    hold,
    line,
    load,
    paced,
    pause,
    reset,
    stamped,
    thinking,
    tokens,
)
from .server import Exchange, Server

__all__ = [
    "Exchange",
    "Piece",
    "Script",
    "ScriptedOllama",
    "cut",
    "done",
    "error",
    "headers",
    "hold",
    "json_error",
    "line",
    "load",
    "model",
    "paced",
    "pause",
    "reset",
    "stamped",
    "thinking",
    "tokens",
]

T = TypeVar("T")

# How often a condition is looked at which nothing announces, such as the number of lines written.
_LOOK_AGAIN = 0.01


class ScriptedOllama:
    """The server in a thread. Use it as a context manager."""

    def __init__(self, port: int = 0) -> None:
        self._port = port
        self._condition = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._server = Server(self._announce)
        self._thread = threading.Thread(target=self._loop.run_forever, name="scripted-ollama", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._server.start(port=self._port))
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._server.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def port(self) -> int:
        """Where it listens, on 127.0.0.1."""
        return self._server.port

    @property
    def base_url(self) -> str:
        """The address for OLLAMA_BASE_URL."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def models(self) -> list[dict[str, Any]]:
        """The installed models; see `model()`. Plain names may be given."""
        return self._server.models

    @models.setter
    def models(self, models: list[dict[str, Any] | str]) -> None:
        self._server.models = [model(entry) if isinstance(entry, str) else entry for entry in models]

    @property
    def requests(self) -> list[Exchange]:
        """All requests so far."""
        return list(self._server.log)

    @property
    def chats(self) -> list[Exchange]:
        """The requests to `/api/chat` so far."""
        return [entry for entry in self._server.log if entry.path == "/api/chat"]

    @property
    def open_connections(self) -> int:
        """TCP connections open now."""
        return self._server.open_connections

    def enqueue(self, *pieces: Piece, **fields: Any) -> None:
        """Answer the next request to `path` (default `/api/chat`) with these pieces; fields as those of
        Script."""
        self.play(Script(list(pieces), **fields))

    def always(self, *pieces: Piece, **fields: Any) -> None:
        """Answer every request to `path` like this that no queued script is there for."""
        self.play(Script(list(pieces), **fields), always=True)

    def play(self, script: Script, *, always: bool = False) -> None:
        """Queue a script that is made already, such as `json_error(…)`."""
        self._call(lambda: self._server.enqueue(script, always=always))

    def release(self, name: str = "", count: int = 1) -> None:
        """Let `count` holds of this name pass, those to come included."""
        self._call(lambda: self._server.release(name, count))

    def give_up(self) -> None:
        """Forget the scripts that nobody has asked for, and let pass what waits at a hold.

        So what a test has left behind that failed half-way keeps nobody else waiting.
        """
        self._call(self._server.give_up)

    def wait_for(self, ready: Callable[[], T | None], timeout: float = patience.SECONDS) -> T:
        """What `ready()` returns as soon as that is true. Raises AssertionError after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        with self._condition:
            while not (found := ready()):
                if time.monotonic() > deadline:
                    raise AssertionError(f"did not happen in {timeout} s; log: {self._server.log}")
                self._condition.wait(_LOOK_AGAIN)
        return found

    def wait_chat(self, number: int = 1, timeout: float = patience.SECONDS) -> Exchange:
        """The `number`-th request to `/api/chat`, once it has come."""
        self.wait_for(lambda: len(self.chats) >= number, timeout)
        return self.chats[number - 1]

    def wait_closed(self, number: int = 1, timeout: float = patience.SECONDS) -> Exchange:
        """The `number`-th chat, once it is over, by whichever side."""
        chat = self.wait_chat(number, timeout)
        self.wait_for(lambda: chat.closed, timeout)
        return chat

    def wait_held(self, name: str = "", timeout: float = patience.SECONDS) -> Exchange:
        """A request that waits at the hold of this name."""
        return self.wait_for(
            lambda: next((entry for entry in self._server.log if entry.held == name), None), timeout
        )

    def _announce(self) -> None:
        with self._condition:
            self._condition.notify_all()

    def _call(self, action: Callable[[], None]) -> None:
        async def run() -> None:
            action()

        self._run(run())

    def _run(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=patience.SECONDS)
