"""Sockets are opened by the site's own pages only.

Browsers send cookies along with any page's handshake, and channels' own check ignores scheme and port, so the
origin is compared whole.
"""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http.request import split_domain_port, validate_host

from . import refused

_PORTS = {"http": 80, "https": 443}
Application = Callable[..., Awaitable[Any]]


class SameOrigin:
    """Answers 403 to a handshake whose `Origin` is neither the site's own nor a trusted one."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        """Hand the handshake on, or refuse it."""
        if allowed(scope):
            return await self._application(scope, receive, send)
        headers = _headers(scope)
        refused.tell("A socket", headers.get(b"origin", ""), _host(headers))
        return await WebsocketDenier()(scope, receive, send)


def allowed(scope: dict[str, Any]) -> bool:
    """Return whether the page that opens this socket is one of the site's."""
    headers = _headers(scope)
    scheme = _scheme(headers)
    if settings.HTTPS and scheme != "https":
        return False
    origin = headers.get(b"origin", "")
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    host = _host(headers)
    name, _port = split_domain_port(host)
    if not name or not validate_host(name, settings.ALLOWED_HOSTS):
        return False
    return _parts(origin) in [_parts(f"{option}://{host}") for option in _schemes(scheme)]


def _headers(scope: dict[str, Any]) -> dict[bytes, str]:
    return {name: value.decode("latin-1") for name, value in scope["headers"]}


def _scheme(headers: dict[bytes, str]) -> str:
    """Return the scheme that a trusted proxy tells, the first of several as for pages; "" where nobody does."""
    told = headers.get(b"x-forwarded-proto", "") if settings.TRUSTED_PROXY_COUNT else ""
    return told.partition(",")[0].strip()


def _schemes(told: str) -> list[str]:
    return [told] if told else ["http", "https"] if settings.TRUSTED_PROXY_COUNT else ["http"]


def _host(headers: dict[bytes, str]) -> str:
    if settings.USE_X_FORWARDED_HOST and b"x-forwarded-host" in headers:
        return headers[b"x-forwarded-host"]
    return headers.get(b"host", "")


def _parts(url: str) -> tuple[str, str | None, int | None] | None:
    """Return scheme, host and port of an origin, None for what is none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname:
        return None
    return parts.scheme, parts.hostname, port or _PORTS[parts.scheme]
