"""Where a line of the log belongs: the request and the generation that it was written for.

A text of people's never stands in the log for machines. What an error says may quote one: PostgreSQL shows the row
that it refuses (https://www.postgresql.org/docs/current/protocol-error-fields.html, "Detail"), Python the value that
is wrong.
"""

import logging
import re
import secrets
import traceback
from collections.abc import Callable
from contextvars import ContextVar
from types import TracebackType

from django.conf import settings
from django.db import DataError, InterfaceError
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from pythonjsonlogger.json import JsonFormatter

request_id: ContextVar[str] = ContextVar("request_id", default="")
generation_id: ContextVar[str] = ContextVar("generation_id", default="")

HEADER = "X-Request-ID"
_A_PROXYS = re.compile(r"[A-Za-z0-9._-]{8,64}")
_DATABASE_ERRORS = (DatabaseError, InterfaceError)

_Raised = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class Where(logging.Filter):
    """Gives each record `request` and `generation`, empty where there is none."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass."""
        record.request_id = request_id.get()
        record.generation = getattr(record, "generation", "") or generation_id.get()
        # Django's records hold the request itself.
        record.request = None
        if isinstance(record.args, tuple):
            record.args = tuple(map(_harmless, record.args))
        if record.name == "asyncio":
            # The tasks and handles that it shows have what they were given, and what they raised.
            record.msg = str(record.msg).partition("\n")[0]
        return True


class ForMachines(JsonFormatter):
    """A JSON object a line. Of an error it has where it happened, and what it says only where that quotes nothing."""

    def formatException(self, ei: _Raised) -> str:  # noqa: N802 -- the name of logging's own
        """Return the traceback with the error that was raised last, and those that led to it."""
        error, parts = ei[1], list[str]()
        while error is not None:
            frames = "".join(traceback.format_tb(error.__traceback__))
            parts.insert(0, f"{frames}{type(error).__name__}: {_told(error)}".rstrip(": "))
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "\n".join(parts)


def _harmless(argument: object) -> object:
    if isinstance(argument, _DATABASE_ERRORS):
        return _told(argument) or type(argument).__name__
    return argument


def _told(error: BaseException) -> str:
    """Return what an error says, as far as it quotes no text."""
    if isinstance(error, DataError) or not isinstance(error, (*_DATABASE_ERRORS, OSError)):
        return ""
    return str(error).partition("\n")[0]


def named(request: HttpRequest) -> str:
    """Return the id of a request: that of a proxy in front, or a new one."""
    sent = request.headers.get(HEADER, "") if settings.TRUSTED_PROXY_COUNT else ""
    return sent if _A_PROXYS.fullmatch(sent) else secrets.token_hex(8)


def number_requests(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Return a middleware that gives each request an id, and sends it along."""

    def middleware(request: HttpRequest) -> HttpResponse:
        name = named(request)
        token = request_id.set(name)
        try:
            response = get_response(request)
        finally:
            request_id.reset(token)
        response.headers[HEADER] = name
        return response

    return middleware
