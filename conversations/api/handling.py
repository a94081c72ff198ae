"""What the views of the API have in common: who is let in, and how what is refused or fails becomes JSON.

There are no sessions and no cookies; who asks is who made the token.
"""

import functools
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Concatenate, ParamSpec

from django.core.handlers.asgi import ASGIRequest
from django.db import Error as DatabaseError
from django.db import InterfaceError
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils import translation

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
