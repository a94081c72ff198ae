"""What every socket of the site is made of, below its commands: what comes in, what goes out, and their bounds.

daphne queues without bound both ways (https://github.com/django/daphne/issues/170), so frames are counted as they
arrive and a reader that does not acknowledge text is let go; it comes back and gets the whole.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from uuid import UUID

from channels.generic.websocket import AsyncWebsocketConsumer

from . import events

NOT_LOGGED_IN = 4001
NOT_FOUND = 4004
TOO_SLOW = 4008
RESTARTING = 4012
TOO_MANY = 4029

MAX_FRAMES_PER_SECOND = 20
_MAX_BAD_FRAMES = 10
_MAX_WAITING_FRAMES = 64
_MAX_UNACKED_BYTES = 256 * 1024
# What a reader who acknowledges without reading can make wait here.
_MAX_WAITING_CHARS = 512 * 1024
# Of a long answer, no more is made ready than a reader takes soon.
_MAX_PIECES_BYTES = 64 * 1024
_MAX_PIECES_CHARS = 32 * 1024
_CLOSE_SECONDS = 1


class Inbox:
    """Frames from the browser that wait to be handled."""

    def __init__(self) -> None:
        self._arrivals: deque[float] = deque(maxlen=MAX_FRAMES_PER_SECOND + 1)
        self._frames: asyncio.Queue[str | None] = asyncio.Queue(_MAX_WAITING_FRAMES)
        self._bad = 0

    def put(self, text: str | None) -> bool:
        """Take a frame (None: a binary one); returns False when there are too many."""
        now = time.monotonic()
        self._arrivals.append(now)
        flooded = len(self._arrivals) > MAX_FRAMES_PER_SECOND and now - self._arrivals[0] < 1
        if flooded or self._frames.full():
            return False
        self._frames.put_nowait(text)
        return True

    def count_bad(self) -> bool:
        """Count a frame that was no command; returns False when there were too many."""
        self._bad += 1
        return self._bad < _MAX_BAD_FRAMES

    async def get(self) -> str | None:
        """Return the next frame."""
        return await self._frames.get()


class Outbox:
    """Frames on their way to the browser, in order, and how much text it has not acknowledged.

    `on_closing` is called once, with the code that will close the socket.
    """

    def __init__(self, on_closing: Callable[[int], None]) -> None:
        self._on_closing = on_closing
        self._frames: deque[str | int] = deque()
        self._filled = asyncio.Event()
        self._unacked: deque[tuple[UUID, int, int]] = deque()
        self._unacked_bytes = 0
        self._waiting_chars = 0
        self.is_closing = False

    def put(self, frame: str | int) -> None:
        """Send a frame, or close with a code; behind that nothing is sent. A reader far behind is let go."""
        if self.is_closing:
            return
        if isinstance(frame, int):
            self.is_closing = True
            self._on_closing(frame)
        else:
            self._waiting_chars += len(frame)
        self._frames.append(frame)
        self._filled.set()
        if self._waiting_chars > _MAX_WAITING_CHARS:
            self.end(TOO_SLOW)

    def end(self, code: int, last: str | None = None) -> None:
        """Close with a code; of what waits nothing is sent, and before it `last` alone."""
        if self.is_closing:
            return
        self._frames.clear()
        self._waiting_chars = 0
        if last is not None:
            self.put(last)
        self.put(code)

    def put_text(self, frame: str, generation: UUID, end: events.Position) -> None:
        """Send a piece of an answer; a reader who does not acknowledge is let go."""
        if self.is_closing:
            return
        size = len(frame.encode())
        self._unacked.append((generation, sum(end), size))
        self._unacked_bytes += size
        self.put(frame)
        if self._unacked_bytes > _MAX_UNACKED_BYTES:
            self.end(TOO_SLOW)

    def begin_again(self) -> None:
        """Expect no acknowledgement of earlier text: a snapshot replaces it."""
        self._unacked.clear()
        self._unacked_bytes = 0

    @property
    def has_room(self) -> bool:
        """Whether a piece of an answer that is there already would leave the reader well within its bounds."""
        return self._unacked_bytes < _MAX_PIECES_BYTES and self._waiting_chars < _MAX_PIECES_CHARS

    @property
    def is_waiting(self) -> bool:
        """Whether the reader has yet to take what was sent before, whatever it says to have got."""
        return bool(self._frames)

    def ack(self, generation: UUID, end: events.Position) -> None:
        """Take note of what has arrived, and of all before it; what was never sent changes nothing."""
        arrived = 0
        for number, (sent, position, _size) in enumerate(self._unacked, 1):
            if sent == generation and position <= sum(end):
                arrived = number
        for _ in range(arrived):
            self._unacked_bytes -= self._unacked.popleft()[2]

    async def get(self) -> str | int:
        """Return the next frame or closing code."""
        while not self._frames:
            self._filled.clear()
            await self._filled.wait()
        frame = self._frames.popleft()
        self._waiting_chars -= len(frame) if isinstance(frame, str) else 0
        return frame


class BoundedSocket(AsyncWebsocketConsumer):
    """A consumer whose handlers never wait: one task handles frames in order, another one sends them.

    It has no channel of its own: a channel layer that is away would refuse the handshake (conversations/neighbours.py).
    """

    channel_layer_alias = ""

    def __init__(self) -> None:
        super().__init__()
        self.inbox = Inbox()
        self.outbox = Outbox(self._closing)
        self._tasks: list[asyncio.Task[None]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._is_closed = False

    async def __call__(self, scope, receive, send):  # type: ignore[no-untyped-def] # ASGI's own signature
        """Serve the connection; leave nothing behind, also where `disconnect` is never called."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self.left()
            for task in self._tasks:
                task.cancel()
            if self._timer is not None:
                self._timer.cancel()

    async def dispatch(self, message):  # type: ignore[no-untyped-def] # channels' own signature
        """Handle one ASGI message, without channels' thread hop to look after a database connection."""
        await getattr(self, message["type"].replace(".", "_"))(message)

    def start(self) -> None:
        """Begin to handle and to send."""
        self._tasks = [asyncio.create_task(self._handle_all()), asyncio.create_task(self._send_all())]

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Take a frame from the browser."""
        if not self.inbox.put(text_data or None):
            self.outbox.put(TOO_MANY)

    async def _handle_all(self) -> None:
        while True:
            frame = await self.inbox.get()
            # Whoever is being told to go asks for nothing any more.
            if self.outbox.is_closing:
                return
            await self.handle(frame)

    async def _send_all(self) -> None:
        while not self._is_closed:
            frame = await self.outbox.get()
            if isinstance(frame, int):
                await self._close_once(frame)
            else:
                await self.base_send({"type": "websocket.send", "text": frame})

    def _closing(self, code: int) -> None:
        """Close soon, also where the reader takes nothing and sending waits."""
        self._timer = asyncio.get_running_loop().call_later(_CLOSE_SECONDS, self._close_now, code)

    def _close_now(self, code: int) -> None:
        self._tasks.append(asyncio.create_task(self._close_once(code)))

    async def _close_once(self, code: int) -> None:
        if not self._is_closed:
            self._is_closed = True
            await self.close(code)

    async def handle(self, text: str | None) -> None:
        """Handle one frame; None is a binary or an empty one."""
        raise NotImplementedError

    def left(self) -> None:
        """The connection has gone."""
