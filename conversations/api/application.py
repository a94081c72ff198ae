"""The API as an ASGI application: from a request to its answer, on the event loop from end to end.

Django's own handler sends signals around each request, which close connections of a thread that a request of the API
never uses: four visits to that thread, and as many waits for the interpreter. Its views, requests and answers are used
as they are.
"""

import asyncio
import io
from collections.abc import Awaitable
from contextlib import aclosing
from typing import Any, cast

from corsheaders.middleware import CorsMiddleware
from django.conf import settings
from django.core.exceptions import DisallowedHost, RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.security import SecurityMiddleware
from django.urls import Resolver404, ResolverMatch, resolve

from chatsite import logs
from conversations.services.errors import Refused

from . import shapes
from .handling import Request, refused
from .streams import EventStream


class Api:
    """Answers requests of programs."""

    def __init__(self) -> None:
        self._security = SecurityMiddleware(_no_page)
        self._respond = CorsMiddleware(_respond)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request; whoever leaves ends what is done for it."""
        body = await _body(receive)
        if body is None:
            return
        request = Request(scope, io.BytesIO(body))
        answering = asyncio.create_task(self._answer(request, send))
        leaving = asyncio.create_task(receive())
        try:
            await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            answering.cancel()
            leaving.cancel()
            await asyncio.gather(answering, leaving, return_exceptions=True)
        if not answering.cancelled():
            answering.result()

    async def _answer(self, request: Request, send: Any) -> None:
        name = logs.named(request)
        logs.request_id.set(name)
        response = await cast("Awaitable[HttpResponseBase]", self._respond(request))
        self._security.process_response(request, cast("HttpResponse", response))
        # A proxy that compresses a stream holds it back.
        response["Cache-Control"] = "no-store, no-transform"
        response["X-Accel-Buffering"] = "no"
        response[logs.HEADER] = name
        headers = [(key.encode("ascii"), value.encode("latin-1")) for key, value in response.items()]
        await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
        if isinstance(response, EventStream):
            async with aclosing(response.events) as parts:
                async for part in parts:
                    await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body"})
        elif isinstance(response, HttpResponse):
            await send({"type": "http.response.body", "body": response.content})


async def _body(receive: Any) -> bytes | None:
    """Return what was sent along, None where the client left before it was whole; the server bounds it."""
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def _no_page(request: HttpRequest) -> HttpResponse:
    raise NotImplementedError


async def _respond(request: HttpRequest) -> HttpResponseBase:
    asked = cast("Request", request)
    try:
        view, args, kwargs = _view_of(asked)
    except DisallowedHost:
        return refused(asked, Refused("bad_host"))
    except Resolver404:
        return refused(asked, Refused("unknown_address"))
    except RequestDataTooBig:
        return refused(asked, Refused("too_large", limit=shapes.MAX_BODY_BYTES // 1024))
    except Refused as refusal:
        return refused(asked, refusal)
    found: HttpResponseBase = await view(asked, *args, **kwargs)
    return found


def _view_of(request: Request) -> ResolverMatch:
    """Return what answers a request. Raises DisallowedHost, Refused, Resolver404, RequestDataTooBig."""
    request.get_host()
    # To lead from HTTP to HTTPS would hide from a program that it sends its token in the clear.
    if settings.HTTPS and not request.is_secure():
        raise Refused("https_only")
    found = resolve(request.path_info)
    # Django looks at its size when it is asked for.
    _ = request.body
    return found
