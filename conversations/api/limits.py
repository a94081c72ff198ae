"""How much one person's programs may ask of one process at a time."""

import time
from collections import Counter, deque

from conversations.services.errors import Refused

# As many as a page may send frames (socket.py).
REQUESTS_PER_SECOND = 20
OPEN_STREAMS = 100
_MOST_KNOWN = 10_000


class Limits:
    """The latest requests of each person, and their open streams."""

    def __init__(self) -> None:
        self._latest: dict[int, deque[float]] = {}
        self._open: Counter[int] = Counter()

    def count_request(self, user: int) -> None:
        """Count a request. Raises Refused(rate)."""
        now = time.monotonic()
        if len(self._latest) >= _MOST_KNOWN:
            self._latest = {one: times for one, times in self._latest.items() if now - times[-1] < 1}
        latest = self._latest.setdefault(user, deque(maxlen=REQUESTS_PER_SECOND))
        if len(latest) == REQUESTS_PER_SECOND and now - latest[0] < 1:
            raise Refused("rate")
        latest.append(now)

    def open_stream(self, user: int) -> None:
        """Count a stream until `close_stream`. Raises Refused(rate)."""
        if self._open[user] >= OPEN_STREAMS:
            raise Refused("rate")
        self._open[user] += 1

    @property
    def open_streams(self) -> int:
        """How many streams everybody has open."""
        return self._open.total()

    def close_stream(self, user: int) -> None:
        """Undo `open_stream`."""
        self._open[user] -= 1
        if not self._open[user]:
            del self._open[user]


limits = Limits()
