"""Which browser modules a page needs at once, so that its first lines can name all of them.

A browser finds the imports of a module when it has read it; Chromium was seen to ask for those of the first one
150 ms after it came, when the page had been painted. Links of the kind `modulepreload` let all come together:
https://html.spec.whatwg.org/multipage/links.html#link-type-modulepreload
"""

import functools
import posixpath
import re
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage

from .staticfiles import HashedStorage

# `import(…)`, with a bracket, is for what comes later.
IMPORT = re.compile(r"""\b(?:from|import)\s*["'](\.{1,2}/[^"']+)["']""")


def needed_by(entry: str) -> tuple[str, ...]:
    """Return the addresses of `entry` and of all modules that it cannot do without; none where files are served
    as they lie in the sources, as in tests and with DJANGO_DEBUG."""
    if settings.DEBUG or not isinstance(staticfiles_storage, HashedStorage):
        return ()
    names = _graph(Path(staticfiles_storage.location), staticfiles_storage.stored_name(entry))
    return tuple(f"{staticfiles_storage.base_url}{name}" for name in names)


@functools.cache
def _graph(root: Path, entry: str) -> tuple[str, ...]:
    """Return the names of collected files under `root`; they hold their content's hash, so they may be kept."""
    found: dict[str, None] = {}
    waiting = [entry]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found[name] = None
        text = Path(root, name).read_text(encoding="utf-8")
        folder = posixpath.dirname(name)
        waiting += [posixpath.normpath(posixpath.join(folder, path)) for path in IMPORT.findall(text)]
    return tuple(found)
