"""A site under a path: where its addresses begin is the settings' to say, never the client's."""

from typing import Any

import pytest

from chatsite.site_path import UnderSitePath


@pytest.mark.parametrize(
    ("site_path", "path", "prefix"),
    [
        ("/chat", "/chat/ws/conversations/x/", "/chat"),
        ("/chat", "/ws/conversations/x/", ""),
        ("/chat", "/chatter/", ""),
        (None, "/ws/conversations/x/", ""),
    ],
    ids=["passed on whole", "stripped by the proxy", "another path", "at the root"],
)
async def test_the_prefix_comes_from_the_settings(settings, site_path, path, prefix):
    async def application(scope: dict[str, Any], _receive: Any, _send: Any) -> str:
        return scope["root_path"]

    settings.FORCE_SCRIPT_NAME = site_path
    serve = UnderSitePath(application)
    assert await serve({"path": path, "root_path": "/clients/own"}, None, None) == prefix
