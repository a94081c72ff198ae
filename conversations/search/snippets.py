"""Where in a text the words stand that were looked for, and the lines around them."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import regex

from .tokens import MAX_INDEXED, Run, Wanted, fold, runs

# Characters around the first match.
_BEFORE = 40
_AFTER = 140
# What folding may make one character of: one with its marks, parts of a Korean syllable, half-width kana with its sign.
_CLUSTER = regex.compile(r"\X[\p{M}\uff9e\uff9f]*")
_BLANKS = re.compile(r"\s+")
# Of Markdown, what would be in the way of reading a line, and is no part of what people write otherwise.
_MARKS = re.compile(r"\*\*|`+|^\s*(?:#{1,6}|>|[-*])\s|^[|\s:-]*---[|\s:-]*$", re.M)
# Without these two words would be one.
_BETWEEN = regex.compile(r"(?<=[\p{L}\p{N}\p{M}])(?:\*\*|`)+(?=[\p{L}\p{N}\p{M}])")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a snippet, and whether it was looked for."""

    text: str
    is_match: bool = False


def snippet(text: str, wanted: Wanted) -> list[Piece] | None:
    """Return the words around the first match; None where `text` does not hold all that is wanted.

    The index finds more than that: characters that stand together in what is looked for, but not in the text.
    """
    text = text[:MAX_INDEXED]
    folded = fold(text)
    first: dict[Run, int] = {}
    for run, start, _ in _matches(folded, wanted):
        first.setdefault(run, start)
    if not first or len(first) < len(wanted.runs):
        return None
    # The folded text may be longer or shorter than the text.
    place = bisect_left(range(len(text)), min(first.values()), key=lambda end: len(fold(text[:end])))
    return marked(_around(text, place), wanted)


def marked(text: str, wanted: Wanted) -> list[Piece]:
    """Return all of a short text in pieces."""
    folded, starts, ends = _folded_with_places(text)
    pieces: list[Piece] = []
    done = 0
    for start, end in _joined((starts[start], ends[end - 1]) for _, start, end in _matches(folded, wanted)):
        pieces += [Piece(text[done:start])] if start > done else []
        pieces.append(Piece(text[start:end], is_match=True))
        done = end
    return [*pieces, Piece(text[done:])] if done < len(text) else pieces


def _matches(folded: str, wanted: Wanted) -> Iterator[tuple[Run, int, int]]:
    """Yield what was looked for as it stands in a folded text: (what, start, end), in order of the runs there."""
    typed = wanted.runs[-1] if wanted.is_unfinished else None
    for found, start in _placed(folded):
        for run in wanted.runs:
            if run.is_east_asian != found.is_east_asian:
                continue
            if run.is_east_asian:
                yield from (
                    (run, start + at, start + at + len(run.text)) for at in _all(found.text, run.text)
                )
            elif found.tokens() == run.tokens():
                yield run, start, start + len(found.text)
            elif run is typed and found.text.startswith(run.text):
                yield run, start, start + len(run.text)


def _placed(folded: str) -> Iterator[tuple[Run, int]]:
    at = 0
    for run in runs(folded):
        at = folded.index(run.text, at)
        yield run, at
        at += len(run.text)


def _all(text: str, part: str) -> Iterator[int]:
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + 1)


def _around(text: str, place: int) -> str:
    """Return the text from a little before `place`, on one line, with dots where it goes on."""
    start = max(0, place - _BEFORE)
    blank = _BLANKS.search(text, start, place) if start else None
    start = blank.end() if blank else start
    end = min(len(text), place + _AFTER)
    unmarked = _MARKS.sub("", _BETWEEN.sub(" ", text[start:end]))
    line = _BLANKS.sub(" ", unmarked).strip()
    return f"{'…' if start else ''}{line}{'…' if end < len(text) else ''}"


@lru_cache(maxsize=4096)
def _fold_cluster(cluster: str) -> str:
    return fold(cluster)


def _folded_with_places(text: str) -> tuple[str, Sequence[int], Sequence[int]]:
    """Return the folded text, and where in `text` that begins and ends of which each of its characters is a part."""
    folded: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for found in _CLUSTER.finditer(text):
        part = _fold_cluster(found.group())
        folded.append(part)
        starts.extend([found.start()] * len(part))
        ends.extend([found.end()] * len(part))
    return "".join(folded), starts, ends


def _joined(spans: Iterator[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return spans in order, those that touch or overlap as one."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        elif end > start:
            joined.append((start, end))
    return joined
