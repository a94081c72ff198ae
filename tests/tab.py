"""A browser's tab without a browser: the socket of one conversation, driven by the rules of the protocol."""

import json
import re
import time
import uuid
from contextlib import AbstractContextManager, ExitStack, suppress
from typing import Any, Protocol, Self

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests import patience

Frame = dict[str, Any]
# As the page does: not more often than the server takes frames.
ACK_SECONDS, ACK_LEAST_SECONDS, ACK_CHARS = 0.25, 0.1, 8192


class Address(Protocol):
    """Where a site is met: its own port, or that of a proxy before it."""

    @property
    def port(self) -> int:
        """The port on this machine."""

    @property
    def url(self) -> str:
        """The same as the origin of its pages."""


class Tab(AbstractContextManager["Tab"]):
    """A socket of `conversation` (None: a new one, as the page `/` offers it) for a logged-in client.

    `text` and `thinking` are what a page would show of the newest answer, put together from snapshot and deltas;
    a gap or an overlap between them fails.
    """

    def __init__(
        self, site: Address, client: httpx.Client, conversation: str | None = None, *, acks: bool = True
    ) -> None:
        self.site = site
        self.client = client
        self.frames: list[Frame] = []
        self.sizes: list[int] = []
        self.text = self.thinking = ""
        self._acks = acks
        self._unacked: Frame | None = None
        self._acked_at, self._acked_end = 0.0, 0
        if conversation is None:
            page = client.get("/").text
            conversation = _attribute(page, "conversation")
            self._query = f"?new={_attribute(page, 'new')}"
        else:
            self._query = ""
        self.conversation = conversation

    @property
    def path(self) -> str:
        """Where its socket is, with the leave to make a conversation that is not there yet."""
        return f"/ws/conversations/{self.conversation}/{self._query}"

    def twin(self) -> Self:
        """Return another tab, not open yet, that shows the same page, also of a conversation that is new."""
        twin = type(self)(self.site, self.client, self.conversation, acks=self._acks)
        twin._query = self._query
        return twin

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self, **headers: str) -> None:
        """Connect as the site's own page does."""
        cookie = "; ".join(f"{name}={value}" for name, value in self.client.cookies.items())
        self._stack = ExitStack()
        self._socket: ClientConnection = self._stack.enter_context(
            connect(
                f"ws://127.0.0.1:{self.site.port}{self.path}",
                additional_headers={"Cookie": cookie, "Origin": self.site.url, **headers},
                proxy=None,
                max_size=None,
                # A full queue would keep the end of the connection from being read.
                max_queue=None,
                ping_interval=None,
            )
        )

    def close(self) -> None:
        """Leave."""
        self._stack.close()

    def send(self, type_: str, **fields: Any) -> None:
        """Send a command."""
        self.send_raw(json.dumps({"type": type_, **fields}))

    def send_raw(self, frame: str | bytes) -> None:
        """Send whatever it is."""
        self._socket.send(frame)

    def ask(self, text: str, **more: Any) -> Frame:
        """Ask, and return the start of the answer."""
        self.send("message.send", client_id=uuid.uuid4().hex, text=text, **more)
        return self.wait_started()

    def wait_started(self) -> Frame:
        """Return the start of an answer: `generation.started`, or what the snapshot has of it that took its place.

        Who is sent a snapshot while it begins, as a tab that was opened shortly behind the end of an answer, learns of
        it there.
        """
        while True:
            frame = self.receive()
            if frame["type"] == "generation.started":
                return frame
            if frame["type"] == "snapshot" and "generation" in frame:
                state = frame["generation"]
                return {**state, "generation": state["id"], "at": state["end"]}

    def stop(self, generation: str) -> None:
        """Press Stop."""
        self.send("generation.stop", generation=generation)

    def receive(self, seconds: float = patience.SECONDS) -> Frame:
        """Return the next frame. Raises TimeoutError, ConnectionClosed."""
        raw = self._next(seconds)
        frame: Frame = json.loads(raw)
        self.frames.append(frame)
        self.sizes.append(len(raw.encode() if isinstance(raw, str) else raw))
        self._take(frame)
        return frame

    def _next(self, seconds: float) -> str | bytes:
        """Return the next frame as it comes; before a longer wait, tell what has arrived."""
        if self._unacked:
            with suppress(TimeoutError):
                return self._socket.recv(timeout=min(ACK_LEAST_SECONDS, seconds))
            self._send_ack()
        return self._socket.recv(timeout=seconds)

    def wait(self, type_: str, seconds: float = patience.SECONDS, **fields: Any) -> Frame:
        """Return the next frame of a type whose fields have these values."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                frame = self.receive(max(0.01, deadline - time.monotonic()))
            except TimeoutError as error:
                raise TimeoutError(
                    f"no {type_} within {seconds:g} s; the last: {self.frames[-3:]}"
                ) from error
            if frame["type"] == type_ and all(frame.get(name) == value for name, value in fields.items()):
                return frame

    def wait_text(self, text: str) -> None:
        """Return when the answer so far holds `text`."""
        while text not in self.text:
            self.receive()

    def wait_close(self) -> int:
        """Return the code with which the server closes."""
        with suppress(ConnectionClosed):
            while True:
                self.receive()
        code = self._socket.close_code
        assert code is not None
        return code

    def _take(self, frame: Frame) -> None:
        if frame["type"] == "snapshot":
            state = frame.get("generation") or {"text": "", "thinking": "", "end": [0, 0]}
            self.text, self.thinking = state["text"], state["thinking"]
            self._check(state["end"])
            if "id" in state:
                self._acked_at = 0.0
                self._ack(state["id"], state["end"])
        elif frame["type"] == "generation.started" and frame["at"] == [0, 0]:
            self.text = self.thinking = ""
        elif frame["type"] == "generation.delta":
            self._check(frame["at"])
            self.text += frame.get("text", "")
            self.thinking += frame.get("thinking", "")
            self._check(frame["end"])
            self._ack(frame["generation"], frame["end"])

    def _check(self, position: list[int]) -> None:
        assert position == [len(self.text), len(self.thinking)], (position, self.text, self.thinking)

    def _ack(self, generation: str, end: list[int]) -> None:
        if not self._acks:
            return
        self._unacked = {"generation": generation, "end": end}
        wait = ACK_LEAST_SECONDS if sum(end) - self._acked_end > ACK_CHARS else ACK_SECONDS
        if time.monotonic() - self._acked_at > wait:
            self._send_ack()

    def _send_ack(self) -> None:
        if self._unacked:
            self._acked_at, self._acked_end = time.monotonic(), sum(self._unacked["end"])
            self.send("ack", **self._unacked)
            self._unacked = None


def _attribute(page: str, name: str) -> str:
    found = re.search(f'data-{name}="([^"]+)"', page)
    assert found, page[:2000]
    return found[1]
