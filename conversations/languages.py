"""In which language the site speaks to a person outside its pages."""

from collections.abc import Mapping
from types import SimpleNamespace

from django.utils import translation

from .models import User


def language_of(user: User | None, accepted: str, cookies: Mapping[str, str]) -> str:
    """Return the language that the person chose, or else what their browser or program asks for.

    `accepted` is the header Accept-Language.
    """
    if user is not None and user.language:
        return user.language
    request = SimpleNamespace(COOKIES=cookies, META={"HTTP_ACCEPT_LANGUAGE": accepted})
    return translation.get_language_from_request(request)  # type: ignore[arg-type] # all that it reads
