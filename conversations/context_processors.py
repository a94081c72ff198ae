"""What every template knows of the site and of the person's preferences."""

import sys
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language

from .models import User

THEME_COOKIE = "theme"
HTML_LANGUAGES = {"zh-hans": "zh-Hans"}


def _python() -> str:
    """Return the interpreter to type in the site's directory, where its packages are."""
    path = Path(sys.executable)
    return str(path.relative_to(settings.BASE_DIR)) if path.is_relative_to(settings.BASE_DIR) else "python"


PYTHON = _python()


def theme(request: HttpRequest) -> str:
    """Return the theme of the person's account, or else the one that this browser remembers."""
    chosen = getattr(request, "theme", "") or request.COOKIES.get(THEME_COOKIE, "")
    return chosen if chosen in User.Theme.values else User.Theme.AUTO


def site(request: HttpRequest) -> dict[str, str]:
    """Return the page's language as HTML writes it, and its theme; and how to call Python."""
    language = get_language() or "en"
    return {
        "html_lang": HTML_LANGUAGES.get(language, language),
        "python": PYTHON,
        "theme": theme(request),
    }
