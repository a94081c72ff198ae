"""Static files that are not written here, and the names under which browsers get all of them.

Browser libraries are npm packages in `node_modules/`; whole, they are thousands of files, so only the files
named below are offered, under `vendor/`. Three files are made from them: the icon sprite, one module whose
import a browser could not resolve by itself, and KaTeX's style without fonts for browsers of the past.

The storage gives every file a name with its hash in it and rewrites the relative imports of the project's own
modules to match. Django's switch for that (`support_js_module_import_aggregation`) is not used: it passes
over imports that end without a semicolon, and takes any `import(…)` for a file, in minified libraries too.
"""

import hashlib
import os
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder, get_finders
from django.contrib.staticfiles.storage import HashedFilesMixin
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, InMemoryStorage, Storage
from django.core.management import call_command
from whitenoise.storage import CompressedManifestStaticFilesStorage

from . import minify

# Languages whose highlighting a page may load; static/js/markdown/highlight.js has the aliases.
LANGUAGES = (
    "bash c cpp csharp css dart diff dockerfile go graphql ini java javascript json kotlin latex lua"
    " makefile markdown nginx perl php powershell python r ruby rust scala scss shell sql swift typescript"
    " xml yaml"
)

# Icons in use, from https://lucide.dev, each a symbol of the sprite:
# <svg class="icon" aria-hidden="true"><use href="{% static 'icons.svg' %}#send"></use></svg>
ICONS = (
    "arrow-down arrow-left arrow-up bookmark brain check chevron-down chevron-left chevron-right circle-alert copy"
    " corner-down-right ellipsis ellipsis-vertical file-text info keyboard languages loader log-in log-out"
    " menu message-square mic monitor moon panel-left paperclip pencil plus refresh-cw rotate-ccw search"
    " send settings-2 share shield sliders-horizontal smartphone square sun text-search thumbs-down"
    " thumbs-up trash-2 user volume-2 wifi-off x"
    " archive archive-restore pin pin-off"
)

# KaTeX's fonts; a page loads those that its formulas use.
MATH_FONTS = (
    "AMS-Regular Caligraphic-Bold Caligraphic-Regular Fraktur-Bold Fraktur-Regular Main-Bold Main-BoldItalic"
    " Main-Italic Main-Regular Math-BoldItalic Math-Italic SansSerif-Bold SansSerif-Italic SansSerif-Regular"
    " Script-Regular Size1-Regular Size2-Regular Size3-Regular Size4-Regular Typewriter-Regular"
)

EAST_ASIAN_WIDTH = "get-east-asian-width"

# Name under which a browser gets a file → the file in node_modules.
VENDOR_FILES = {
    "vendor/markdown-it.js": "markdown-it/dist/browser/markdown-it.esm.min.mjs",
    "vendor/highlight/core.js": "@highlightjs/cdn-assets/es/core.min.js",
    **{
        f"vendor/highlight/languages/{name}.js": f"@highlightjs/cdn-assets/es/languages/{name}.min.js"
        for name in LANGUAGES.split()
    },
    "vendor/katex/katex.js": "katex/dist/katex.min.js",
    **{
        f"vendor/katex/fonts/KaTeX_{name}.woff2": f"katex/dist/fonts/KaTeX_{name}.woff2"
        for name in MATH_FONTS.split()
    },
    **{
        f"vendor/{EAST_ASIAN_WIDTH}/{name}.js": f"{EAST_ASIAN_WIDTH}/{name}.js"
        for name in ("index", "lookup", "lookup-data", "utilities")
    },
}

SVG = "http://www.w3.org/2000/svg"


def node_module(name: str) -> Path:
    """Return the path of `name` in node_modules; raises ImproperlyConfigured when it is not installed."""
    path = Path(settings.BASE_DIR, "node_modules", name)
    if not path.is_file():
        raise ImproperlyConfigured(f"{path} is missing: run `npm ci --omit=dev` in {settings.BASE_DIR}.")
    return path


def icon_sprite() -> str:
    """Return one SVG file with a `<symbol>` for every icon in use."""
    ET.register_namespace("", SVG)
    sprite = ET.Element(f"{{{SVG}}}svg")
    for name in ICONS.split():
        icon = ET.parse(node_module(f"lucide-static/icons/{name}.svg")).getroot()  # noqa: S314 a locked package
        symbol = ET.SubElement(sprite, f"{{{SVG}}}symbol", id=name)
        for attribute in ("viewBox", "fill", "stroke", "stroke-width", "stroke-linecap", "stroke-linejoin"):
            symbol.set(attribute, icon.attrib[attribute])
        symbol.extend(icon)
    return ET.tostring(sprite, encoding="unicode")


def cjk_friendly_module() -> str:
    """Return markdown-it-cjk-friendly with its one bare import made relative, as browsers need it."""
    source = node_module("markdown-it-cjk-friendly/dist/index.js").read_text(encoding="utf-8")
    return source.replace(f'from "{EAST_ASIAN_WIDTH}"', f'from "./{EAST_ASIAN_WIDTH}/index.js"')


