"""HTTP as this client needs it: one session without hidden limits, and every failure named by its cause.

httpx speaks through aiohttp here, since reading a token then costs a third of the CPU time. Two caps had to
go: httpx's pool is not in this path at all, and aiohttp's connector would silently make the 101st stream
wait. No connection is used twice, therefore a request never meets one that the server has just closed, and
nothing is ever sent again without the knowledge of whoever asked; on a local network a new connection costs a
fraction of a millisecond.
"""

import asyncio
import contextlib
import ssl
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from typing import NamedTuple

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport
from httpx_aiohttp.transport import AiohttpResponseStream

from .errors import (
    BadAnswer,
    EndlessAnswer,
    OllamaError,
    OllamaStalled,
    OllamaUnavailable,
    StalledPhase,
    StreamBroken,
    UnavailableKind,
)
from .wire import LineSplitter

_UPLOAD_PIECE = 65_536
_UNPACKED_PIECE = 65_536
# Tells zlib to look which of the two it is (https://docs.python.org/3/library/zlib.html#zlib.decompress).
_ZLIB_OR_GZIP = 32
_ORIGINAL = "chatsite.original"
Pace = Callable[[Callable[[], None]], Awaitable[object]]
_HEADERS = {
    "accept": "application/x-ndjson, application/json",
    # Compression would hold tokens back until a block of them is full.
    "accept-encoding": "identity",
    "connection": "close",
    "user-agent": "chatsite",
}


class Timeouts(NamedTuple):
    """Seconds of patience.

    `first_byte` is long because Ollama sends nothing at all while it loads a model, and giving up then makes
    it abandon the load; `short` is for a request that is not a chat, once connected.
    """

    connect: float = 5.0
    write: float = 10.0
    first_byte: float = 600.0
    stall: float = 120.0
    short: float = 5.0


class Bounds(NamedTuple):
    """What one answer may take: lines, bytes, seconds.

    Far more than any model writes, whose text is bounded by its window; a server that sends lines without text
    for ever is ended by these.
    """

    lines: int = 1_000_000
    bytes: int = 256_000_000
    seconds: float = 6 * 3600.0


def open_session(base_url: httpx.URL, headers: dict[str, str], timeouts: Timeouts) -> httpx.AsyncClient:
    """The client of one process and one event loop; the environment's proxies are not looked at."""
    tls = _tls_context(base_url.scheme)

    def session() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=0, force_close=True, ssl=tls)
        jar = aiohttp.DummyCookieJar()
        return aiohttp.ClientSession(connector=connector, cookie_jar=jar, trust_env=False)

    return httpx.AsyncClient(
        transport=_Transport(client=session, verify=tls, trust_env=False),
        headers=_HEADERS | headers,
        # The transport takes "pool" for the whole way to a connection, the look-up of the name included.
        # Silence afterwards is timed by the caller, who knows what is being waited for.
        timeout=httpx.Timeout(None, connect=timeouts.connect, pool=timeouts.connect),
        trust_env=False,
        follow_redirects=False,
    )


def _tls_context(scheme: str) -> ssl.SSLContext:
    """Trusts the well-known authorities and the machine's own: 25 ms to read, so only for https."""
    if scheme != "https":
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context


