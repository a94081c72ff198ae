"""What is drawn richly has bounds: just under one it is, just over it is plain text, live and from history alike."""

import re

import pytest

from chatsite.settings import BASE_DIR
from conversations.rendering import MAX_MARKDOWN, render

from .test_markdown import ALL_DRAWN, Tab, address, drawing, tab

__all__ = ["address", "drawing", "tab"]


def fenced(language: str, length: int) -> str:
    """Return code of `length` characters that has something to colour at both its ends."""
    filling = "x;\n" * length
    return f"```{language}\nreturn 1;" + filling[: length - 20] + "\nreturn 1;\n```\n\n"


def displayed(source: str) -> str:
    return f"$$\n{source}\n$$\n\n"


def _draw_both(tab: Tab, text: str) -> None:
    tab.write(text, 5000)
    tab.show(render(text))


def test_code_is_coloured_to_its_bound_and_in_known_languages_only(tab: Tab) -> None:
    cases = [("js", 20_481), ("ini", 4097), ("nosuch", 40), ("", 40), ("constructor", 40), ("js", 20_480)]
    _draw_both(tab, "".join(fenced(*case) for case in cases))
    for place in ("live", "stored"):
        codes = tab.page.locator(f"#{place} pre.code")
        codes.last.locator(".hljs-keyword").first.wait_for()
        lengths = [len(text) for text in codes.locator("code").all_text_contents()]
        assert lengths == [length for _, length in cases]
        coloured = codes.evaluate_all(
            "(all) => all.map((one) => one.querySelector('[class^=hljs]') !== null)"
        )
        assert coloured == [False, False, False, False, False, True]
    assert tab.complaints == []


# What grammars need the square of its length for: a line of one kind, and words with nothing but blanks between them.
BOMBS = ["_" * 1001, '"' * 1001, "a b " * 251, "\n".join(["function a"] * 60)]
# As long as it may be.
ALLOWED = ["x;" * 500, "\n".join(["function a;"] * 250), ("a " * 250)[:-1] + ";" + "a " * 200]
# Something to colour in every language.
COLOURFUL = """
let a = 1
FROM a
SELECT 1; -- c
key: "v"
[a]
# heading
+ added
if (x) return "y" + 'z' + 1; // c
/* c */ .a { color: red; }
<a b="c">d</a>
\\d{e} % c
$v = @w;
a = 1
**f**
"""


def languages() -> list[str]:
    """Return the languages that have colours."""
    source = (BASE_DIR / "static/js/markdown/highlight.js").read_text(encoding="utf-8")
    return re.findall(r"^  (\w+): \(\) => import", source, re.MULTILINE)


def test_what_a_grammar_would_take_long_for_stays_plain_in_every_language(tab: Tab) -> None:
    names = languages()
    assert len(names) > 30
    cases = [(name, start) for name in names for start in ("", *BOMBS, *ALLOWED)]
    # Rendered one by one: no answer may be so long.
    tab.show("".join(render(f"```{name}\n{start}{COLOURFUL}```") for name, start in cases))
    tab.page.wait_for_function(
        "(count) => document.querySelectorAll('#stored pre.code:has([class^=hljs])').length >= count",
        arg=len(names) * (1 + len(ALLOWED)),
    )
    coloured = tab.page.locator("#stored pre.code").evaluate_all(
        "(all) => all.map((one) => one.querySelector('[class^=hljs]') !== null)"
    )
    wrong = [case for case, found in zip(cases, coloured, strict=True) if found == (case[1] in BOMBS)]
    assert wrong == []
    assert tab.complaints == []


def test_code_that_is_nested_deeper_than_anybody_writes_stays_plain(tab: Tab) -> None:
    # A terminal's text is drawn with the grammar of bash, where that is there.
    tab.show(render("```bash\nif true; then ls; fi\n```"))
    tab.page.locator("#stored .hljs-keyword").first.wait_for()
    cases = [("js", "`${" * 40), ("js", "`${" * 20), ("shell", "${${${${\n" * 500), ("shell", "$ ls\n" * 80)]
    _draw_both(tab, "".join(f"```{language}\n{code}\n```\n\n" for language, code in cases))
    for place in ("live", "stored"):
        codes = tab.page.locator(f"#{place} pre.code")
        codes.last.locator("[class^=hljs]").first.wait_for()
        coloured = codes.evaluate_all(
            "(all) => all.map((one) => one.querySelector('[class^=hljs]') !== null)"
        )
        assert coloured == [False, True, False, True]
        assert codes.locator("code").all_text_contents() == [f"{code}\n" for _, code in cases]
    assert tab.complaints == []


def test_text_beyond_the_bound_is_plain(tab: Tab) -> None:
    line = "Some **bold** words and `code`.\n\n"
    text = line * (MAX_MARKDOWN // len(line) + 2)
    _draw_both(tab, text)
    for place in ("live", "stored"):
        bold = tab.page.locator(f"#{place} strong").count()
        assert bold == MAX_MARKDOWN // len(line)
        plain = tab.page.locator(f"#{place} > .plain:last-child")
        assert plain.text_content() == text[bold * len(line) :]
    assert tab.page.evaluate("live.isEqualNode(Object.assign(stored, { id: 'live' }))")
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


# Text comes each 25 ms for 10 s of a clock of our own, on which each draw takes `cost`: how many there are.
PACED = """async (cost) => {
  const names = performance.getEntriesByType("resource").map((entry) => entry.name);
  const { Pacer } = await import(names.find((url) => /\\/pacer\\./.test(url)));
  let [clock, draws, due] = [0, 0, null];
  performance.now = () => clock;
  window.setTimeout = (work, wait) => {
    due = { work, at: clock + wait };
    return 1;
  };
  window.clearTimeout = () => { due = null; };
  const pacer = new Pacer(() => { draws += 1; clock += cost; }, 40);
  for (let next = 0; next < 10_000; next += 25) {
    while (due && due.at <= next) {
      clock = Math.max(clock, due.at);
      due.work();
    }
    clock = Math.max(clock, next);
    pacer.soon();
  }
  return draws;
}"""


@pytest.mark.parametrize(
    ("cost", "draws"), [(0, 250), (8, 250), (10, 200), (100, 20), (1000, 2)], ids="{}".format
)
def test_a_draw_that_takes_long_is_followed_by_four_times_its_length_of_rest(
    tab: Tab, cost: int, draws: int
) -> None:
    assert tab.page.evaluate(PACED, cost) == draws


@pytest.mark.parametrize(
    "line", ["word **bold** `code` $x$ [a](https://b.example) 中文，", "*a [b `c ", "x" * 50]
)
def test_one_paragraph_as_long_as_an_answer_may_be_is_drawn_as_it_grows(tab: Tab, line: str) -> None:
    text = (line * (MAX_MARKDOWN // len(line) + 1))[:MAX_MARKDOWN]
    tab.page.evaluate(
        """async (text) => {
          const place = document.getElementById("live");
          const live = new markdown.LiveMarkdown(place);
          const early = text.length - 80 * 64;
          live.setText(text.slice(0, early));
          const drawn = new Promise((resolve) => {
            new MutationObserver(resolve).observe(place, { subtree: true, childList: true, characterData: true });
          });
          for (let at = early; at < text.length; at += 64) live.append(text.slice(at, at + 64));
          await drawn;
          live.finish();
        }""",
        text,
    )
    assert tab.page.evaluate("document.getElementById('live').children.length") == 1
    assert tab.complaints == []
