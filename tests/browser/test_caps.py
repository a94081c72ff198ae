"""What is drawn richly has bounds: just under one it is, just over it is plain text, live and from history alike."""

import pytest

from conversations.rendering import MAX_MARKDOWN, render

from .test_markdown import ALL_DRAWN, Tab, address, drawing, tab

__all__ = ["address", "drawing", "tab"]


def fenced(language: str, length: int) -> str:
    """Return code of `length` characters that has something to colour at both its ends."""
    return f"```{language}\nreturn 1;" + "x" * (length - 20) + "\nreturn 1;\n```\n\n"


def displayed(source: str) -> str:
    return f"$$\n{source}\n$$\n\n"


def _draw_both(tab: Tab, text: str) -> None:
    tab.write(text, 5000)
    tab.show(render(text))


def test_code_is_coloured_to_its_bound_and_in_known_languages_only(tab: Tab) -> None:
    cases = [("js", 20_481), ("nosuch", 40), ("", 40), ("constructor", 40), ("js", 20_480)]
    _draw_both(tab, "".join(fenced(*case) for case in cases))
    for place in ("live", "stored"):
        codes = tab.page.locator(f"#{place} pre.code")
        codes.last.locator(".hljs-keyword").first.wait_for()
        lengths = [len(text) for text in codes.locator("code").all_text_contents()]
        assert lengths == [length for _, length in cases]
        coloured = codes.evaluate_all(
            "(all) => all.map((one) => one.querySelector('[class^=hljs]') !== null)"
        )
        assert coloured == [False, False, False, False, True]
    assert tab.complaints == []


# Formulas on either side of a bound; those beyond it stay as they were written.
DRAWN = ["x" * 2048, r"\def\x{y}" + r"\x" * 199, r"\rule{9em}{1em}"]
PLAIN = ["x" * 2049, r"\def\x{y}" + r"\x" * 201, r"\def\x{\x\x}\x"]


def test_formulas_are_drawn_to_their_bounds(tab: Tab) -> None:
    _draw_both(tab, "".join(displayed(source) for source in [*PLAIN, *DRAWN]))
    for place in ("live", "stored"):
        formulas = tab.page.locator(f"#{place} .math")
        formulas.last.locator(".katex").wait_for()
        drawn = formulas.evaluate_all("(all) => all.map((one) => one.querySelector('.katex') !== null)")
        assert drawn == [False] * len(PLAIN) + [True] * len(DRAWN)
        assert formulas.locator("> code").all_text_contents() == PLAIN
    assert tab.complaints == []


def test_sizes_in_formulas_end_at_ten(tab: Tab) -> None:
    wide = [displayed(rf"\rule{{{size}em}}{{1em}}") for size in (10, 11, 500)]
    _draw_both(tab, "".join(wide))
    tab.page.wait_for_function(ALL_DRAWN, arg="stored")
    widths = tab.page.locator("#stored .katex-rule").evaluate_all(
        "(all) => all.map((one) => one.style.borderRightWidth)"
    )
    assert widths == ["10em"] * 3


@pytest.mark.parametrize(
    "line", ["word **bold** `code` $x$ [a](https://b.example) 中文，", "*a [b `c ", "x" * 50]
)
def test_one_long_paragraph_leaves_room_for_the_page(tab: Tab, line: str) -> None:
    # The whole open paragraph is parsed with each draw: the longer one takes, the rarer they become.
    text = (line * (MAX_MARKDOWN // len(line) + 1))[:MAX_MARKDOWN]
    cost, draws, span = tab.page.evaluate(
        """async (text) => {
          const place = document.getElementById("live");
          const live = new markdown.LiveMarkdown(place);
          const early = text.length - 40 * 64;
          const start = performance.now();
          live.setText(text.slice(0, early));
          const cost = performance.now() - start;
          let draws = 0;
          const changes = new MutationObserver(() => { draws += 1; });
          changes.observe(place, { subtree: true, childList: true, characterData: true });
          for (let at = early; at < text.length; at += 64) {
            live.append(text.slice(at, at + 64));
            await new Promise((resolve) => setTimeout(resolve, 25));
          }
          const span = performance.now() - start - cost;
          live.finish();
          return [cost, draws, span];
        }""",
        text,
    )
    print(f"\n{draws} draws of {cost:.0f} ms in {span:.0f} ms")
    assert cost < 2000  # "did not hang", no figure
    assert tab.page.evaluate("document.getElementById('live').children.length") == 1
    assert tab.complaints == []
