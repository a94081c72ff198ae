"""What a text is found by, and what somebody looks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.search.snippets import snippet
from conversations.search.tokens import MAX_INDEXED, tokens, wanted


@pytest.mark.parametrize(
    ("text", "found_by"),
    [
        ("春天来了", {"春", "天", "来", "了", "春天", "天来", "来了"}),
        ("Straße ＡＢＣ", {"strasse", "abc"}),
        ("ﾊﾟﾝ 한국", {"パ", "ン", "パン", "한", "국", "한국"}),
        ("用Python写", {"用", "python", "写"}),
        ("snake_case don't 3.14", {"snake", "case", "don", "t", "3", "14"}),
        ("x" * 60, {"x" * 40}),
        ("§c1 — “!?”", {"c1"}),
    ],
)
def test_what_a_text_is_found_by(text: str, found_by: set[str]) -> None:
    assert tokens(text) == found_by


def test_a_text_that_is_longer_than_any_index_takes_is_known_by_its_beginning() -> None:
    rare = "".join(map(chr, range(0x20000, 0x20000 + MAX_INDEXED // 2)))
    found = tokens(rare + rare[::-1] + "end")
    assert "end" not in found
    assert sum(len(token.encode()) for token in found) < 1_000_000


@pytest.mark.parametrize(
    ("query", "exact", "prefix"),
    [
        ("春天", ["春天"], ""),
        ("春", ["春"], ""),
        ("春天来", ["春天", "天来"], ""),
        ("quick sor", ["quick"], "sor"),
        ("quick sort ", ["quick", "sort"], ""),
        ("so", ["so"], ""),
        ("…  ", [], ""),
        ("a a A", ["a"], ""),
    ],
)
def test_what_is_looked_for(query: str, exact: list[str], prefix: str) -> None:
    looked_for = wanted(query)
    assert (looked_for.exact(), looked_for.prefix()) == (exact, prefix)


def shown(text: str, query: str) -> str | None:
    """A snippet with its matches in brackets."""
    pieces = snippet(text, wanted(query))
    if pieces is None:
        return None
    return "".join(f"[{piece.text}]" if piece.is_match else piece.text for piece in pieces)


@pytest.mark.parametrize(
    ("text", "query", "marked"),
    [
        ("今天是春天。", "春天", "今天是[春天]。"),
        ("天春", "春天", None),
        ("The QUICK fox", "quick", "The [QUICK] fox"),
        ("ＡＢＣ とﾊﾟﾝ", "abc パン", "[ＡＢＣ] と[ﾊﾟﾝ]"),
        ("春\u0301天", "春", "[春\u0301]天"),
        ("\u1112\u1161", "하", "[\u1112\u1161]"),
        ("Straße", "stras", "[Straß]e"),
        ("sorting and sorted", "sort", "[sort]ing and [sort]ed"),
        ("one two", "one three", None),
        ("Straße", "strasse", "[Straße]"),
        ("<b>bold</b>", "bold", "<b>[bold]</b>"),
        ("one`two`**three**", "two", "one [two] three"),
    ],
)
def test_the_match_is_marked_as_it_stands_in_the_text(text: str, query: str, marked: str | None) -> None:
    assert shown(text, query) == marked


def test_a_long_text_is_cut_around_its_first_match() -> None:
    found = shown("before " * 100 + "needle " + "after " * 100, "needle")
    assert found is not None
    assert found.startswith("…before")
    assert "[needle] after" in found
    assert found.endswith("…")
    assert len(found) < 250


@given(
    st.text(max_size=60) | st.text("0a春\u0301`*#>-|: \n", max_size=20),
    st.text(max_size=8) | st.sampled_from("0a春"),
)
def test_whatever_is_typed_and_found_is_marked(text: str, query: str) -> None:
    pieces = snippet(text, wanted(query))
    assert pieces is None or any(piece.is_match for piece in pieces)


def test_a_line_of_markdown_reads_as_a_line() -> None:
    text = "# Costs\n> **Plant** for $5\n\n| What |\n| --- |\n| `tulip` |"
    assert shown(text, "tulip") == "…Plant for $5 | What | | [tulip] |"


@given(st.text(alphabet="春天来了ab cAB", min_size=1, max_size=30), st.data())
def test_every_part_of_a_text_is_found_in_it(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    part = text[start : start + data.draw(st.integers(1, 6))]
    looked_for = wanted(f"{part} ")
    words = [word for word in part.lower().split() if word]
    whole = all(f" {word} " in f" {text.lower()} " for word in words)
    if looked_for.runs and whole:
        assert set(looked_for.exact()) <= tokens(text)
