"""What a text can be found by: one tokenizer for every database, and for what is looked for.

Databases cut Chinese text badly or not at all (SQLite's trigrams need three characters, PostgreSQL's know ASCII alone
under the C locale). Here Han, kana and hangul characters are tokens one by one and in pairs, everything else is cut
into words, and capitals and widths are folded: https://www.unicode.org/reports/tr15/ (NFKC).
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import regex

# Characters; what lies further back in a text is not found. PostgreSQL takes 1 MB of tokens for a row
# (https://www.postgresql.org/docs/current/textsearch-limitations.html): so many of four bytes each, alone and in pairs.
MAX_INDEXED = 80_000
# Characters; longer words, such as encoded data, are known by their beginning.
_MAX_TOKEN = 40
# What is typed of a word: one letter begins too many to mean anything, and SQLite's index has beginnings of up to 8.
_PREFIX_FROM, _PREFIX_TO = 3, 8

_EAST_ASIAN = r"\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}ー"
_RUN = regex.compile(rf"(?P<east>[{_EAST_ASIAN}]+)|[[\p{{L}}\p{{N}}\p{{M}}]--[{_EAST_ASIAN}]]+", regex.V1)


def fold(text: str) -> str:
    """Return the text without the differences that nobody looks for: of case and of width."""
    return unicodedata.normalize("NFKC", text).casefold()


@dataclass(frozen=True, slots=True)
class Run:
    """Characters that stand together in a folded text: a word, or East Asian text, which has no gaps."""

    text: str
    is_east_asian: bool

    def tokens(self) -> list[str]:
        """Return what the index holds of it where it is looked for."""
        if not self.is_east_asian:
            return [self.text[:_MAX_TOKEN]]
        return _pairs(self.text) or [self.text]


def runs(folded: str) -> Iterator[Run]:
    """Cut a folded text."""
    for found in _RUN.finditer(folded):
        yield Run(found.group(), found.group("east") is not None)


def _pairs(text: str) -> list[str]:
    return list(map(str.__add__, text, text[1:]))


def tokens(text: str) -> set[str]:
    """Return what `text` is found by."""
    found: set[str] = set()
    for run in runs(fold(text[:MAX_INDEXED])[:MAX_INDEXED]):
        found.update(run.tokens())
        if run.is_east_asian:
            found.update(run.text)
    return found


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody looks for: all of `runs`, of which the last may be the beginning of a word that is being typed."""

    runs: tuple[Run, ...]
    is_unfinished: bool

    def exact(self) -> list[str]:
        """Return the tokens that a text must have, each once."""
        whole = self.runs[:-1] if self.is_unfinished else self.runs
        return list(dict.fromkeys(token for run in whole for token in run.tokens()))

    def prefix(self) -> str:
        """Return how one of its tokens must begin; empty where nothing is being typed."""
        return self.runs[-1].text[:_PREFIX_TO] if self.is_unfinished else ""


def wanted(query: str) -> Wanted:
    """Return what `query` looks for; without runs where it holds nothing that could be found."""
    folded = fold(query)
    found = tuple(dict.fromkeys(runs(folded)))
    last = found[-1] if found else None
    is_typed = last is not None and not last.is_east_asian and folded.endswith(last.text)
    return Wanted(found, is_typed and last is not None and _PREFIX_FROM <= len(last.text) < _MAX_TOKEN)
