"""Requests that are refused for their address: the log names the setting that would admit them, the page says so.

The usual reason is no attack but a site behind a new name or proxy, and its administrator sees no more than "403".
What a stranger sends stands in the log escaped and shortened, and cannot fill it.
"""

import logging
import threading
import time
from collections import deque
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port, validate_host
from django.shortcuts import render
from django.utils import translation
from django.views.csrf import csrf_failure as stale_form
from django.views.defaults import bad_request

logger = logging.getLogger(__name__)

_SHOWN_CHARACTERS = 120
_LONGEST_NAME = 255
_LINES_PER_MINUTE = 5
_REPEATED_AFTER_SECONDS = 600
_REASONS_OF_ADDRESS = ("Origin checking failed", "Referer checking failed")
_HOST_IS_LOST = (
    "Let the proxy pass on the header Host, or set X-Forwarded-Host there and TRUSTED_PROXY_COUNT=1 here."
)


class _Lines:
    """The lines of the log: a few in a minute, and the same one not again for a while."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latest: deque[tuple[float, str]] = deque(maxlen=100)

    def write(self, text: str) -> None:
        """Write a line unless there were too many."""
        now = time.monotonic()
        with self._lock:
            said = any(line == text and now - at < _REPEATED_AFTER_SECONDS for at, line in self._latest)
            if said or sum(now - at < 60 for at, _ in self._latest) >= _LINES_PER_MINUTE:
                return
            self._latest.append((now, text))
        logger.warning("%s", text)


lines = _Lines()


def tell(what: str, origin: str, host: str) -> None:
    """Tell in the log that `what` was refused: it came from a page of `origin` and was addressed to `host`."""
    came = f" from {_shown(origin)}" if origin else ""
    lines.write(f"{what}{came} to {_shown(host)} was refused. {advice(origin, host)}".rstrip())


def advice(origin: str, host: str) -> str:
    """Return which setting would admit a request, if it is one of the site's own; "" where none would."""
    # No name has more characters (RFC 1035, 2.3.4).
    if max(len(origin), len(host)) > _LONGEST_NAME:
        return ""
    name, _ = split_domain_port(host)
    parts = _parts(origin)
    if parts and parts[1] != host.lower() and validate_host(_name(parts[1]), settings.ALLOWED_HOSTS):
        return _HOST_IS_LOST
    if name and not validate_host(name, settings.ALLOWED_HOSTS):
        return f"If this is your site's own name, add {name} to DJANGO_ALLOWED_HOSTS."
    if parts and parts[1] == host.lower():
        return _scheme_advice()
    if parts:
        return f"If its pages may use this site, set DJANGO_CSRF_TRUSTED_ORIGINS={parts[0]}://{parts[1]}"
    return ""


def _scheme_advice() -> str:
    if settings.TRUSTED_PROXY_COUNT:
        return "Let the proxy set X-Forwarded-Proto to the scheme of the page."
    return "If a proxy before this site speaks HTTPS, set TRUSTED_PROXY_COUNT=1."


def _parts(origin: str) -> tuple[str, str] | None:
    """Return scheme and host of an origin that a setting could name."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not split_domain_port(parts.netloc)[0]:
        return None
    return parts.scheme, parts.netloc.lower()


def _name(host: str) -> str:
    return split_domain_port(host)[0]


def _shown(text: str) -> str:
    return ascii(text[:_SHOWN_CHARACTERS])


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form without the token of its page, or one that came from another address (`CSRF_FAILURE_VIEW`)."""
    if not reason.startswith(_REASONS_OF_ADDRESS):
        return stale_form(request, reason)
    headers = request.headers
    tell("A form", headers.get("Origin", "") or _origin_of(headers.get("Referer", "")), _host(request))
    return render(request, "403_address.html", status=403)


def unreadable(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what cannot be read, or what is addressed to a name that the site does not have (`handler400`)."""
    if not isinstance(exception, DisallowedHost):
        return bad_request(request, exception)
    tell("A request", request.headers.get("Origin", ""), _host(request))
    with translation.override(translation.get_language_from_request(request)):
        return render(request, "400_host.html", status=400)


def _origin_of(referer: str) -> str:
    parts = _parts(referer)
    return "://".join(parts) if parts else ""


def _host(request: HttpRequest) -> str:
    """Return the host that a request names, whether the site has it or not."""
    forwarded = request.headers.get("X-Forwarded-Host", "") if settings.USE_X_FORWARDED_HOST else ""
    return forwarded or request.headers.get("Host", "")
