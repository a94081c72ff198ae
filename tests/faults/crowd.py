"""Many readers at once, each of an answer of its own: what each was shown, and when."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Thread
from typing import Any

import httpx

from tests import patience
from tests.site import Site
from tests.tab import Frame, Tab

# Of the site: nobody waits for a turn.
MANY = {"OLLAMA_NUM_PARALLEL": "100", "MAX_RUNNING_PER_USER": "0"}


class Reader(Tab):
    """A tab that asks and is then read in a thread of its own until its connection ends.

    `arrivals`: `time.monotonic()` of each frame with text, and how many characters were shown then. `question` is
    its text and the command's `client_id`.
    """

    def __init__(self, site: Site, client: httpx.Client, question: str, **more: Any) -> None:
        super().__init__(site, client, **more)
        self.question = question
        self.arrivals: list[tuple[float, int]] = []
        self.code: int | None = None
        self._thread = Thread(target=self._read, name=question, daemon=True)

    def receive(self, seconds: float = patience.SECONDS) -> Frame:
        """Return the next frame, and note when it came."""
        frame = super().receive(seconds)
        if frame["type"] == "generation.delta":
            self.arrivals.append((time.monotonic(), len(self.text)))
        return frame

    def begin(self) -> None:
        """Ask, and read from now on."""
        self.send("message.send", client_id=self.question, text=self.question)
        self._thread.start()

    def _read(self) -> None:
        self.code = self.wait_close()

    def join(self, seconds: float = patience.SECONDS) -> None:
        """Wait for the end of the connection."""
        self._thread.join(seconds)
        assert not self._thread.is_alive(), "the connection has not ended"

    def told(self, type_: str) -> list[Frame]:
        """Return the frames of a type so far."""
        return [frame for frame in list(self.frames) if frame["type"] == type_]


@contextmanager
def crowd(site: Site, client: httpx.Client, count: int) -> Iterator[list[Reader]]:
    """Open `count` new conversations, ready to be asked in."""
    with ExitStack() as stack:
        readers = [Reader(site, client, f"question {number}") for number in range(count)]
        for reader in readers:
            stack.enter_context(reader)
            reader.wait("snapshot")
        yield readers
