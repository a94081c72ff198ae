"""daphne, with a start and an end that know the site's generations.

On SIGTERM daphne cuts connections and cancels nothing that a socket has left running
(https://github.com/django/daphne/blob/main/daphne/server.py, `kill_all_applications`); here answers are saved,
browsers are told to come back, and every task is awaited before the process ends.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from daphne.server import Server
from twisted.internet import defer, reactor

from conversations.generation.runner import runner

from . import protocols
from .flow import Flow, RequestFlow

logger = logging.getLogger(__name__)

# For requests that are being answered, then for whatever does not end by itself.
_REQUEST_SECONDS = 3
_CANCEL_SECONDS = 2


class ChatServer(Server):
    """Opens the runner with the reactor and drains it before the reactor ends."""

    on_listening: Callable[[str, int], None] | None = None
    on_refused: Callable[[str], None] | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._ports: list[Any] = []

    def run(self) -> None:
        """Serve until told to stop."""
        protocols.install()
        # Later, not "when running": Twisted calls that before the event loop turns.
        reactor.callLater(0, runner.open)  # type: ignore[arg-type] # the stub misses the delay
        super().run()

    def listen_success(self, port: Any) -> None:
        """Tell the person that the site is there."""
        super().listen_success(port)
        self._ports.append(port)
        if self.on_listening and hasattr(port.getHost(), "port"):
            self.on_listening(port.getHost().host, port.getHost().port)

    def listen_error(self, failure: Any) -> None:
        """Tell the person why it is not."""
        if self.on_refused:
            self.on_refused(failure.getErrorMessage())
        self.stop()

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        """Send what the site says; return when its reader takes it, of what goes to a socket or comes in pieces."""
        if message["type"] == "http.response.body" and protocol in self.connections:
            await self._reply_in_pieces(protocol, message)
            return
        await super().handle_reply(protocol, message)
        if message["type"] == "websocket.accept" and protocol in self.connections:
            self.connections[protocol]["flow"] = Flow(protocol.transport)
        elif message["type"] == "websocket.send" and protocol in self.connections:
            await self.connections[protocol]["flow"].room()

    async def _reply_in_pieces(self, protocol: Any, message: dict[str, Any]) -> None:
        """Send a piece of an answer to a request, mostly its only one."""
        flow = self.connections[protocol].get("flow")
        if not message.get("more_body"):
            if flow:
                flow.end()
            await super().handle_reply(protocol, message)
            return
        if flow is None and protocol.channel is not None:
            flow = self.connections[protocol]["flow"] = RequestFlow(protocol)
        await super().handle_reply(protocol, message)
        if flow:
            await flow.room()

    def kill_all_applications(self) -> defer.Deferred[None]:
        """Let the site end in order; Twisted waits for the result before it closes anything."""
        return defer.Deferred.fromFuture(asyncio.ensure_future(self._drain()))

    async def _drain(self) -> None:
        for port in self._ports:
            port.stopListening()
        await runner.drain()
        await self._wait_for_applications(_REQUEST_SECONDS)
        for application in self._applications():
            application.cancel()
        await self._wait_for_applications(_CANCEL_SECONDS)

    def _applications(self) -> list[asyncio.Future[None]]:
        # A connection that is just being upgraded has no application yet.
        found = [details.get("application_instance") for details in self.connections.values()]
        return [application for application in found if application is not None and not application.done()]

    async def _wait_for_applications(self, seconds: float) -> None:
        applications = self._applications()
        if applications:
            await asyncio.wait(applications, timeout=seconds)
