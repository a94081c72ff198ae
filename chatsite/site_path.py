"""The path under which a proxy shows the site."""

from typing import Any

from django.conf import settings

from .origin import Application


class UnderSitePath:
    """Takes the prefix of every path from the settings, whether a proxy strips it or not.

    daphne would take it from the header `Daphne-Root-Path` of any client
    (https://github.com/django/daphne/blob/main/daphne/http_protocol.py).
    """

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        """Hand the request on with the true prefix."""
        prefix = settings.FORCE_SCRIPT_NAME or ""
        found = prefix if scope["path"].startswith(prefix + "/") else ""
        return await self._application({**scope, "root_path": found}, receive, send)


def is_of_api(path: str) -> bool:
    """Return whether a request's path belongs to the API; a proxy hands on the site's path, or leaves it out."""
    return path.startswith(("/api/", f"{settings.SITE_PREFIX}api/"))
