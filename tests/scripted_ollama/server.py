"""The scripted Ollama as an asyncio server: it records each request and plays the next script for it."""

import asyncio
import json
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .answers import default_script, json_error, model
from .player import Player
from .script import Script

_MAX_HEAD = 65_536


@dataclass
class Exchange:
    """One request and how it went. Times are of `time.monotonic()`, in seconds; None where it did not happen
    (yet).

    `held` is the name of the hold that it waits at; `lines` counts the lines written; `closed_by_client` is
    true when the client was gone before the whole answer was written.
    """

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""
    opened: float = field(default_factory=time.monotonic)
    closed: float | None = None
    closed_by_client: bool = False
    held: str | None = None
    player: Player | None = None

    @property
    def json(self) -> Any:
        """The body as JSON; None if it is not."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def lines(self) -> int:
        """Lines of the answer written so far."""
        return self.player.lines if self.player else 0

    def as_json(self) -> dict[str, Any]:
        """For `GET /_log`."""
        plain = {name: value for name, value in vars(self).items() if name not in {"body", "player"}}
        return plain | {"json": self.json, "lines": self.lines}


class _Protocol(asyncio.StreamReaderProtocol):
    """Knows at once when the client leaves, also while nobody reads."""

    def __init__(self, serve: Callable[..., Any]) -> None:
        super().__init__(asyncio.StreamReader(limit=_MAX_HEAD), serve)
        self.left = asyncio.Event()
        self.left_at: float | None = None

    def eof_received(self) -> bool | None:
        self._leave()
        return super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()
        super().connection_lost(exc)

    def _leave(self) -> None:
        self.left_at = self.left_at or time.monotonic()
        self.left.set()


class Server:
    """All state lives in one event loop; `changed` is called there whenever the log changes."""

    def __init__(self, changed: Callable[[], None] = lambda: None) -> None:
        self.log: list[Exchange] = []
        self.models: list[dict[str, Any]] = [model("internlm2:1.8b")]
        self.port = 0
        self.open_connections = 0
        self._always: dict[str, Script] = {}
        self._scripts: dict[str, deque[Script]] = defaultdict(deque)
        self._permits: dict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(0))
        self._changed = changed
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; port 0 takes a free one, told by `self.port`."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Protocol(self._serve), host, port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close everything, running answers too."""
        if self._server:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def enqueue(self, script: Script, *, always: bool = False) -> None:
        """Play this for the next request to its path; `always`: for each one that finds no other."""
        if always:
            self._always[script.path] = script
        else:
            self._scripts[script.path].append(script)

    def release(self, name: str = "", count: int = 1) -> None:
        """Let `count` waiting or coming holds of this name pass."""
        for _ in range(count):
            self._permits[name].release()

    def give_up(self) -> None:
        """Forget the scripts that nobody has asked for, and let pass what waits at a hold."""
        self._scripts.clear()
        for exchange in self.log:
            if exchange.held is not None:
                self.release(exchange.held)
        # Leave that nobody has taken is not for the holds of the next test.
        self._permits.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        self.open_connections += 1
        try:
            while (exchange := await _request(reader)) and await self._answer(exchange, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        except asyncio.CancelledError:
            # The server is stopping. A task of StreamReaderProtocol that ends cancelled is reported as an
            # error.
            pass
        finally:
            self.open_connections -= 1
            self._tasks.discard(task)
            writer.close()
            self._changed()

    async def _answer(self, exchange: Exchange, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; whether the connection can be used again."""
        if exchange.path.startswith("/_"):
            return await self._play(exchange, self._control(exchange), writer)
        self.log.append(exchange)
        self._changed()
        queue = self._scripts[exchange.path]
        script = queue.popleft() if queue else self._always.get(exchange.path)
        script = script or default_script(exchange.method, exchange.path, exchange.json, self.models)
        return await self._play(exchange, script, writer)

    async def _play(self, exchange: Exchange, script: Script, writer: asyncio.StreamWriter) -> bool:
        """Write the answer until it ends or the client leaves; whether the connection can be used again."""
        exchange.player = self._player(exchange, script, writer)
        protocol = writer.transport.get_protocol()
        assert isinstance(protocol, _Protocol)
        play = asyncio.ensure_future(exchange.player.play())
        left = asyncio.ensure_future(protocol.left.wait())
        try:
            await asyncio.wait({play, left}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            exchange.closed_by_client = not play.done() or isinstance(play.exception(), ConnectionError)
            exchange.closed = protocol.left_at or time.monotonic()
            play.cancel()
            left.cancel()
            self._changed()
        await asyncio.gather(play, left, return_exceptions=True)
        if not exchange.closed_by_client:
            play.result()
        wants_close = exchange.headers.get("connection") == "close"
        return exchange.player.reusable and not wants_close and not exchange.closed_by_client

    def _player(self, exchange: Exchange, script: Script, writer: asyncio.StreamWriter) -> Player:
        name = str(exchange.json.get("model", "")) if isinstance(exchange.json, dict) else ""
        if exchange.path == "/api/chat":
            loads = any(isinstance(piece, dict) and "load" in piece for piece in script.pieces)
            self._mark_loaded(name, not loads)

        async def wait(hold: str) -> None:
            exchange.held = hold
            self._changed()
            await self._permits[hold].acquire()
            exchange.held = None
            self._changed()

        return Player(script, writer, name, wait, lambda: self._mark_loaded(name, True))

    def _mark_loaded(self, name: str, loaded: bool) -> None:
        for entry in self.models:
            if entry["name"] == name:
                entry["loaded"] = loaded

    def _control(self, exchange: Exchange) -> Script:
        """The requests that steer this server from another process."""
        body = exchange.json
        match exchange.method, exchange.path:
            case "GET", "/_log":
                answer: Any = [entry.as_json() for entry in self.log]
            case "POST", "/_script":
                always = body.pop("always", False)
                self.enqueue(Script(**body), always=always)
                answer = {}
            case "POST", "/_release":
                self.release(body.get("name", ""), body.get("count", 1))
                answer = {}
            case "POST", "/_models":
                self.models = [model(**entry) for entry in body["models"]]
                answer = {}
            case _:
                return json_error(404, "no such control")
        content = json.dumps(answer).encode()
        return Script([content], content_type="application/json", framing="length", finish=False)


async def _request(reader: asyncio.StreamReader) -> Exchange | None:
    """The next request of a connection; None when there is none."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines) if name
    }
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Exchange(method, path, headers, body)
