"""How requests and sockets reach the site."""

import os
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase

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

    from channels.routing import ProtocolTypeRouter, URLRouter

    from conversations.routing import websocket_urlpatterns
    from conversations.sessions import LoggedIn

    from .origin import SameOrigin
    from .site_path import UnderSitePath

    sockets = SameOrigin(LoggedIn(URLRouter(websocket_urlpatterns)))
    return UnderSitePath(ProtocolTypeRouter({"http": PageHandler(), "websocket": sockets}))


application = _application()
