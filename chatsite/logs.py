"""Where a line of the log belongs: the request and the generation that it was written for.

A text of people's never stands in the log.
"""

import logging
import re
import secrets
from collections.abc import Callable
from contextvars import ContextVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse

request_id: ContextVar[str] = ContextVar("request_id", default="")
generation_id: ContextVar[str] = ContextVar("generation_id", default="")

_HEADER = "X-Request-ID"
_A_PROXYS = re.compile(r"[A-Za-z0-9._-]{8,64}")


class Where(logging.Filter):
    """Gives each record `request` and `generation`, empty where there is none."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass."""
        record.request_id = request_id.get()
        record.generation = getattr(record, "generation", "") or generation_id.get()
        # Django's records hold the request itself.
        record.request = None
        return True


def number_requests(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Return a middleware that gives each request an id, or takes that of a proxy in front, and sends it along."""

    def middleware(request: HttpRequest) -> HttpResponse:
        sent = request.headers.get(_HEADER, "") if settings.TRUSTED_PROXY_COUNT else ""
        name = sent if _A_PROXYS.fullmatch(sent) else secrets.token_hex(8)
        token = request_id.set(name)
        try:
            response = get_response(request)
        finally:
            request_id.reset(token)
        response.headers[_HEADER] = name
        return response

    return middleware