class _Transport(AiohttpTransport):
    """Gives with each response aiohttp's own, whose body can be read without waiting and left to rest."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        assert isinstance(response.stream, AiohttpResponseStream)  # noqa: S101 -- what the library makes
        response.extensions[_ORIGINAL] = response.stream._aiohttp_response
        return response


class Upload(httpx.AsyncByteStream):
    """A request body which gives the server `write` seconds for each piece and, once all is sent, `answer`
    seconds.

    It moves the deadline of `clock`, in which the request is awaited; `sent` tells which of the two ran out.
    """

    def __init__(self, body: bytes, clock: asyncio.Timeout, *, write: float, answer: float) -> None:
        self._body = body
        self._clock = clock
        self._write = write
        self._answer = answer
        self.sent = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self._body), _UPLOAD_PIECE):
            self._allow(self._write)
            yield self._body[start : start + _UPLOAD_PIECE]
        self.sent = True
        self._allow(self._answer)

    def _allow(self, seconds: float) -> None:
        # A server may answer before it has read everything; then the clock is over and says so by a
        # RuntimeError.
        with contextlib.suppress(RuntimeError):
            self._clock.reschedule(asyncio.get_running_loop().time() + seconds)


class LineReader:
    """The lines of a streamed answer: `first` seconds for the first bytes, `stall` between two reads."""

    def __init__(self, response: httpx.Response, *, first: float, stall: float, bounds: Bounds) -> None:
        self._response = response
        self._bounds = bounds
        self._deadline = asyncio.get_running_loop().time() + bounds.seconds
        self._lines = self._bytes = 0
        self._original: aiohttp.ClientResponse = response.extensions[_ORIGINAL]
        self._unpacked = unpacked(response) if is_packed(response) else None
        self._splitter = LineSplitter()
        self._patience = first
        self._stall = stall
        self._phase: StalledPhase = "first_byte"
        self.ended = False
        self._listen_for_its_end()

    def _listen_for_its_end(self) -> None:
        """Let the loss of the connection be told also where aiohttp leaves a reader waiting: after broken framing."""
        connection = self._original.connection
        protocol = connection.protocol if connection is not None else None
        if protocol is not None and (closed := protocol.closed) is not None:
            closed.add_done_callback(self._tell_loss)

    def _tell_loss(self, closed: asyncio.Future[None]) -> None:
        content = self._original.content
        told = not closed.cancelled() and closed.exception()
        if not content.is_eof() and content.exception() is None:
            content.set_exception(aiohttp.ClientConnectionError(told or "closed in mid-answer"))

    async def batch(self) -> list[bytes]:
        """The lines that one read completed, maybe none; at the clean end (`ended`) the unfinished last one.

        Raises OllamaStalled, StreamBroken, BadAnswer for a line without an end, and EndlessAnswer.
        """
        self._check_bounds()
        try:
            piece = await self._read()
            lines = self._splitter.feed(piece) if piece else [self._splitter.flush()]
        except ValueError as error:
            raise BadAnswer(self._response.status_code, error) from None
        except TimeoutError:
            raise OllamaStalled(self._phase, self._patience) from None
        self._lines += len(lines)
        self._bytes += len(piece)
        return lines

    def _check_bounds(self) -> None:
        most = self._bounds
        if self._lines > most.lines or self._bytes > most.bytes:
            raise EndlessAnswer(f"{self._lines} lines, {self._bytes} bytes")
        if asyncio.get_running_loop().time() > self._deadline:
            raise EndlessAnswer(f"longer than {most.seconds:g} s")

    async def _read(self) -> bytes:
        with translated(self._response.status_code):
            # Mostly it is there already, and then neither a clock nor a turn of the loop is needed.
            piece = b"" if self._unpacked else self._at_hand()
            if not piece:
                async with asyncio.timeout(self._patience):
                    piece = await self._wait()
        self._patience, self._phase = self._stall, "streaming"
        self.ended = not piece
        return piece

    def _at_hand(self) -> bytes:
        """What has come. The loss of a connection is told by the next read, after what came before it."""
        content = self._original.content
        lost = content.exception()
        if lost is None:
            return content.read_nowait()
        content._exception = None
        try:
            return content.read_nowait()
        finally:
            content._exception = lost

    async def _wait(self) -> bytes:
        """The next bytes, none at the end."""
        if self._unpacked:
            return await anext(self._unpacked, b"")
        try:
            return await self._original.content.readany()
        except RuntimeError as error:
            # What aiohttp says of a connection that went while nobody read.
            raise aiohttp.ClientConnectionError(error) from error

    async def rest(self, pace: Pace) -> None:
        """Leave what comes with the system until `pace`, which calls for it just before it returns.

        To be woken for every token alone costs more than all that is done with it.
        """
        connection = self._original.connection
        transport = connection.transport if connection is not None else None
        if transport is None or transport.is_closing():
            return
        if not transport.is_reading():
            # aiohttp has paused it: to call for more would leave bytes unparsed when the connection ends.
            await pace(nothing)
            return
        transport.pause_reading()
        try:
            await pace(transport.resume_reading)
        except BaseException:
            # A connection that rests would not see its own end.
            transport.resume_reading()
            raise


def nothing() -> None:
    """What a wait for the next frame calls where no connection rests."""


def is_packed(response: httpx.Response) -> bool:
    """Whether an answer is compressed, though nobody asked for it, in a way that can be undone."""
    return response.headers.get("content-encoding", "").lower() in {"gzip", "x-gzip", "deflate"}


async def unpacked(response: httpx.Response) -> AsyncGenerator[bytes, None]:
    """The bytes of an answer, unpacked, in pieces of bounded size whatever the compression. Raises zlib.error."""
    if not is_packed(response):
        async for piece in response.aiter_raw():
            yield piece
        return
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | _ZLIB_OR_GZIP)
    async for piece in response.aiter_raw():
        rest = piece
        while rest and not unpacker.eof:
            if piece := unpacker.decompress(rest, _UNPACKED_PIECE):
                yield piece
            rest = unpacker.unconsumed_tail
    if piece := unpacker.flush():
        yield piece


async def leave(response: httpx.Response) -> None:
    """Close the connection at once. What goes wrong in that concerns nobody any more."""
    with contextlib.suppress(httpx.HTTPError, aiohttp.ClientError, OSError):
        await response.aclose()


@contextlib.contextmanager
def translated(status: int | None = None) -> Iterator[None]:
    """Turns every failure of the network inside into the tree's; see `translate`."""
    try:
        yield
    except TimeoutError:
        # Ours, from asyncio.timeout; whoever set the clock says what it means.
        raise
    except (
        httpx.HTTPError,
        httpx.InvalidURL,
        aiohttp.ClientError,
        OSError,
        UnicodeError,
        zlib.error,
    ) as error:
        raise translate(error, status) from error


def translate(error: Exception, status: int | None = None) -> OllamaError:
    """The error of the tree for one of httpx or aiohttp; `status` is set once the answer has begun.

    Told by the cause: the transport's own mapping calls every lost connection a time-out of connecting.
    """
    cause = error.__cause__ if isinstance(error, httpx.HTTPError) and error.__cause__ else error
    if isinstance(cause, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return OllamaUnavailable(_kind(cause), cause)
    if isinstance(cause, aiohttp.InvalidURL | httpx.InvalidURL | httpx.UnsupportedProtocol | UnicodeError):
        return OllamaUnavailable("unreachable", cause)
    if isinstance(cause, aiohttp.ClientResponseError | zlib.error):
        return BadAnswer(status or 0, f"not HTTP as it should be: {cause}")
    return StreamBroken(cause)


def _kind(cause: Exception) -> UnavailableKind:
    if isinstance(cause, aiohttp.ClientConnectorDNSError):
        return "dns"
    if isinstance(cause, aiohttp.ClientConnectorSSLError | aiohttp.ClientConnectorCertificateError):
        return "tls"
    if isinstance(cause, aiohttp.ConnectionTimeoutError):
        return "timeout"
    reason = cause.os_error if isinstance(cause, aiohttp.ClientConnectorError) else cause
    return "refused" if isinstance(reason, ConnectionRefusedError) else "unreachable"