def katex_style() -> str:
    """Return KaTeX's style, in which each font is one file: WOFF2, which every browser in use reads."""
    source = node_module("katex/dist/katex.min.css").read_text(encoding="utf-8")
    return re.sub(r',url\([^)]*\.(?:woff|ttf)\) format\("\w+"\)', "", source)


MADE_FILES: dict[str, Callable[[], str]] = {
    "icons.svg": icon_sprite,
    "vendor/katex/katex.css": katex_style,
    "vendor/markdown-it-cjk-friendly.js": cjk_friendly_module,
}


def build_dir() -> Path:
    """Return the directory of the files that are made."""
    return Path(settings.DATA_DIR, "build")


def make_file(name: str) -> Path:
    """Write the made file `name` unless it stands there already as it should, and return its path."""
    path = build_dir() / name
    content = MADE_FILES[name]().encode()
    if not path.is_file() or path.read_bytes() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Another process may be reading or making the same file.
        temporary = path.with_name(f"{path.name}.{os.getpid()}")
        temporary.write_bytes(content)
        temporary.replace(path)
    return path


class VendorStorage(FileSystemStorage):
    """The named files as a read-only storage: names are the browser's, paths lead into packages."""

    def path(self, name: str) -> str:
        """Return where the file called `name` lies; raises KeyError for a name that is not offered."""
        return str(make_file(name) if name in MADE_FILES else node_module(VENDOR_FILES[name]))


class VendorFinder(BaseFinder):
    """Finder of Django's staticfiles for the libraries' files that are named here, and no others."""

    storage = VendorStorage()

    def check(self, **kwargs: Any) -> list[Any]:
        """Return no messages: what is missing is named when it is looked for."""
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        """Return the path of the file called `path`, or an empty list (also the shape for `find_all`)."""
        if path not in VENDOR_FILES and path not in MADE_FILES:
            return []
        found = self.storage.path(path)
        return [found] if find_all else found

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Storage]]:
        """Yield every name offered, with the storage that holds it."""
        for name in (*VENDOR_FILES, *MADE_FILES):
            yield name, self.storage


# Static and dynamic imports, re-exports, and `new URL("../icons.svg", import.meta.url)`; relative ones only.
IMPORT = (
    r"""(?P<matched>(?P<before>\b(?:from|import)\s*\(?\s*["']|\bnew\s+URL\(\s*["'])(?P<url>\.{1,2}/[^"'?#]+))""",
    "%(before)s%(url)s",
)


class HashedStorage(CompressedManifestStaticFilesStorage):
    """Hashed and compressed names for all files, own modules made small, the imports between modules rewritten."""

    # Libraries are taken as they are but for the two that import others: scanning them costs time, and their
    # source maps are not served.
    patterns = (
        *(rule for rule in HashedFilesMixin.patterns if rule[0] == "*.css"),
        ("js/*.js", (IMPORT,)),
        ("vendor/markdown-it-cjk-friendly.js", (IMPORT,)),
        (f"vendor/{EAST_ASIAN_WIDTH}/*.js", (IMPORT,)),
    )
    # One pass per link of the longest chain of imports, as a module's hash depends on those it imports.
    max_post_process_passes = 20
    keep_intermediate_files = False

    def post_process(self, paths: dict[str, Any], *args: Any, **options: Any) -> Iterator[Any]:
        """Go through the collected files (name → storage and path) as Django does, own modules made small before."""
        return super().post_process(paths | small_modules(paths), *args, **options)


def small_modules(paths: dict[str, Any]) -> dict[str, tuple[Storage, str]]:
    """Return for each of the project's own modules in `paths` where its small form is."""
    sources = {}
    for name, (storage, path) in paths.items():
        if fnmatch(name.replace(os.sep, "/"), "js/*.js"):
            with storage.open(path) as file:
                sources[name] = file.read().decode()
    small = InMemoryStorage()
    return {
        name: (small, small.save(name, ContentFile(code))) for name, code in minify.minified(sources).items()
    }


def fingerprint() -> str:
    """Return a digest of the names, sizes and times of all static files, and of the rules above."""
    digest = hashlib.sha256(Path(__file__).read_bytes() + minify.SCRIPT.read_bytes())
    for finder in get_finders():
        for name, storage in finder.list(None):
            status = os.stat(storage.path(name))
            digest.update(f"{name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def collect_if_changed() -> bool:
    """Collect the static files when one has changed since the last time, and return whether it did."""
    stamp = Path(settings.STATIC_ROOT, "collected.txt")
    now = fingerprint()
    if stamp.is_file() and stamp.read_text(encoding="ascii") == now:
        return False
    call_command("collectstatic", interactive=False, verbosity=0)
    stamp.write_text(now, encoding="ascii")
    return True
