"""What lets a browser install the site."""

import re
from io import BytesIO
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test.utils import override_script_prefix
from PIL import Image

TOKENS = Path(settings.BASE_DIR, "static/css/tokens.css").read_text(encoding="utf-8")


@pytest.fixture
def manifest(client):
    """Return what the site says in a language."""

    def read(language: str = "en"):
        answer = client.get("/manifest.webmanifest", headers={"Accept-Language": language})
        assert answer["Content-Type"] == "application/manifest+json"
        return answer.json()

    return read


def _picture(address: str) -> Image.Image:
    path = finders.find(address.removeprefix(settings.STATIC_URL))
    assert path
    return Image.open(BytesIO(Path(path).read_bytes()))


def test_there_is_a_picture_for_every_system_in_the_size_it_says(manifest):
    pictures = [icon for icon in manifest()["icons"] if icon["type"] == "image/png"]
    assert {icon["sizes"] for icon in pictures} == {"192x192", "512x512"}
    for icon in pictures:
        picture = _picture(icon["src"])
        assert "x".join(map(str, picture.size)) == icon["sizes"]
        # A system cuts what is maskable into its own shape, so that has no corners.
        least_opaque, _ = picture.getchannel("A").getextrema()
        assert (least_opaque == 255) == (icon.get("purpose") == "maskable")


def test_it_stands_in_the_language_of_the_person(manifest):
    assert manifest()["lang"] == "en"
    assert manifest("zh-CN")["lang"] == "zh-Hans"
    assert manifest("zh-CN")["shortcuts"][0]["name"] == "新对话"


def test_it_stays_below_the_path_of_the_site(manifest, settings):
    settings.SITE_PREFIX = "/chat/"
    with override_script_prefix("/chat/"):
        found = manifest()
    assert {found[name] for name in ("id", "scope", "start_url")} == {"/chat/"}


@pytest.mark.parametrize("theme", ["auto", "light", "dark"])
def test_the_colour_of_the_window_is_that_of_the_page(client, manifest, theme):
    light, dark = re.findall(r"--paper: light-dark\((#\w+), (#\w+)\)", TOKENS)[0]
    client.cookies["theme"] = theme
    html = client.get("/").content.decode()
    named = re.findall(r'name="theme-color" content="(#\w+)"', html)
    assert named == {"auto": [light, dark], "light": [light], "dark": [dark]}[theme]
    assert manifest()["background_color"] == light
