"""Pictures of the chat page in its main states: `python -m tests.browser.screenshots [folder]`.

In both languages, in light and dark, on a desktop and on a phone. The site and Chromium are real, Ollama is scripted.
"""

import sys
import tempfile
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from tests.scripted_ollama import ScriptedOllama, model
from tests.site import Site

from .chat import Chat
from .conftest import ARGUMENTS, PATIENCE_MS, find_chromium
from .states import CHINESE, ENGLISH, states

ABLE = "qwen3-vl:4b"
FOLDER = Path("var/screenshots")
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
# Language, theme and size: each of two in two looks of four.
LOOKS: list[tuple[str, Literal["light", "dark"], dict[str, Any]]] = [
    ("en", "light", DESKTOP),
    ("zh-CN", "dark", DESKTOP),
    ("zh-CN", "light", PHONE),
    ("en", "dark", PHONE),
]


def take(browser: Browser, site: Site, ollama: ScriptedOllama, folder: Path) -> None:
    """Write one picture for each state and look."""
    for language, theme, size in LOOKS:
        context = browser.new_context(
            base_url=site.url, locale=language, color_scheme=theme, reduced_motion="reduce", **size
        )
        log_in(context, site)
        other, chat = (Chat(context.new_page()).open() for _ in range(2))
        words = ENGLISH if language == "en" else CHINESE
        name = f"{language}-{theme}-{'desktop' if size is DESKTOP else 'phone'}"
        for state in states(chat, other, ollama, ABLE, words):
            write(chat, folder / f"{state}-{name}.png")


def log_in(context: BrowserContext, site: Site) -> None:
    """Give the browser a session."""
    with closing(site.log_in("anna")) as client:
        context.add_cookies(
            [{"name": name, "value": value, "url": site.url} for name, value in client.cookies.items()]
        )


def write(chat: Chat, path: Path) -> None:
    """Write the window as it is, in 256 colours: a fifth of the bytes."""
    with Image.open(BytesIO(chat.page.screenshot(animations="disabled"))) as picture:
        picture.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
    print(path)


def main() -> None:
    """Take all pictures."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=PATIENCE_MS)
    with ScriptedOllama() as ollama, tempfile.TemporaryDirectory() as data:
        able = model(ABLE, size=3_300_000_000, capabilities=["completion", "vision", "thinking"])
        ollama.models = [able, model("internlm2:1.8b")]
        with Site(Path(data), ollama.base_url) as site, sync_playwright() as driver:
            site.add_user("anna", admin=True)
            browser = driver.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
            take(browser, site, ollama, folder)
            browser.close()


if __name__ == "__main__":
    main()
