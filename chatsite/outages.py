"""A database that is away is no error of the site: pages say so, and the log has one line for each."""

import logging
import sys
from http import HTTPStatus

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.defaults import server_error

_RETRY_SECONDS = 5
_DATABASE_ERRORS = (OperationalError, InterfaceError)


def page_failed(request: HttpRequest) -> HttpResponse:
    """Answer a request that has just failed: 503 where it was for the database (Django's `handler500`)."""
    if not isinstance(sys.exc_info()[1], _DATABASE_ERRORS):
        return server_error(request)
    answer = render(request, "503.html", status=503)
    answer["Retry-After"] = str(_RETRY_SECONDS)
    return answer


class OneLine(logging.Filter):
    """Makes a warning of one line out of what failed for it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, _DATABASE_ERRORS):
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.msg, record.args = "%s (the database: %s)", (record.getMessage(), _first_line(error))
            record.exc_info = record.exc_text = None
        elif getattr(record, "status_code", None) == HTTPStatus.SERVICE_UNAVAILABLE:
            # A supervisor asks every few seconds whether the site is ready.
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]
