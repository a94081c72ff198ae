"""What lets a browser install the site as an application: https://www.w3.org/TR/appmanifest/."""

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from conversations.context_processors import site

# --paper in static/css/tokens.css, light; pages name the colours of both themes themselves.
PAPER = "#fcfbf8"


@require_safe
def manifest(request: HttpRequest) -> JsonResponse:
    """Return the manifest in the person's language, for the path under which the site stands."""
    facts = {
        "id": settings.SITE_PREFIX,
        "name": "chatsite",
        "short_name": "chatsite",
        "description": _("Talk to language models on your own machine."),
        "lang": site(request)["html_lang"],
        "start_url": reverse("home"),
        "scope": settings.SITE_PREFIX,
        "display": "standalone",
        "background_color": PAPER,
        "theme_color": PAPER,
        "icons": [
            {"src": static("favicon.svg"), "sizes": "any", "type": "image/svg+xml"},
            _picture("192", 192),
            _picture("512", 512),
            {**_picture("maskable-512", 512), "purpose": "maskable"},
        ],
        "shortcuts": [{"name": _("New conversation"), "url": reverse("home")}],
    }
    return JsonResponse(facts, content_type="application/manifest+json")


def _picture(name: str, size: int) -> dict[str, str]:
    return {"src": static(f"icons/{name}.png"), "sizes": f"{size}x{size}", "type": "image/png"}
