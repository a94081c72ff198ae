"""What browsers get as static files: whole module graphs under hashed names, and little of it."""

import gzip
import re
import shutil
from pathlib import Path, PurePosixPath
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders

from chatsite import minify, modules, staticfiles
from tests.collected import HASHED, collect

HASHED_NAME = re.compile(r"\.[0-9a-f]{12}\.\w+$")
# Any string that looks like the address of a module or a sprite, whatever stands before it.
ADDRESS = re.compile(r"""["'`]([^"'`\s]*\.(?:js|mjs|svg))["'`]""")
# Imports that a module cannot do without; `import(…)` comes later, if at all.
STATIC_IMPORT = re.compile(r"""\b(?:from|import)\s*["']([^"']+\.js)["']""")
ENTRIES = ("js/chat.js", "js/page.js")

URL = re.compile(r"""url\(["']?([^"')]+)["']?\)""")


class Collected:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.names = collect(directory)

    def text(self, name: str) -> str:
        return (self.directory / name).read_text(encoding="utf-8")

    def graph(self, entry: str, pattern: re.Pattern[str]) -> set[str]:
        """Return the hashed names of the modules that `entry` leads to, itself among them."""
        seen: set[str] = set()
        waiting = {self.names[entry]}
        while waiting:
            name = waiting.pop()
            seen.add(name)
            if not name.endswith(".svg"):
                waiting |= {resolve(name, address) for address in pattern.findall(self.text(name))} - seen
        return seen

    def wire_size(self, names: set[str]) -> int:
        """Return the size in bytes of the files `names` as they are sent, compressed."""
        return sum(len(gzip.compress((self.directory / name).read_bytes())) for name in names)


def resolve(module: str, address: str) -> str:
    assert address.startswith("."), f"{module} imports {address}, which no browser can resolve"
    parts: list[str] = []
    for part in (PurePosixPath(module).parent / address).parts:
        parts = parts[:-1] if part == ".." else [*parts, part]
    return "/".join(parts)


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Collected:
    return Collected(tmp_path_factory.mktemp("static"))


def own_modules() -> list[str]:
    root = Path(settings.BASE_DIR, "static")
    return sorted(path.relative_to(root).as_posix() for path in root.glob("js/**/*.js"))


@pytest.mark.parametrize("module", own_modules())
def test_every_address_in_a_module_leads_to_a_hashed_file(collected: Collected, module: str) -> None:
    for name in collected.graph(module, ADDRESS):
        assert HASHED_NAME.search(name), f"{name} is not hashed"
        assert (collected.directory / name).is_file()


def test_the_first_load_needs_little_of_our_own(collected: Collected) -> None:
    loaded = set.union(*(collected.graph(entry, STATIC_IMPORT) for entry in ENTRIES))
    size = sum((collected.directory / name).stat().st_size for name in loaded)
    assert [name for name in loaded if not name.startswith("js/")] == []
    assert size <= 40_000, sorted(loaded)


def test_a_page_asks_at_once_for_all_modules_that_it_needs(collected: Collected, settings: Any) -> None:
    settings.STATIC_ROOT = collected.directory
    assert modules.needed_by("js/chat.js") == ()
    settings.STORAGES = HASHED
    assert set(modules.needed_by("js/chat.js")) == {
        f"{settings.STATIC_URL}{name}" for name in collected.graph("js/chat.js", STATIC_IMPORT)
    }


def test_own_modules_are_served_small(collected: Collected) -> None:
    for module in own_modules():
        text = collected.text(collected.names[module])
        assert len(text) < Path(settings.BASE_DIR, "static", module).stat().st_size, module


def test_without_node_modules_are_served_as_they_are_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.BASE_DIR = tmp_path
    monkeypatch.setattr(minify, "node", lambda: None)
    assert minify.minified({"js/a.js": "let one  =  1;"}) == {"js/a.js": "let one  =  1;"}
    (line,) = caplog.messages
    assert "as they are written" in line


def test_a_module_is_made_small_once(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "node_modules").mkdir()
    settings.BASE_DIR = tmp_path
    first = minify.minified({"js/a.js": "export const one  =  1; // why"})
    assert first == {"js/a.js": "export const one=1;"}
    monkeypatch.setattr(minify, "node", lambda: None)
    assert minify.minified({"js/a.js": "export const one  =  1; // why"}) == first


def test_highlighting_is_offered_for_the_collected_languages(collected: Collected) -> None:
    modules = collected.graph("js/markdown/highlight.js", ADDRESS)
    languages = {PurePosixPath(name).name.split(".")[0] for name in modules if "/languages/" in name}
    assert languages == set(staticfiles.LANGUAGES.split())


def test_style_of_formulas_leads_to_hashed_fonts(collected: Collected) -> None:
    style = collected.names["css/math.css"]
    assert style.removeprefix("css/") in collected.text(collected.names["js/markdown/formulas.js"])
    (katex,) = {resolve(style, f"./{address}") for address in URL.findall(collected.text(style))}
    fonts = {resolve(katex, f"./{address}") for address in URL.findall(collected.text(katex))}
    assert katex == collected.names["vendor/katex/katex.css"]
    assert fonts == {name for name in collected.names.values() if "/fonts/" in name}
    assert len(fonts) == len(staticfiles.MATH_FONTS.split())
    assert all(HASHED_NAME.search(name) and (collected.directory / name).is_file() for name in fonts)


def test_sprite_holds_every_icon_in_the_text_colour(collected: Collected) -> None:
    sprite = ET.fromstring(collected.text(collected.names["icons.svg"]))  # noqa: S314 made by the code under test
    assert [symbol.get("id") for symbol in sprite] == staticfiles.ICONS.split()
    assert {symbol.get("stroke") for symbol in sprite} == {"currentColor"}


def test_only_named_files_of_packages_are_offered() -> None:
    assert finders.find("vendor/markdown-it.js")
    assert finders.find("vendor/highlight/languages/python.js", find_all=True)
    for name in (
        "vendor/markdown-it/package.json",
        "vendor/../package.json",
        "vendor/highlight/languages/1c.js",
    ):
        assert not finders.find(name)


def test_files_are_collected_again_only_when_one_changed(tmp_path: Path, settings: Any) -> None:
    settings.STATICFILES_DIRS = [tmp_path / "own"]
    settings.STATIC_ROOT = tmp_path / "root"
    settings.STORAGES = HASHED
    style = tmp_path / "own" / "a.css"
    style.parent.mkdir()
    style.write_text("a { color: red }")
    assert staticfiles.collect_if_changed()
    assert not staticfiles.collect_if_changed()
    style.write_text("a { color: green }")
    assert staticfiles.collect_if_changed()
    assert len(list((tmp_path / "root").glob("a.*.css"))) == 2
    shutil.rmtree(tmp_path / "root")
    assert staticfiles.collect_if_changed()
