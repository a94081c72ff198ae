"""The person's choices, for the length of a request, and what becomes of its answer on its way out."""

import functools
import logging
import time
import zoneinfo
from collections.abc import Callable
from urllib.parse import unquote

from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils import timezone, translation

from .services import browser_sessions

logger = logging.getLogger(__name__)

# Set by static/js/page.js from the browser's own zone, percent-encoded as cookies have to be.
TIME_ZONE_COOKIE = "timezone"

GetResponse = Callable[[HttpRequest], HttpResponse]


@functools.cache
def known_zones() -> frozenset[str]:
    """Return the names of all time zones; reading them takes some milliseconds."""
    return frozenset(zoneinfo.available_timezones())


class PreferencesMiddleware:
    """Activates the person's own choices, over what cookies and headers of the browser say."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request in the person's language, time zone and theme."""
        language = getattr(request.user, "language", "")
        if language:
            translation.activate(language)
            request.LANGUAGE_CODE = language
        self._activate_zone(request)
        # Where looking fails, there is no person to ask, and the page that says so needs none.
        request.theme = getattr(request.user, "theme", "")  # type: ignore[attr-defined]
        return self.get_response(request)

    def _activate_zone(self, request: HttpRequest) -> None:
        browsers_own = unquote(request.COOKIES.get(TIME_ZONE_COOKIE, ""))
        for name in (getattr(request.user, "time_zone", ""), browsers_own):
            if name in known_zones():
                timezone.activate(zoneinfo.ZoneInfo(name))
                return
        timezone.deactivate()


class BrowsersMiddleware:
    """Keeps when each browser that is logged in was here last, with a write in minutes and not with each request."""

    sync_capable = True
    async_capable = False

    _EVERY_SECONDS = 300
    _MOST_KNOWN = 20_000

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        # When each session was noted by this process, by the monotonic clock.
        self._noted: dict[str, float] = {}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request, and then note the session in which it ended: a login begins another one."""
        response = self.get_response(request)
        key = request.session.session_key
        if key and request.user.is_authenticated and self._is_due(key):
            try:
                browser_sessions.note(request.user, key, request.headers.get("User-Agent", ""))
            except DatabaseError as error:
                logger.warning("When a browser was here last cannot be kept: %s", error)
        return response

    def _is_due(self, key: str) -> bool:
        now = time.monotonic()
        if now - self._noted.get(key, -self._EVERY_SECONDS) < self._EVERY_SECONDS:
            return False
        if len(self._noted) >= self._MOST_KNOWN:
            self._noted.clear()
        self._noted[key] = now
        return True


def forbid_name_lookups(get_response: GetResponse) -> GetResponse:
    """Return a middleware by which no browser looks up the names in the links of a page.

    Over plain HTTP browsers ask their name server for every link that they show: whoever wrote the text, a model, could
    have words in the names, and learn of the reader before a click.
    https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/X-DNS-Prefetch-Control
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers["X-DNS-Prefetch-Control"] = "off"
        return response

    return middleware


class CompressTextMiddleware(GZipMiddleware):
    """Compresses what is text; the bytes of a picture or an archive would only cost time.

    Of a file that is made while it is sent, Django compresses each piece by itself
    (https://github.com/django/django/blob/5.2/django/middleware/gzip.py), and many readers stop behind the first one.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Return the answer, smaller where that is worth while."""
        is_packed = response.headers.get("Content-Type", "").startswith(("image/", "application/zip"))
        if response.streaming or is_packed:
            return response
        return super().process_response(request, response)
