"""What every template knows of the site and of the person's preferences."""

import sys
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language

THEMES = ("auto", "light", "dark")
HTML_LANGUAGES = {"zh-hans": "zh-Hans"}


def _python() -> str:
    """Return the interpreter to type in the site's directory, where its packages are."""
    path = Path(sys.executable)
    return str(path.relative_to(settings.BASE_DIR)) if path.is_relative_to(settings.BASE_DIR) else "python"


PYTHON = _python()


def site(request: HttpRequest) -> dict[str, str]:
    """Return the page's language as HTML writes it, and the theme that the person chose; and how to call Python."""
    language = get_language() or "en"
    theme = request.COOKIES.get("theme", "")
    return {
        "html_lang": HTML_LANGUAGES.get(language, language),
        "python": PYTHON,
        "theme": theme if theme in THEMES else "auto",
    }
