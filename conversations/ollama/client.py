"""The client of Ollama's HTTP API (https://github.com/ollama/ollama/blob/main/docs/api.md).

One `OllamaClient` serves a process; it belongs to the event loop that first uses it. Whoever reads a chat
closes it (`async with contextlib.aclosing(client.chat(request))`) or cancels the reading task, once: either
closes the TCP connection at once, and that is the only way to make Ollama stop. Errors are those of
`errors.py`; after one, the chunks that came before stay valid.
"""

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import httpx
import msgspec

from . import catalogue
from .catalogue import LoadedModel, ModelDetails, ModelInfo
from .errors import (
    BadAnswer,
    ModelMissing,
    OllamaError,
    OllamaRefused,
    OllamaStalled,
    readable,
    retry_after,
)
from .transport import (
    Bounds,
    LineReader,
    Pace,
    Timeouts,
    Upload,
    leave,
    nothing,
    open_session,
    translated,
    unpacked,
)
from .wire import Chunk, count, parse_line, parse_object, storable

_MAX_ERROR_BODY = 65_536
_MAX_ANSWER = 32_000_000
_EXCERPT = 200
# Between two waits of the caller's. A model writes a few; a server that floods takes its time from nobody else.
_LINES_AT_ONCE = 1000
_OK = 200
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class ChatRequest:
    """One question with its history.

    `messages` are `{"role", "content", …}` as Ollama takes them; `options` go out as they are; `think` is
    left out when None, which switches thinking on for models that can (and is an error to send true for
    others).
    """

    model: str
    messages: Sequence[Mapping[str, Any]]
    options: Mapping[str, Any] = field(default_factory=dict)
    think: bool | str | None = None

    def body(self) -> dict[str, Any]:
        """The JSON object of `POST /api/chat`."""
        body: dict[str, Any] = {"model": self.model, "messages": list(self.messages), "stream": True}
        if self.options:
            body["options"] = dict(self.options)
        if self.think is not None:
            body["think"] = self.think
        return body


@dataclass(frozen=True, slots=True)
class PullStep:
    """How far the fetching of a model has come: what Ollama does, and bytes of the part that is on its way."""

    status: str
    completed: int = 0
    total: int = 0


