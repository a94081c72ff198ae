"""The person's language and time zone, for the length of a request, and what becomes of its answer on its way out."""

import functools
import zoneinfo
from collections.abc import Callable
from urllib.parse import unquote

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils import timezone, translation

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
        """Answer the request in the person's language and time zone."""
        language = getattr(request.user, "language", "")
        if language:
            translation.activate(language)
            request.LANGUAGE_CODE = language
        self._activate_zone(request)
        return self.get_response(request)

    def _activate_zone(self, request: HttpRequest) -> None:
        browsers_own = unquote(request.COOKIES.get(TIME_ZONE_COOKIE, ""))
        for name in (getattr(request.user, "time_zone", ""), browsers_own):
            if name in known_zones():
                timezone.activate(zoneinfo.ZoneInfo(name))
                return
        timezone.deactivate()


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
    """Compresses what is text; a picture's bytes would only cost time."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Return the answer, smaller where that is worth while."""
        if response.headers.get("Content-Type", "").startswith("image/"):
            return response
        return super().process_response(request, response)
