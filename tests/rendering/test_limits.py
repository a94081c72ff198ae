"""No text takes long, whatever its shape."""

import functools
import time

import pytest

from conversations.rendering import MAX_MARKDOWN, render

# How many times longer than for ordinary text of the same length; the worst shape takes about 14 times.
LIMIT = 60


def filled(piece: str) -> str:
    return piece * (MAX_MARKDOWN // len(piece))


SHAPES = {
    "emphasis": filled("*_a**b__"),
    "brackets": filled("[a"),
    "nested brackets": "[" * (MAX_MARKDOWN // 2) + "]" * (MAX_MARKDOWN // 2),
    "pictures": filled("!["),
    "backticks": "".join("`" * n + " " for n in range(1, 360)),
    "quotes": filled("> > > > > > > > > > a\n"),
    "lazy quote": "> " * 20 + "\n" + "a\n" * (MAX_MARKDOWN // 2 - 40),
    "nested lists": "\n".join("  " * depth + "- a" for depth in range(250)),
    "items": filled("- a\n\n"),
    "wide table": "|" + "a|" * 2000 + "\n|" + "-|" * 2000 + "\n" + "|x|\n" * 10_000,
    "completed cells": "|" * 257 + "\n" + "|-" * 256 + "|\n" + "|\n" * 20_000,
    "tables": filled("a|b\n-|x\n"),
    "definitions": "".join(f"[a{n}]: http://b\n" for n in range(4000)),
    "uses of a definition": "[a]: http://b\n\n" + filled("[a] "),
    "addresses": filled("http://a.b/)))))))))))))))))))))) "),
    "one address": "http://a/" + ")" * MAX_MARKDOWN,
    "terminal codes": filled("\x1b["),
    "entities": filled("&"),
    "angles": filled("<a "),
    "everything open": filled("**x _y ~~z `w [v]("),
    "dollars": filled("$a "),
    "formulas": filled("$a$ "),
    "openings": filled("\\("),
    "escaped closings": filled("\\(\\\\)"),
    "openings in code": filled("\\(`") + "\\)",
    "displayed openings": filled("a $$ "),
    "lines that may open": "x $$\n" + filled("$$a$$\n")[6:],
    "lines that open": filled("$$a\n\n"),
    "one open block": "$$\n" + filled("$a\n")[6:],
    "chinese": filled("**注意：**请"),
}


def timed(text: str) -> tuple[float, str]:
    """Return the processor time that rendering takes, and the HTML."""
    start = time.process_time()
    html = render(text[:MAX_MARKDOWN])
    return time.process_time() - start, html


@functools.cache
def ordinary_seconds() -> float:
    return timed(filled("An *ordinary* line of an answer, with `code` in it.\n\n"))[0]


@pytest.mark.parametrize("shape", SHAPES)
def test_time_for_the_longest_text(shape: str) -> None:
    seconds, html = timed(SHAPES[shape])
    assert seconds < LIMIT * ordinary_seconds()
    assert len(html) < 20 * MAX_MARKDOWN


def test_what_is_longer_is_plain_text() -> None:
    text = "**a**\n" * 20_000
    html = render(text)
    markdown = text[:MAX_MARKDOWN].rpartition("\n")[0].count("\n") + 1
    assert html.count("<strong>") == markdown
    assert html.endswith("**a**\n</div>")
    assert '<div class="plain">**a**\n' in html


def test_limit_counts_as_browsers_do() -> None:
    emoji = "😀" * (MAX_MARKDOWN // 2)
    assert "plain" not in render(emoji)
    assert render(emoji + "x").endswith('<div class="plain">x</div>')