class OllamaClient:
    """Speaks to the Ollama at `base_url` (http or https; a path is kept as prefix).

    `api_key` goes out as a bearer token, to this origin only. Raises ValueError for an address that cannot be
    one.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str = "",
        *,
        timeouts: Timeouts | None = None,
        bounds: Bounds | None = None,
    ) -> None:
        self.base_url = _parsed_base(base_url)
        self.timeouts = timeouts or Timeouts()
        self.bounds = bounds or Bounds()
        self._headers = {"authorization": f"Bearer {api_key}"} if api_key else {}
        self._session: httpx.AsyncClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close what is open. The client may be used again afterwards, also in another event loop."""
        session, self._session, self._loop = self._session, None, None
        if session is not None:
            await session.aclose()

    async def chat(self, request: ChatRequest, pace: Pace | None = None) -> AsyncGenerator[Chunk, None]:
        """The chunks of one answer, each as soon as its line is complete.

        `pace` is awaited between two reads, for a caller who would rather have more chunks at a time; it is given
        what it must call just before it returns.
        The last one has `done` set; where none has, Ollama ended the answer without a word and it is cut off.
        Raises OllamaError; ModelMissing when the model has to be pulled first.
        """
        patience = self.timeouts.first_byte
        async with self._opened("POST", "/api/chat", request.body(), patience) as response:
            if response.status_code != _OK:
                raise await self._refusal(response, request.model)
            reader = LineReader(response, first=patience, stall=self.timeouts.stall, bounds=self.bounds)
            while not reader.ended:
                for number, line in enumerate(await reader.batch(), 1):
                    chunk, error = _parsed(line, at_end=reader.ended)
                    if chunk:
                        yield chunk
                        if chunk.done:
                            return
                    if error:
                        raise error
                    if pace and number % _LINES_AT_ONCE == 0:
                        await pace(nothing)
                if pace:
                    await reader.rest(pace)

    async def version(self) -> str:
        """Ollama's version, such as `0.33.0`; empty when it keeps that to itself."""
        return storable((await self._short("GET", "/api/version")).get("version"))

    async def tags(self) -> list[ModelInfo]:
        """The installed models, newest first."""
        return catalogue.tags(await self._short("GET", "/api/tags"))

    async def ps(self) -> list[LoadedModel]:
        """The models in memory. May be asked while a chat is running, to tell loading from reading."""
        return catalogue.loaded(await self._short("GET", "/api/ps"))

    async def show(self, model: str) -> ModelDetails:
        """What Ollama knows about `model`. Raises ModelMissing."""
        return catalogue.details(model, await self._short("POST", "/api/show", {"model": model}))

    async def pull(self, model: str) -> AsyncGenerator[PullStep, None]:
        """Have Ollama fetch a model; the last step has the status `success`. Raises OllamaError.

        Closing ends the fetching; what has come is kept by Ollama for the next time
        (https://github.com/ollama/ollama/blob/main/docs/api.md#pull-a-model).
        """
        patience = self.timeouts.first_byte
        async with self._opened("POST", "/api/pull", {"model": model, "stream": True}, patience) as response:
            if response.status_code != _OK:
                raise await self._refusal(response, None)
            # Checking what has come takes a while, in which nothing is told.
            reader = LineReader(response, first=patience, stall=patience, bounds=self.bounds)
            while not reader.ended:
                for line in await reader.batch():
                    if line.strip():
                        yield _step(line)

    async def _short(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """The JSON object that answers one of the quick requests."""
        patience = self.timeouts.short
        try:
            async with (
                asyncio.timeout(self.timeouts.connect + patience),
                self._opened(method, path, body, patience) as response,
            ):
                if response.status_code != _OK:
                    raise await self._refusal(response, (body or {}).get("model"))
                content = bytearray()
                await _collect(response, content, _MAX_ANSWER)
        except TimeoutError:
            raise OllamaStalled("streaming", patience) from None
        text = _decoded(content)
        try:
            return parse_object(text)
        except ValueError as error:
            raise BadAnswer(_OK, f"{error}: {text[:_EXCERPT]}") from None

    async def _refusal(self, response: httpx.Response, model: str | None) -> OllamaError:
        """The error that an answer other than 200 stands for; of its text, whatever comes in time."""
        content = bytearray()
        with contextlib.suppress(TimeoutError, OllamaError):
            async with asyncio.timeout(self.timeouts.short):
                await _collect(response, content, _MAX_ERROR_BODY)
        return _error_of(response, _decoded(content), model)

    @contextlib.asynccontextmanager
    async def _opened(
        self, method: str, path: str, body: dict[str, Any] | None, patience: float
    ) -> AsyncIterator[httpx.Response]:
        """The answer to a request, closed in the end; a move within the same origin is followed once."""
        url = self.base_url.copy_with(path=self.base_url.path.rstrip("/") + path)
        content = _encoded(body)
        response = await self._send(method, url, content, patience)
        try:
            if target := _same_origin_redirect(response):
                await leave(response)
                response = await self._send(method, target, content, patience)
            yield response
        finally:
            await leave(response)

    async def _send(self, method: str, url: httpx.URL, content: bytes, patience: float) -> httpx.Response:
        """The response with its body unread. Raises any OllamaError but OllamaRefused."""
        session = self._current_session()
        clock = asyncio.timeout(None)
        upload = Upload(content, clock, write=self.timeouts.write, answer=patience)
        headers = {"content-type": "application/json", "content-length": str(len(content))}
        request = session.build_request(method, url, content=upload, headers=headers)
        try:
            with translated():
                async with clock:
                    return await session.send(request, stream=True)
        except TimeoutError:
            if not upload.sent:
                raise OllamaStalled("sending", self.timeouts.write) from None
            raise OllamaStalled("first_byte", patience) from None

    def _current_session(self) -> httpx.AsyncClient:
        loop = asyncio.get_running_loop()
        if self._session is None:
            self._session, self._loop = open_session(self.base_url, self._headers, self.timeouts), loop
        elif self._loop is not loop:
            raise RuntimeError("an OllamaClient belongs to one event loop")
        return self._session


def _parsed_base(base_url: str) -> httpx.URL:
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL as error:
        raise ValueError(f"not an address: {error}") from None
    if url.scheme not in {"http", "https"} or not url.host:
        raise ValueError("an address of Ollama begins with http:// or https:// and names a host")
    if url.userinfo:
        raise ValueError("an address of Ollama holds no password")
    return url.copy_with(query=None, fragment=None)


def _encoded(body: dict[str, Any] | None) -> bytes:
    if body is None:
        return b""
    try:
        # With eight pictures it is 22 megabytes, and the event loop waits: 23 ms here, 140 with `json`.
        return msgspec.json.encode(body)
    except UnicodeEncodeError:
        return _SURROGATE.sub("\ufffd", json.dumps(body, ensure_ascii=False)).encode()


def _same_origin_redirect(response: httpx.Response) -> httpx.URL | None:
    """Where a 307 or 308 leads, if the question and the key may go there: the same scheme, host and port."""
    if response.status_code not in {307, 308}:
        return None
    here = response.request.url
    try:
        target = here.join(response.headers.get("location", ""))
    except httpx.InvalidURL:
        return None
    is_same = (target.scheme, target.host, target.port) == (here.scheme, here.host, here.port)
    return target if is_same else None


def _parsed(line: bytes, *, at_end: bool) -> tuple[Chunk | None, OllamaError | None]:
    """What one line of an answer holds; a line that the end cut in its middle holds nothing."""
    try:
        chunk, error = parse_line(line) or (None, "")
    except ValueError as wrong:
        if at_end and line.lstrip().startswith(b"{"):
            return None, None
        return None, BadAnswer(_OK, f"{wrong}: {line[:_EXCERPT].decode('utf-8', 'replace')}")
    if not error:
        return chunk, None
    has_text = chunk and (chunk.text or chunk.thinking)
    return (chunk if has_text else None), OllamaRefused(_OK, error)


def _step(line: bytes) -> PullStep:
    try:
        told = parse_object(line.decode("utf-8", "replace"))
    except ValueError as wrong:
        raise BadAnswer(_OK, f"{wrong}: {line[:_EXCERPT].decode('utf-8', 'replace')}") from None
    if error := told.get("error"):
        raise OllamaRefused(_OK, readable(error))
    completed, total = count(told.get("completed")) or 0, count(told.get("total")) or 0
    return PullStep(storable(told.get("status")), min(completed, total), total)


def _error_of(response: httpx.Response, text: str, model: str | None) -> OllamaError:
    status = response.status_code
    if response.has_redirect_location:
        return BadAnswer(status, f"a redirection to {response.headers['location']}")
    try:
        fields = parse_object(text)
    except ValueError:
        fields = {}
    error = fields.get("error")
    if error and (address := storable(fields.get("signin_url"))):
        error = f"{readable(error)} (sign in at {address})"
    # An Ollama that does not like the Host or the Origin refuses with 403 and no text at all.
    if not error and (text or status < 400):
        return BadAnswer(status, text[:_EXCERPT] or "an empty answer")
    if status == 404 and model and error:
        return ModelMissing(model, error)
    return OllamaRefused(status, error or "", retry_after(response.headers.get("retry-after", "")))


async def _collect(response: httpx.Response, content: bytearray, limit: int) -> None:
    """Read an answer of the short kind into `content`, up to about `limit` bytes."""
    with translated(response.status_code):
        async for piece in unpacked(response):
            content += piece
            if len(content) >= limit:
                return


def _decoded(content: bytearray) -> str:
    return content.decode("utf-8", "replace").strip("\ufeff \t\r\n")
