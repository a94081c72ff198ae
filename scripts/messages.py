"""Collects every translatable text into locale/, or checks that each has its translation (`--check`).

Babel reads the Python code; Django's own `templatize` turns templates into something that Babel reads as well
(https://docs.djangoproject.com/en/5.2/topics/i18n/translation/), so that GNU gettext is not needed.
The texts of the browser's modules are among them: they stand in conversations/js_strings.py.
"""

import argparse
import io
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
LOCALES = ("zh_Hans",)
HEADER = "# The texts of chatsite in another language; docs/glossary.md has the words to use."
FIRST_DATE = datetime(2026, 11, 22, tzinfo=UTC)
PYTHON_FOLDERS = ("chatsite", "conversations")
TEMPLATE_FOLDERS = ("templates", "conversations/templates")
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}


def sources() -> Iterator[tuple[Path, bytes]]:
    """Yield each file that holds texts, with its content as Python (or as what `templatize` makes of it)."""
    for folder in PYTHON_FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path, path.read_bytes()
    for folder in TEMPLATE_FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.*")):
            if path.suffix in {".html", ".txt"}:
                yield path, _as_python(path.read_text(encoding="utf-8")).encode()


def _as_python(template: str) -> str:
    """Return the template's texts as calls of gettext; its indentation would not be Python's."""
    return "\n".join(line.lstrip() for line in templatize(template).split("\n"))


def collected() -> Catalog:
    """Return the texts of the code and the templates, without translations."""
    texts = Catalog(project="chatsite", charset="utf-8", fuzzy=False)
    for path, content in sources():
        name = path.relative_to(ROOT).as_posix()
        found = extract("python", io.BytesIO(content), KEYWORDS, ("Translators:",), {"encoding": "utf-8"})
        for _line, message, comments, context in found:
            texts.add(message, locations=[(name, 0)], auto_comments=comments, context=context)
    return texts


def catalogue_path(locale: str) -> Path:
    """Return where the translations of `locale` stand."""
    return ROOT / "locale" / locale / "LC_MESSAGES" / "django.po"


def translations(locale: str) -> Catalog:
    """Return the catalogue of `locale` as it is now; an empty one when there is none."""
    path = catalogue_path(locale)
    if not path.exists():
        return Catalog(locale=locale, project="chatsite", charset="utf-8", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=locale)


def update(locale: str) -> None:
    """Write the catalogue of `locale` with the texts of today; what is translated stays."""
    catalogue = translations(locale)
    catalogue.update(collected(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    catalogue.fuzzy = False
    catalogue.header_comment = HEADER
    catalogue.last_translator = catalogue.language_team = "chatsite contributors"
    catalogue.msgid_bugs_address = ""
    # A date that changes with every run would be in everybody's way when branches meet.
    catalogue.creation_date = catalogue.revision_date = FIRST_DATE
    path = catalogue_path(locale)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalogue, width=100, sort_output=True, include_lineno=False, omit_header=False)


def problems(locale: str) -> list[str]:
    """Return a line for each text without a translation, and for each translation without its text."""
    have, want = translations(locale), collected()
    found = []
    for message in want:
        if not message.id:
            continue
        known = have.get(_key(message.id), message.context)
        parts = known.string if known and isinstance(known.string, tuple | list) else [known and known.string]
        if not known or known.fuzzy or not all(parts):
            found.append(f"{locale}: no translation of {message.id!r} ({message.locations[0][0]})")
        elif errors := [str(error) for error in known.check(have)]:
            found.append(f"{locale}: {message.id!r}: {'; '.join(errors)}")
    found += [
        f"{locale}: {message.id!r} is used nowhere: run `make messages`"
        for message in have
        if message.id and not want.get(_key(message.id), message.context)
    ]
    return found


def _key(message_id: str | tuple[str, ...] | list[str]) -> str:
    return message_id if isinstance(message_id, str) else message_id[0]


def main() -> None:
    """Update the catalogues, or check them and exit 1 with what is missing."""
    parser = argparse.ArgumentParser(description="Collect translatable texts into locale/.")
    parser.add_argument(
        "--check", action="store_true", help="change nothing; fail when a translation is missing"
    )
    arguments = parser.parse_args()
    settings.configure(USE_I18N=True)
    if not arguments.check:
        for locale in LOCALES:
            update(locale)
        return
    found = [line for locale in LOCALES for line in problems(locale)]
    print("\n".join(found))
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
