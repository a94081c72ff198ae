"""A database that is away for a moment is no error of the site: pages say so, and the log has one line for each."""

import logging
import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.defaults import server_error

_RETRY_SECONDS = 5


def page_failed(request: HttpRequest) -> HttpResponse:
    """Answer a request that has just failed: 503 where it was for the database (Django's `handler500`)."""
    if not _is_outage(sys.exc_info()[1]):
        return server_error(request)
    answer = render(request, "503.html", status=503)
    answer["Retry-After"] = str(_RETRY_SECONDS)
    return answer


class OneLine(logging.Filter):
    """Makes a warning of one line out of Django's traceback of such a request."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass."""
        error = record.exc_info[1] if record.exc_info else None
        if _is_outage(error):
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.msg, record.args = "%s (the database: %s)", (record.getMessage(), _first_line(error))
            record.exc_info = record.exc_text = None
        return True


def _is_outage(error: BaseException | None) -> bool:
    return isinstance(error, (OperationalError, InterfaceError))


def _first_line(error: BaseException | None) -> str:
    return str(error).partition("\n")[0]
