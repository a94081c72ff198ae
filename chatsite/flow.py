"""Sending to a socket, or a long answer to a request, waits until its reader takes what was sent before.

daphne writes whatever it is given, and Twisted keeps it in memory without bound
(https://github.com/django/daphne/issues/170). Twisted tells a registered producer when its buffer is full and when it
has room again (https://docs.twisted.org/en/stable/core/howto/producers.html); here that is something to wait for.
"""

import asyncio
from typing import Any

from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer


@implementer(IPushProducer)
class Flow:
    """Whether the transport of one connection has room."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._has_room = asyncio.Event()
        self._has_room.set()
        # The HTTP channel that the connection began as is still there, and has nothing to say any more.
        transport.unregisterProducer()
        transport.registerProducer(self, True)

    def pauseProducing(self) -> None:  # noqa: N802 -- Twisted's names
        """The buffer is full."""
        self._has_room.clear()

    def resumeProducing(self) -> None:  # noqa: N802
        """The buffer is empty again. A connection that is to end then does so only without a producer."""
        self._has_room.set()
        if self._transport.disconnecting:
            self._transport.unregisterProducer()

    def stopProducing(self) -> None:  # noqa: N802
        """The connection is gone: what is sent to it is lost, and nobody needs to wait."""
        self._has_room.set()

    async def room(self) -> None:
        """Return when the reader takes more."""
        await self._has_room.wait()


class RequestFlow(Flow):
    """The same for the answer to one request, which comes in pieces."""

    def __init__(self, request: Any) -> None:
        self._request = request
        self._has_room = asyncio.Event()
        self._has_room.set()
        request.registerProducer(self, True)

    def resumeProducing(self) -> None:  # noqa: N802
        """The buffer is empty again."""
        self._has_room.set()

    def end(self) -> None:
        """The last piece comes; a request ends only without a producer."""
        self._has_room.set()
        if self._request.channel is not None:
            self._request.unregisterProducer()
