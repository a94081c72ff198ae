"""Rows as files for other programs, made while they are sent: CSV for spreadsheets, JSON Lines for scripts.

Spreadsheets take a text that begins like a formula for one, whoever wrote it
(https://owasp.org/www-community/attacks/CSV_Injection): such a cell begins with an apostrophe here. JSON Lines have
everything as it is.
"""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from conversations.rendering.characters import clean

# By it Excel knows that the file is UTF-8.
_MARK = "\ufeff"
# Full-width ones, too: some spreadsheets take them for the same.
_BEGIN_FORMULAS = frozenset("=+-@|%\uff1d\uff0b\uff0d\uff20")
_TOGETHER = 200
TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson; charset=utf-8"}

Row = Mapping[str, Any]


def pieces(kind: str, names: Sequence[str], rows: Iterable[Row]) -> Iterator[bytes]:
    """Yield the file of `kind` ("csv" or "jsonl") with the columns `names` of all `rows`."""
    return _csv(names, rows) if kind == "csv" else _jsonl(names, rows)


class _Lines(list[str]):
    """Where the csv module writes."""

    def write(self, line: str) -> None:
        self.append(line)

    def take(self) -> bytes:
        text = "".join(self)
        self.clear()
        return text.encode("utf-8", "replace")


def _csv(names: Sequence[str], rows: Iterable[Row]) -> Iterator[bytes]:
    lines = _Lines([_MARK])
    writer = csv.writer(lines, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(names)
    for row in rows:
        writer.writerow([cell(row[name]) for name in names])
        if len(lines) >= _TOGETHER:
            yield lines.take()
    yield lines.take()


def cell(value: Any) -> Any:
    """Return a value as a cell of a CSV file holds it: no formula, no control character."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict | list):
        value = json.dumps(value, ensure_ascii=False)
    text = clean(str(value))
    return f"'{text}" if text.lstrip()[:1] in _BEGIN_FORMULAS else text


def _jsonl(names: Sequence[str], rows: Iterable[Row]) -> Iterator[bytes]:
    lines = _Lines()
    for row in rows:
        values = {name: row[name] for name in names}
        lines.write(json.dumps(values, ensure_ascii=False, default=_plain) + "\n")
        if len(lines) >= _TOGETHER:
            yield lines.take()
    yield lines.take()


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} is no value of a table")
