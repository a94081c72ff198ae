"""How a request of a program is let in, and how what is refused or fails becomes JSON.

Everything here runs on the event loop: a stream that is open costs no thread. There are no sessions and no cookies;
who asks is who made the token.
"""

import functools
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Concatenate, ParamSpec, cast

from corsheaders.middleware import CorsMiddleware
from django.conf import settings
from django.core.exceptions import DisallowedHost, RequestDataTooBig
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.db import Error as DatabaseError
from django.db import InterfaceError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.security import SecurityMiddleware
from django.urls import Resolver404, ResolverMatch, resolve
from django.utils import translation

from chatsite import logs
from conversations import database
from conversations.languages import language_of
from conversations.models import ApiToken, User
from conversations.services import tokens
from conversations.services.errors import Refused

from . import errors, shapes
from .limits import limits
from .uses import uses

logger = logging.getLogger(__name__)

P = ParamSpec("P")
View = Callable[..., Coroutine[Any, Any, HttpResponseBase]]

JSON = "application/json; charset=utf-8"


class Request(ASGIRequest):
    """A request; one that was let in has a token, and the person whose token it is."""

    token: ApiToken
    person: User


def endpoint(
    method: str,
) -> Callable[[Callable[Concatenate[Request, P], Awaitable[HttpResponseBase]]], View]:
    """Return what makes a view of a function: for this method, and for who has a token."""

    def decorate(function: Callable[Concatenate[Request, P], Awaitable[HttpResponseBase]]) -> View:
        @functools.wraps(function)
        async def view(request: Request, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            try:
                await _let_in(request, method)
                return await function(request, *args, **kwargs)
            except Refused as refusal:
                answer = refused(request, refusal)
                if refusal.code == "wrong_method":
                    answer["Allow"] = method
                return answer
            except (DatabaseError, InterfaceError) as error:
                logger.warning("A request of the API failed: %s", error)
                return refused(request, Refused("database_down"))
            except Exception:
                logger.exception("A request of the API failed")
                return refused(request, Refused("internal"))

        return view

    return decorate


async def _let_in(request: Request, method: str) -> None:
    """Find who asks. Raises Refused."""
    if request.method != method:
        raise Refused("wrong_method", detail=f"{method} {request.path}")
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise Refused("token_missing")
    request.token = await database.read(tokens.holder, text.strip())
    request.person = request.token.owner
    uses.note(request.token)
    limits.count_request(request.person.pk)


def answer(
    what: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    """Return `what` as JSON."""
    body = shapes.encode(what)
    own = {"Content-Type": JSON, "Content-Length": str(len(body)), **(headers or {})}
    return HttpResponse(body, status=status, headers=own)


def refused(request: Request, refusal: Refused) -> HttpResponse:
    """Return why it is not done."""
    return answer(
        {"error": error(request, refusal)}, errors.STATUS[refusal.code], headers=errors.headers(refusal)
    )


def error(request: Request, refusal: Refused) -> dict[str, str]:
    """Return a refusal as a program reads it, its sentence in the person's language."""
    with translation.override(language(request)):
        return {"code": refusal.code, "message": errors.told(refusal)}


def language(request: Request) -> str:
    """Return the language to speak to the person who reads what the program was told."""
    person = getattr(request, "person", None)
    return language_of(person, request.headers.get("Accept-Language", ""), {})


class ApiHandler(ASGIHandler):
    """Django's handler with what an API needs around its views, and without what pages need.

    `settings.MIDDLEWARE` is for pages; most of it is synchronous and would take a thread for each request.
    """

    request_class = Request

    def load_middleware(self, is_async: bool = True) -> None:
        """Put together what stands around the views."""
        self._security = SecurityMiddleware(_no_page)
        self._respond = CorsMiddleware(_respond)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request; without the thread of its own that Django makes for each."""
        await self.handle(scope, receive, send)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a request with the headers that every answer has."""
        name = logs.named(request)
        logs.request_id.set(name)
        response = await cast("Awaitable[HttpResponse]", self._respond(request))
        self._security.process_response(request, response)
        # A proxy that compresses a stream holds it back.
        response["Cache-Control"] = "no-store, no-transform"
        response["X-Accel-Buffering"] = "no"
        response[logs.HEADER] = name
        response._resource_closers.append(request.close)  # type: ignore[attr-defined] # as Django's own
        return response


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
