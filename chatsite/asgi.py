"""How requests and sockets reach the site."""

import os
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from .origin import Application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")


class PageHandler(ASGIHandler):
    """Runs the whole middleware chain in one thread.

    All middleware of the site is synchronous. Django would hop between thread and event loop around every async
    capable one, which costs more than most pages do.
    """

    def load_middleware(self, is_async: bool = False) -> None:
        """Build the synchronous chain, whatever the server is."""
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a request in the thread that belongs to it."""
        return await sync_to_async(self.get_response, thread_sensitive=True)(request)


def _application() -> Any:
    import django

    django.setup(set_prefix=False)

    from channels.auth import AuthMiddlewareStack
    from channels.routing import ProtocolTypeRouter, URLRouter

    from conversations.routing import websocket_urlpatterns

    from .origin import SameOrigin

    sockets = SameOrigin(AuthMiddlewareStack(URLRouter(websocket_urlpatterns)))
    return _under_site_path(ProtocolTypeRouter({"http": PageHandler(), "websocket": sockets}))


def _under_site_path(application: Application) -> Application:
    """Take the path's prefix from the settings, whether a proxy strips it or not.

    daphne would take it from the header Daphne-Root-Path of any client.
    """
    prefix = settings.FORCE_SCRIPT_NAME or ""

    async def serve(scope: dict[str, Any], receive: Any, send: Any) -> Any:
        found = prefix if scope["path"].startswith(prefix + "/") else ""
        return await application({**scope, "root_path": found}, receive, send)

    return serve


application = _application()
