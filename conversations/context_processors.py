"""What every template knows of the site and of the person's preferences."""

from django.http import HttpRequest
from django.utils.translation import get_language

THEMES = ("auto", "light", "dark")
HTML_LANGUAGES = {"zh-hans": "zh-Hans"}


def site(request: HttpRequest) -> dict[str, str]:
    """Return the page's language as HTML writes it, and the theme that the person chose."""
    language = get_language() or "en"
    theme = request.COOKIES.get("theme", "")
    return {
        "html_lang": HTML_LANGUAGES.get(language, language),
        "theme": theme if theme in THEMES else "auto",
    }
