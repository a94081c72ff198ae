"""In which language a socket speaks to its person."""

from types import SimpleNamespace
from typing import Any

from django.utils import translation

from .models import User


def language_of(user: User, scope: dict[str, Any]) -> str:
    """Return the language that the person chose, or else what their browser asks for (`scope`: ASGI's)."""
    if user.language:
        return user.language
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    request = SimpleNamespace(
        COOKIES=scope["cookies"], META={"HTTP_ACCEPT_LANGUAGE": headers.get("accept-language", "")}
    )
    return translation.get_language_from_request(request)  # type: ignore[arg-type] # all that it reads
