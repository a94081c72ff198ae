"""How requests and sockets reach the site."""

import os
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.db import close_old_connections
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from .site_path import UnderSitePath, is_of_api

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")


# Pages wait for the database and for passwords to be hashed; more at once would only wait for the processor.
_PAGE_THREADS = 8


class PageHandler(ASGIHandler):
    """Runs the whole middleware chain in one of a few threads, which keep their database connections.

    All middleware of the site is synchronous. Django would hop between thread and event loop around every async
    capable one, and make a thread with a new connection for each page: both cost more than most pages do.
    """

    def __init__(self) -> None:
        super().__init__()
        self._threads = ThreadPoolExecutor(_PAGE_THREADS, thread_name_prefix="page")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request; without the thread of its own that Django makes for each."""
        await self.handle(scope, receive, send)

    def load_middleware(self, is_async: bool = False) -> None:
        """Build the synchronous chain, whatever the server is."""
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a request in one of the threads."""
        respond = sync_to_async(self._respond, thread_sensitive=False, executor=self._threads)
        return await respond(request)

    def _respond(self, request: HttpRequest) -> HttpResponseBase:
        close_old_connections()
        return self.get_response(request)


class _PagesAndApi:
    """Hands a request on to what answers its address."""

    def __init__(self, pages: ASGIHandler, api: Callable[..., Awaitable[None]]) -> None:
        self._pages = pages
        self._api = api

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await (self._api if is_of_api(scope["path"]) else self._pages)(scope, receive, send)


def _application() -> Any:
    import django

    django.setup(set_prefix=False)

    from channels.routing import ProtocolTypeRouter, URLRouter

    from conversations.api.application import Api
    from conversations.routing import websocket_urlpatterns
    from conversations.sessions import LoggedIn

    from .origin import SameOrigin

    sockets = SameOrigin(LoggedIn(URLRouter(websocket_urlpatterns)))
    requests = _PagesAndApi(PageHandler(), Api())
    return UnderSitePath(ProtocolTypeRouter({"http": requests, "websocket": sockets}))


application = _application()
