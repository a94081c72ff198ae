"""Somebody who only watches a conversation, for example at another process of the site."""

from itertools import pairwise
from typing import Any, Self

import httpx

from tests import patience
from tests.site import Site, wait_until
from tests.tab import Frame

from .crowd import Reader

# Longer than anything that a test waits for: it may be quiet.
QUIET_SECONDS = 600


class Viewer(Reader):
    """A tab that is read in a thread of its own from its opening to its end; it never asks."""

    def __init__(self, site: Site, client: httpx.Client, conversation: str) -> None:
        super().__init__(site, client, "watches", conversation=conversation)

    def __enter__(self) -> Self:
        super().__enter__()
        self.wait("snapshot")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self._thread.join()

    def receive(self, seconds: float = QUIET_SECONDS) -> Frame:
        """Return the next frame, and note when it came."""
        return super().receive(seconds)

    def sees(self, type_: str, seconds: float = patience.SECONDS, **fields: Any) -> Frame:
        """Return the first frame of a type whose fields have these values, once it has come."""

        def found() -> Frame | None:
            fitting = [
                frame
                for frame in self.told(type_)
                if all(frame.get(name) == value for name, value in fields.items())
            ]
            return fitting[0] if fitting else None

        frame: Frame = wait_until(found, seconds, lambda: self.frames[-5:])
        return frame

    @property
    def largest_step(self) -> float:
        """The longest time between two pieces of text, in seconds."""
        moments = [at for at, _ in self.arrivals]
        return max(later - earlier for earlier, later in pairwise(moments))
