"""A TCP proxy that makes a network bad on purpose: slow, dripping, cut, reset, silent or closed.

    with Proxy(site.port) as proxy, Tab(proxy, client) as tab:
        proxy.cut_after(500, reset=True)

A page or a `Tab` that is opened at `proxy.url` has the proxy's address as its origin and its host, so that the site
takes it for its own. The proxy runs in a thread of its own; everything here may be called from any other one.
"""

import asyncio
import socket
import struct
import threading
from contextlib import AbstractContextManager, suppress
from typing import Any, Self

from tests import patience

_PIECE = 65_536
# So many steps a second does a dripping connection make.
_STEPS = 20


class Proxy(AbstractContextManager["Proxy"]):
    """Passes connections on to a port of this machine.

    `latency`: seconds by which every piece is late, in both directions. `drip`: bytes a second towards the client;
    None passes them on as they come. Both may be changed at any time.
    """

    def __init__(self, target_port: int) -> None:
        self.latency = 0.0
        self.drip: int | None = None
        self.target_port = target_port
        self.port = 0
        self.swallows = False
        self._refuses = False
        self._cut_after: tuple[int, bool] | None = None
        self._links: set[_Link] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._listen())
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def url(self) -> str:
        """The address at which the site is met through the proxy."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def connections(self) -> int:
        """Connections open now."""
        return len(self._links)

    def cut_after(self, count: int | None, *, reset: bool = False) -> None:
        """End each connection that is opened from now on when `count` bytes have reached its client; None: no more."""
        self._cut_after = None if count is None else (count, reset)

    def cut(self, *, reset: bool = False) -> None:
        """End all connections now, by FIN or by RST."""
        self._run(self._cut(reset))

    def black_hole(self) -> None:
        """Swallow whatever comes from either side, ends of connections too, and keep them open."""
        self.swallows = True

    def let_through(self) -> None:
        """Pass on again. A connection that has lost something stays silent for good: nothing could follow the gap."""
        self.swallows = False

    def refuse(self) -> None:
        """Close new connections at once."""
        self._refuses = True

    def accept(self) -> None:
        """Take new connections again."""
        self._refuses = False

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refuses:
            _abort(writer)
            return
        try:
            target = await asyncio.open_connection("127.0.0.1", self.target_port)
        except OSError:
            _abort(writer)
            return
        link = _Link(self, (reader, writer), target, self._cut_after)
        self._links.add(link)
        try:
            await link.run()
        finally:
            self._links.discard(link)

    async def _cut(self, reset: bool) -> None:
        for link in list(self._links):
            link.end(reset=reset)

    async def _end(self) -> None:
        self._server.close()
        await self._cut(reset=True)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.wait(others, timeout=5) if others else None

    def _run(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=patience.SECONDS)


_End = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Link:
    """One connection and its two directions."""

    def __init__(self, proxy: Proxy, client: _End, target: _End, cut_after: tuple[int, bool] | None) -> None:
        self._proxy = proxy
        self._client = client
        self._target = target
        self._left: int | None
        self._left, self._reset = cut_after or (None, False)
        self._lost = False
        self._ended = asyncio.Event()

    async def run(self) -> None:
        """Pass on until one side leaves or the connection is cut."""
        up = asyncio.create_task(self._pass(self._client[0], self._target[1], down=False))
        down = asyncio.create_task(self._pass(self._target[0], self._client[1], down=True))
        try:
            await self._ended.wait()
        finally:
            up.cancel()
            down.cancel()
            await asyncio.gather(up, down, return_exceptions=True)

    def end(self, *, reset: bool) -> None:
        """End both connections, the client's by FIN or by RST."""
        if reset:
            _abort(self._client[1])
        else:
            self._client[1].close()
        self._target[1].close()
        self._ended.set()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, down: bool) -> None:
        with suppress(OSError):
            while piece := await reader.read(_PIECE):
                await asyncio.sleep(self._proxy.latency)  # the fault
                if self._swallowed():
                    continue
                await (self._write_down(writer, piece) if down else _write(writer, piece))
        if not self._swallowed():
            self.end(reset=False)

    def _swallowed(self) -> bool:
        self._lost = self._lost or self._proxy.swallows
        return self._lost

    async def _write_down(self, writer: asyncio.StreamWriter, piece: bytes) -> None:
        whole = self._left is None or len(piece) < self._left
        piece = piece if whole else piece[: self._left]
        if self._left is not None:
            self._left -= len(piece)
        while piece and self._proxy.drip:
            step = max(1, self._proxy.drip // _STEPS)
            await _write(writer, piece[:step])
            await asyncio.sleep(step / self._proxy.drip)  # the fault
            piece = piece[step:]
        await _write(writer, piece)
        if not whole:
            self.end(reset=self._reset)


async def _write(writer: asyncio.StreamWriter, piece: bytes) -> None:
    writer.write(piece)
    await writer.drain()


def _abort(writer: asyncio.StreamWriter) -> None:
    # Lingering for no time at all makes the kernel send RST in place of FIN.
    connection = writer.get_extra_info("socket")
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
