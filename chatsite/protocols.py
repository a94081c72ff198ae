"""What reaches daphne from the network, with bounds that daphne and autobahn leave open.

daphne logs a traceback for two headers with characters beyond ASCII, one of which any client may send to set the
site's path (https://github.com/django/daphne/blob/main/daphne/http_protocol.py). autobahn keeps every fragment of a
message in a list of its own, and answers every ping, whether its peer reads or not
(https://github.com/crossbario/autobahn-python/blob/master/autobahn/websocket/protocol.py).
"""

import time
from collections import deque
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any

from daphne import http_protocol, server, ws_protocol
from django.conf import settings
from twisted.web import http

from conversations.api.shapes import MAX_BODY_BYTES
from conversations.services import attachments
from conversations.socket import MAX_FRAMES_PER_SECOND, TOO_MANY

from .site_path import is_of_api

# A form with one file of the largest size.
MAX_UPLOAD = attachments.MAX_BYTES + 64 * 1024
# A proxy hands on the site's path, or leaves it out.
_UPLOADS = frozenset({"/attachments/", f"{settings.SITE_PREFIX}attachments/"})
# A program that sends too much reads why only when it has sent it: so much is let in, and not kept.
_MOST_OF_API = 32 * 1024 * 1024
# The site has no subprotocols, and its path is a setting.
_UNREAD_HEADERS = (b"daphne-root-path", b"sec-websocket-protocol")
# A browser sends a message whole or in a few large pieces, and no ping of its own.
_MAX_FRAGMENTS = 1000
_MAX_PINGS_PER_SECOND = 20


class Request(http_protocol.WebRequest):
    """A request or a handshake without the headers that nobody here reads, and with a body of bounded size.

    Twisted would keep whatever comes in a temporary file, and daphne asks the site when all of it has come.
    """

    _received = 0
    _most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    _kept = MAX_UPLOAD

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # Django reads forms, in a thread. Twisted would read them, too, on the event loop: an attached file of ten
        # megabytes held up everybody for four seconds.
        super().__init__(*args, parsePOSTFormSubmission=False, **kwargs)

    def gotLength(self, length: int | None) -> None:  # noqa: N802 -- Twisted's name
        """Hear that a body comes, and to which address."""
        path = self.channel._path.partition(b"?")[0].decode("latin-1")
        if path in _UPLOADS:
            self._most = MAX_UPLOAD
        elif is_of_api(path):
            self._most, self._kept = _MOST_OF_API, MAX_BODY_BYTES
        super().gotLength(length)

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802 -- Twisted's name
        """Take a piece of the body; with more than the site would read, the connection ends."""
        before, self._received = self._received, self._received + len(data)
        if self._received <= self._most:
            # One byte more than the site takes tells it that there was too much.
            super().handleContentChunk(data[: max(0, self._kept + 1 - before)])
            return
        self.channel.transport.write(b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\n\r\n")
        self.channel.loseConnection()

    def process(self) -> Any:
        """Hand it on to daphne."""
        for name in _UNREAD_HEADERS:
            self.requestHeaders.removeHeader(name)
        return super().process()


class Socket(ws_protocol.WebSocketProtocol):
    """A WebSocket that is dropped when its peer sends countless pings or fragments, and reads no flood of messages."""

    def __init__(self) -> None:
        super().__init__()
        self._fragments = 0
        self._messages: deque[float] = deque(maxlen=MAX_FRAMES_PER_SECOND + 1)
        self._pings: deque[float] = deque(maxlen=_MAX_PINGS_PER_SECOND + 1)

    def onMessageBegin(self, isBinary: bool) -> None:  # noqa: N802, N803 -- autobahn's names
        """Begin to count the pieces of a message."""
        self._fragments = 0
        super().onMessageBegin(isBinary)

    def onMessageFrameBegin(self, length: int) -> None:  # noqa: N802 -- autobahn's name
        """Count a piece."""
        self._fragments += 1
        if self._fragments > _MAX_FRAGMENTS:
            self.dropConnection(abort=True)
        super().onMessageFrameBegin(length)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:  # noqa: N802, N803 -- autobahn's names
        """Hand a message on; of too many, not even what has arrived already is taken apart."""
        self._messages.append(time.monotonic())
        if len(self._messages) > MAX_FRAMES_PER_SECOND and self._messages[-1] - self._messages[0] < 1:
            self.sendClose(code=TOO_MANY)
            self.data = b""
            self.transport.pauseProducing()
            return
        super().onMessage(payload, isBinary)

    def onPing(self, payload: bytes) -> None:  # noqa: N802 -- autobahn's name
        """Answer a ping, unless there are too many."""
        self._pings.append(time.monotonic())
        if len(self._pings) > _MAX_PINGS_PER_SECOND and self._pings[-1] - self._pings[0] < 1:
            self.dropConnection(abort=True)
            return
        super().onPing(payload)


def install() -> None:
    """Make daphne use both; it takes their classes from its own modules and offers no setting.

    Nor does it for the clock by which it asks silent peers for a sign of life: the wall's may be set. Twisted lacks
    the names of some statuses.
    """
    http_protocol.time = ws_protocol.time = server.time = SimpleNamespace(time=time.monotonic)
    http_protocol.WebRequest = Request
    for status in HTTPStatus:
        http.RESPONSES.setdefault(status, status.phrase.encode())
    ws_protocol.WebSocketFactory.protocol = Socket
