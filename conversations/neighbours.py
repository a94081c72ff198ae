"""The other processes of the site, and what they are told through the channel layer.

The layer only wakes: what it loses is found in the database a moment later. One channel per process listens, so a
socket needs no layer to open, and a message costs the same for one page as for a thousand. Nothing that is told here
is waited for; a layer that hangs or is away holds up no answer and no page.
"""

import asyncio
import logging
import uuid
from collections.abc import Callable
from typing import Any

from channels.layers import InMemoryChannelLayer, get_channel_layer

logger = logging.getLogger(__name__)

_GROUP = "processes"
_MOST_WAITING = 1000
# A layer that needs longer for one message is as good as away.
_SECONDS = 2
# Some layers forget the members of a group after a while, or with a message that nobody took in time.
_JOIN_SECONDS = 10
# The layer on Redis keeps something of each attempt to join that failed.
_RETRY_SECONDS = 5

Hear = Callable[..., None]


class Neighbours:
    """This process among the others."""

    def __init__(self) -> None:
        self.process = uuid.uuid4().hex
        self._hear: dict[str, Hear] = {}
        self._outgoing: asyncio.Queue[dict[str, Any]] = asyncio.Queue(_MOST_WAITING)
        self._channel = ""
        self._failing = False

    @property
    def are_possible(self) -> bool:
        """Whether there may be any: the layer in memory reaches this process alone."""
        return not isinstance(get_channel_layer(), InMemoryChannelLayer)

    def on(self, kind: str, hear: Hear) -> None:
        """Have `hear` called with what a neighbour tells of this kind."""
        self._hear[kind] = hear

    def tell(self, kind: str, **what: Any) -> None:
        """Tell all of them, soon; what does not fit any more is lost, as the layer may lose it."""
        if self.are_possible and not self._outgoing.full():
            self._outgoing.put_nowait({"type": "told", "process": self.process, "kind": kind, "what": what})

    async def run(self) -> None:
        """Listen and tell for as long as the process lives, where there may be others."""
        await asyncio.gather(self._listen(), self._join(), self._send())

    async def _listen(self) -> None:
        layer = get_channel_layer()
        while True:
            try:
                self._channel = await layer.new_channel()
                await layer.group_add(_GROUP, self._channel)
                while True:
                    self._take(await layer.receive(self._channel))
            except Exception as error:  # noqa: BLE001 -- each layer has its own
                self._note(error)
            await asyncio.sleep(_RETRY_SECONDS)

    def _take(self, message: dict[str, Any]) -> None:
        hear = self._hear.get(message["kind"])
        if hear is None or message["process"] == self.process:
            return
        try:
            hear(**message["what"])
        except Exception:
            logger.exception("What another process told could not be used")

    async def _join(self) -> None:
        while True:
            await asyncio.sleep(_JOIN_SECONDS)
            if self._channel:
                await self._ask("group_add", _GROUP, self._channel)

    async def _send(self) -> None:
        while True:
            await self._ask("group_send", _GROUP, await self._outgoing.get())

    async def _ask(self, verb: str, *args: Any) -> None:
        try:
            async with asyncio.timeout(_SECONDS):
                await getattr(get_channel_layer(), verb)(*args)
        except Exception as error:  # noqa: BLE001 -- each layer has its own
            self._note(error)
        else:
            # A layer may know its groups' members by heart, and say so without being there.
            if self._failing and verb == "group_send":
                logger.info("The channel layer answers again")
                self._failing = False

    def _note(self, error: Exception) -> None:
        if not self._failing:
            why = str(error) or type(error).__name__
            logger.warning("The channel layer is away (%s): pages of other processes are told late", why)
        self._failing = True


neighbours = Neighbours()
