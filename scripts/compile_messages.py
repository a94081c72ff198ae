"""Compiles message catalogues (.po → .mo beside it) with Babel: `compile_messages.py FILE.po …`."""

import sys
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po


def main(names: list[str]) -> None:
    """Compile each catalogue; an entry that is marked fuzzy stays untranslated, as gettext does it."""
    for path in map(Path, names):
        with path.open("rb") as source:
            catalogue = read_po(source, locale=path.parent.parent.name)
        with path.with_suffix(".mo").open("wb") as target:
            write_mo(target, catalogue)


if __name__ == "__main__":
    main(sys.argv[1:])
